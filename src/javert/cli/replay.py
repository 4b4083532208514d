"""``javert replay``: the traffic in a capture, judged."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO

import click

from javert.assessment.flow_spool import FlowSpool
from javert.assessment.replay import replay
from javert.catalogue.lookup import Language
from javert.catalogue.wording import printable
from javert.cli.output import check_output, exit_code, write_report
from javert.cli.parameters import language_option, output_options, rule_option
from javert.cli.progress import reading
from javert.errors import JavertError, ParseError
from javert.model.rule_id import TRAFFIC_RULES, RuleId, Severity

_STANDARD_INPUT = "-"


@click.command("replay")
@click.argument("capture", type=click.Path(allow_dash=True))
@rule_option
@output_options
@language_option
def command(
    *,
    capture: str,
    rules: tuple[RuleId, ...],
    format_name: str,
    output: str | None,
    fail_on: Severity | None,
    language: Language,
) -> int:
    """Judge the traffic in a capture.

    CAPTURE is a pcap or pcapng file, which may be compressed with gzip; - means standard input. Its flows are
    listed, and judged by the rules on clients and servers; the other rules need a host.
    """
    check_output(output)
    asked = _judgeable(rules)
    with FlowSpool() as flows, _no_search_for_cycles():
        with _opened(capture) as stream, reading(stream) as progress:
            try:
                replayed = replay(stream, _name(capture), flows, rules=asked, language=language, progress=progress)
            except ParseError as error:
                raise JavertError(f"cannot replay {capture}: {error}") from None
        if replayed.broken:
            sys.stderr.write(f"javert: {printable(capture)}: {replayed.broken}; what stands before was judged\n")
        write_report(replayed.assessment, format_name, output, flows)
        return exit_code(replayed.assessment, fail_on, flows)


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Nothing made of packets and flows refers to itself, so reference counts free all of it.

    Python's search for what they do not free looks at every open flow again and again: a twentieth of the time.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _judgeable(rules: tuple[RuleId, ...]) -> tuple[RuleId, ...]:
    for rule in rules:
        if rule not in TRAFFIC_RULES:
            raise click.BadParameter(
                f"{rule.value} needs a host; a capture can be judged by {', '.join(TRAFFIC_RULES)}",
                param_hint="'--rule'",
            )
    return tuple(rule for rule in RuleId if rule in rules) or tuple(RuleId)


def _name(capture: str) -> str:
    return "standard input" if capture == _STANDARD_INPUT else Path(capture).name


@contextmanager
def _opened(capture: str) -> Iterator[BinaryIO]:
    standard = capture == _STANDARD_INPUT
    if standard and (sys.stdin is None or sys.stdin.isatty()):
        raise click.UsageError("standard input is no capture; pipe one in, or name a file")
    try:
        with nullcontext(sys.stdin.buffer) if standard else Path(capture).open("rb") as stream:
            yield stream
    except OSError as error:
        raise JavertError(f"cannot read {capture}: {error.strerror}") from None
