"""``javert diff``: what changed between two results."""

from pathlib import Path

import click

from javert.assessment.run_directory import read_result
from javert.catalogue.lookup import Language
from javert.cli.frame import DONE, FINDINGS
from javert.cli.parameters import severity
from javert.cli.standard_output import print_bytes
from javert.model.rule_id import Severity
from javert.report.difference import compare, render


@click.command("diff")
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option(
    "--fail-on", type=severity, metavar="SEVERITY", help="Exit with 1 if a new finding is at or above it."
)
def command(*, old: Path, new: Path, fail_on: Severity | None) -> int:
    """Compare two results: new, fixed and unchanged findings.

    OLD and NEW are reports in JSON or directories of runs. A finding of OLD counts as fixed only if NEW judged its
    rule; otherwise it is listed as not judged again.
    """
    newer = read_result(new)
    difference = compare(read_result(old), newer)
    print_bytes(render(difference, Language(newer.language)).encode())
    if fail_on and any(finding.numeric_severity >= fail_on.number for finding in difference.new):
        return FINDINGS
    return DONE
