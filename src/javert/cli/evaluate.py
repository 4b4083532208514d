"""``javert evaluate``: the rules again, over recorded telemetry."""

from pathlib import Path

import click

from javert.assessment.run_directory import read_telemetry
from javert.catalogue.lookup import Language
from javert.cli.output import check_output, exit_code, write_report
from javert.cli.parameters import language_option, output_options, rule_option
from javert.model.rule_id import RuleId, Severity
from javert.rules.evaluation import evaluate


@click.command("evaluate")
@click.argument("run_dir", type=click.Path(path_type=Path))
@rule_option
@output_options
@language_option
def command(
    *,
    run_dir: Path,
    rules: tuple[RuleId, ...],
    format_name: str,
    output: str | None,
    fail_on: Severity | None,
    language: Language,
) -> int:
    """Apply the rules again to the telemetry of a recorded run.

    RUN_DIR is the directory of a run that ended, crashed or was killed; nothing in it is changed.
    """
    check_output(output)
    assessment = evaluate(read_telemetry(run_dir), language, rules=rules or None)
    write_report(assessment, format_name, output)
    return exit_code(assessment, fail_on)
