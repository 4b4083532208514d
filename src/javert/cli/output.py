"""Writes reports where the operator wants them, and says with the exit code what is in them."""

import os
import shutil
import stat
import sys
from pathlib import Path

from javert.assessment.files import replace_file
from javert.cli.frame import DONE, FINDINGS
from javert.cli.standard_output import print_bytes
from javert.errors import JavertError, NothingAssessedError, UsageError
from javert.model.assessment import Assessment, Outcome
from javert.model.rule_id import Severity
from javert.report.interface import Page
from javert.report.registry import format_named


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


def write_report(assessment: Assessment, format_name: str, output: str | None) -> None:
    """Render the assessment and write it to ``output``, or to standard output.

    Raises:
        JavertError: it cannot be written.
        BrokenPipeError: nobody reads standard output any more.
    """
    report_format = format_named(format_name)
    if output is None:
        print_bytes(report_format.render(assessment, _standard_output()))
        return
    data = report_format.render(assessment, Page())
    path = Path(output)
    try:
        if _is_device(path):
            path.write_bytes(data)
        else:
            replace_file(path, data)
    except OSError as error:
        raise JavertError(f"cannot write the report to {output}: {error.strerror}") from None


def exit_code(assessment: Assessment, fail_on: Severity | None) -> int:
    """0, or 1 if a finding is at or above ``fail_on``.

    Raises:
        NothingAssessedError: no rule could say anything.
    """
    if not any(rule.outcome in (Outcome.FINDING, Outcome.CLEAR) for rule in assessment.rules):
        raise NothingAssessedError("nothing could be assessed; the exclusions in the report say why")
    if fail_on and any(finding.numeric_severity >= fail_on.number for finding in assessment.findings):
        return FINDINGS
    return DONE


def _standard_output() -> Page:
    on_terminal = sys.stdout.isatty()
    colour = on_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return Page(width=shutil.get_terminal_size().columns, colour=colour)


def _is_device(path: Path) -> bool:
    """Something that is written to rather than replaced, such as /dev/stderr or a named pipe."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)
