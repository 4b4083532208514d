"""What arguments and options take: durations, rules, severities, languages, formats."""

import difflib
import os
import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from javert.catalogue.lookup import Language
from javert.model.rule_id import RuleId, Severity

_DURATION = re.compile(r"(?:(\d{1,6})h)?(?:(\d{1,7})m)?(?:(\d{1,8})s)?", re.ASCII)
_LONGEST_S = 366 * 86400
_PORTS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?", re.ASCII)
_LAST_PORT = 65535

Command = TypeVar("Command", bound=Callable[..., Any])


def duration(value: str) -> float:
    """Seconds of a duration such as 90s, 15m, 1h or 1h30m; between one second and a year."""
    match = _DURATION.fullmatch(value.strip().lower())
    if not match or not any(match.groups()):
        raise click.BadParameter(f"{value!r} is not a duration; write 90s, 15m, 1h or 1h30m")
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    total = hours * 3600 + minutes * 60 + seconds
    if not 1 <= total <= _LONGEST_S:
        raise click.BadParameter(f"{value!r} is not between 1s and {_LONGEST_S // 3600}h")
    return float(total)


def ports(value: str) -> frozenset[int]:
    """The ports of a list such as 8080 or 9100-9107,5000."""
    found: set[int] = set()
    for part in value.split(","):
        match = _PORTS.fullmatch(part.strip())
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 1 <= first <= last <= _LAST_PORT:
            raise click.BadParameter(f"{part.strip()!r} is not a port or a range of them; write 8080 or 9100-9107")
        found.update(range(first, last + 1))
    return frozenset(found)


def rule(value: str) -> RuleId:
    """The rule of that id; suggests the nearest if there is none."""
    try:
        return RuleId(value)
    except ValueError:
        near = difflib.get_close_matches(value, list(RuleId), n=1)
        hint = f"did you mean {near[0]}?" if near else "javert rules lists them"
        raise click.BadParameter(f"there is no rule {value!r}; {hint}") from None


def severity(value: str) -> Severity:
    """The severity of that name, in any case."""
    by_name = {known.value.lower(): known for known in Severity}
    if value.lower() not in by_name:
        raise click.BadParameter(f"there is no severity {value!r}; there are {', '.join(by_name)}")
    return by_name[value.lower()]


def language_of_locale() -> str:
    """The language of the locale, POSIX order: LC_ALL, LC_MESSAGES, LANG; English unless it is Japanese."""
    locale = next(filter(None, (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    return Language.JAPANESE.value if locale.split("_")[0].split(".")[0] == "ja" else Language.ENGLISH.value


def language_option(command: Command) -> Command:
    """Adds ``--lang``."""
    return click.option(
        "--lang",
        "language",
        type=click.Choice([language.value for language in Language]),
        default=language_of_locale,
        show_default="from the locale",
        callback=lambda _ctx, _param, value: Language(value),
        help="Language of findings and of the report.",
    )(command)


def probe_options(command: Command) -> Command:
    """Adds ``--no-probe``, ``--probe-port`` and ``--no-probe-port``."""
    without = click.option(
        "--no-probe",
        is_flag=True,
        help="Ask no service what it accepts; then only those that clients talk to are judged.",
    )
    only = click.option(
        "--probe-port",
        "probe_ports",
        type=ports,
        multiple=True,
        metavar="PORTS",
        help="Ask only services at these ports: 8080 or 20-25,8080; can be repeated.",
    )
    spared = click.option(
        "--no-probe-port",
        "spared_ports",
        type=ports,
        multiple=True,
        metavar="PORTS",
        help="Ask no service at these ports; can be repeated. 9100-9107 (printers) are never asked.",
    )
    return without(only(spared(command)))


def output_options(command: Command) -> Command:
    """Adds ``--format``, ``--output`` and ``--fail-on``."""
    from javert.report.registry import FORMATS  # noqa: PLC0415 - the commands without reports do without

    with_format = click.option(
        "--format",
        "format_name",
        type=click.Choice([report_format.name for report_format in FORMATS]),
        default=FORMATS[0].name,
        show_default=True,
        help="Format of the report.",
    )
    with_output = click.option(
        "--output",
        type=click.Path(dir_okay=False, allow_dash=True),
        metavar="FILE",
        callback=lambda _ctx, _param, value: None if value == "-" else value,
        help="Write the report there instead of to standard output; the file is replaced in one step.",
    )
    with_threshold = click.option(
        "--fail-on",
        type=severity,
        metavar="SEVERITY",
        help="Exit with 1 if a finding is at or above it: high, medium, low or informational.",
    )
    return with_format(with_output(with_threshold(command)))


def rule_option(command: Command) -> Command:
    """Adds ``--rule``, which can be repeated."""
    return click.option(
        "--rule",
        "rules",
        type=rule,
        multiple=True,
        metavar="ID",
        help="Only this rule; can be given more than once (javert rules lists them).",
    )(command)
