"""``javert assess``: watch this host and report."""

import sys
from pathlib import Path

import click

from javert.assessment.run import RunOptions, assess
from javert.assessment.system import UNPRIVILEGED, privileged
from javert.catalogue.lookup import Language
from javert.cli.output import check_output, exit_code, write_report
from javert.cli.parameters import duration as duration_value
from javert.cli.parameters import language_option, output_options, probe_options, rule_option
from javert.cli.progress import progress
from javert.errors import JavertError, NothingAssessedError, RunDirectoryError
from javert.model.rule_id import RuleId, Severity
from javert.sensors.interface import ProbeChoice


@click.command("assess")
@click.option(
    "--duration",
    type=duration_value,
    metavar="DURATION",
    default="1h",
    show_default=True,
    help="How long to watch: 90s, 15m, 1h30m.",
)
@rule_option
@click.option(
    "--scan",
    "scan_roots",
    type=click.Path(exists=True, resolve_path=True),
    multiple=True,
    metavar="PATH",
    help="Scan only this for software without DEP; can be repeated. Without it: every local file system.",
)
@click.option(
    "--skip",
    "scan_skip",
    type=click.Path(resolve_path=True),
    multiple=True,
    metavar="PATH",
    help="Leave this out of the scan; can be repeated.",
)
@click.option(
    "--one-file-system",
    is_flag=True,
    help="Scan no other file systems than those of / or of the paths to scan.",
)
@probe_options
@click.option(
    "--run-dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Keep the run there, in a new or empty directory. Without it: in /var/lib/javert/runs.",
)
@output_options
@language_option
def command(
    *,
    duration: float,
    rules: tuple[RuleId, ...],
    scan_roots: tuple[str, ...],
    scan_skip: tuple[str, ...],
    one_file_system: bool,
    no_probe: bool,
    probe_ports: tuple[frozenset[int], ...],
    spared_ports: tuple[frozenset[int], ...],
    run_dir: Path | None,
    format_name: str,
    output: str | None,
    fail_on: Severity | None,
    language: Language,
) -> int:
    """Watch this host for a while and report where its behaviour is insecure.

    Ctrl-C ends the watch early and evaluates what was seen; a second one ends at once. What is seen is recorded
    as it comes, so after a crash "javert evaluate" still gives the findings. Services that listen here are asked,
    once and without logging in, whether they accept sessions in the clear.
    """
    check_output(output)
    if not privileged():
        sys.stderr.write(f"javert: {UNPRIVILEGED}\n")
    options = RunOptions(
        rules=tuple(rule for rule in RuleId if rule in rules) if rules else tuple(RuleId),
        duration_s=duration,
        language=language,
        scan_roots=scan_roots,
        scan_skip=scan_skip,
        one_file_system=one_file_system,
        probes=None
        if no_probe
        else ProbeChoice(only=frozenset().union(*probe_ports), spared=frozenset().union(*spared_ports)),
        run_directory=run_dir.absolute() if run_dir else None,
    )
    with progress(duration) as observer:
        run = assess(options, observer)
    try:
        write_report(run.assessment, format_name, output)
    except JavertError as error:
        raise RunDirectoryError(f"{error}; the result is kept: javert report {run.directory}") from None
    if run.failure:
        raise RunDirectoryError(
            f"the run ended early or is not stored whole: writing to {run.directory} failed "
            f"({run.failure.strerror}); the report holds all that was seen"
        )
    try:
        return exit_code(run.assessment, fail_on)
    except NothingAssessedError as error:
        raise NothingAssessedError(f"{error} (run directory {run.directory})") from None
