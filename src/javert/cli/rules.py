"""``javert rules``: the rules, explained."""

import shutil

import click

from javert.catalogue.lookup import Language, text
from javert.cli.parameters import language_option
from javert.cli.parameters import rule as rule_id
from javert.cli.standard_output import print_bytes
from javert.model.rule_id import RuleId
from javert.report.layout import cells, padded, wrap
from javert.report.words import Words

_SECTIONS = ("why", "how", "evidence", "fix", "limits")


@click.command("rules")
@click.argument("rule", type=rule_id, required=False, metavar="[ID]")
@language_option
def command(*, rule: RuleId | None, language: Language) -> None:
    """List the rules, or explain one."""
    width = min(shutil.get_terminal_size().columns, 100)
    lines = _list(language, width) if rule is None else _explanation(rule, language, width)
    print_bytes(("\n".join(lines) + "\n").encode())


def _list(language: Language, width: int) -> list[str]:
    words = Words(language)
    lines: list[str] = []
    widest = max(cells(rule.value) for rule in RuleId)
    for rule in RuleId:
        severity = words.value(rule.severity.value, "severity-")
        lines.append(f"{padded(rule.value, widest)}  {severity} {rule.severity.number}  {', '.join(rule.systems)}")
        lines.extend(f"    {line}" for line in wrap(_part(rule, "summary", language), width - 4))
    return lines


def _explanation(rule: RuleId, language: Language, width: int) -> list[str]:
    words = Words(language)
    severity = words.value(rule.severity.value, "severity-")
    lines = [
        _part(rule, "name", language),
        f"{rule.value} · {severity} {rule.severity.number} · {', '.join(rule.systems)}",
    ]
    lines += ["", *wrap(_part(rule, "summary", language), width)]
    for section in _SECTIONS:
        lines += ["", words.phrase(f"rule_section.{section}")]
        lines += [f"  {line}" for line in wrap(_part(rule, section, language), width - 2)]
    return lines


def _part(rule: RuleId, part: str, language: Language) -> str:
    return text(f"rule.{rule.value}.{part}", language)
