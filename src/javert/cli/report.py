"""``javert report``: a stored result in another format."""

from pathlib import Path

import click

from javert.assessment.run_directory import read_result
from javert.cli.output import check_output, exit_code, write_report
from javert.cli.parameters import output_options
from javert.model.rule_id import Severity


@click.command("report")
@click.argument("result", type=click.Path(path_type=Path))
@output_options
def command(*, result: Path, format_name: str, output: str | None, fail_on: Severity | None) -> int:
    """Put a stored result into another format.

    RESULT is a report in JSON or the directory of a run. The report is in the language the result was made in; to
    have it in another, use "javert evaluate RUN_DIR --lang".
    """
    check_output(output)
    assessment = read_result(result)
    write_report(assessment, format_name, output)
    return exit_code(assessment, fail_on)
