"""Writes reports where the operator wants them, and says with the exit code what is in them."""

import os
import shutil
import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from javert.assessment.files import replace_file
from javert.cli.frame import DONE, FINDINGS
from javert.cli.standard_output import print_bytes
from javert.errors import JavertError, NothingAssessedError, UsageError
from javert.model.assessment import Assessment, Outcome
from javert.model.rule_id import Severity
from javert.report.interface import Flows, Page
from javert.report.registry import format_named

_CHUNK = 1 << 16


def check_output(output: str | None) -> None:
    """Find out before an hour's run that its report could not be written.

    Raises:
        UsageError: ``output`` cannot be a report.
    """
    if output is None:
        return
    path = Path(output)
    if path.is_dir():
        raise UsageError(f"--output {output} is a directory; name a file in it")
    if not path.parent.is_dir():
        raise UsageError(f"--output {output}: there is no directory {path.parent}")
    if not _is_device(path) and not os.access(path.parent, os.W_OK | os.X_OK):
        raise UsageError(f"--output {output}: the directory {path.parent} cannot be written to")


def write_report(assessment: Assessment, format_name: str, output: str | None, flows: Flows | None = None) -> None:
    """Render the assessment and write it to ``output``, or to standard output.

    Args:
        assessment: what to report.
        format_name: as ``--format`` takes it.
        output: a path; None means standard output.
        flows: those of a capture, where they are not in the assessment.

    Raises:
        JavertError: it cannot be written.
        BrokenPipeError: nobody reads standard output any more.
    """
    page = _standard_output() if output is None else Page()
    data = _in_chunks(_rendered(assessment, format_name, page, flows))
    if output is None:
        for chunk in data:
            print_bytes(chunk)
        return
    path = Path(output)
    try:
        if _is_device(path):
            with path.open("wb") as device:
                device.writelines(data)
        else:
            replace_file(path, data)
    except OSError as error:
        raise JavertError(f"cannot write the report to {output}: {error.strerror}") from None


def _rendered(assessment: Assessment, format_name: str, page: Page, flows: Flows | None) -> Iterable[bytes]:
    report_format = format_named(format_name)
    if flows is None or report_format.render_capture is None:
        return (report_format.render(assessment, page),)
    return report_format.render_capture(assessment, page, flows)


def _in_chunks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in fewer pieces: a flow is a short line, and there may be millions."""
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= _CHUNK:
            yield b"".join(held)
            held, size = [], 0
    yield b"".join(held)


def exit_code(assessment: Assessment, fail_on: Severity | None, flows: Flows | None = None) -> int:
    """0, or 1 if a finding is at or above ``fail_on``.

    Raises:
        NothingAssessedError: no rule could say anything, and there are no flows of a capture to tell of.
    """
    told = bool(flows or assessment.flows)
    if not told and not any(rule.outcome in (Outcome.FINDING, Outcome.CLEAR) for rule in assessment.rules):
        raise NothingAssessedError("nothing could be assessed; the exclusions in the report say why")
    if fail_on and any(finding.numeric_severity >= fail_on.number for finding in assessment.findings):
        return FINDINGS
    return DONE


def _standard_output() -> Page:
    on_terminal = sys.stdout.isatty()
    # A Windows console shows control sequences as they are, unless somebody has told it otherwise.
    able = on_terminal and sys.platform != "win32"
    colour = able and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return Page(width=shutil.get_terminal_size().columns, colour=colour)


def _is_device(path: Path) -> bool:
    """Something that is written to rather than replaced, such as /dev/stderr or a named pipe."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)
