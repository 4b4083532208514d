"""The facts of a finding in short lines, from its attributes: which process, port or file, by which way."""

import msgspec

from javert.catalogue.lookup import Language
from javert.catalogue.wording import duration, printable, size
from javert.model.assessment import Finding
from javert.model.attributes import (
    ClientAttributes,
    DepAttributes,
    ProcessSummary,
    RemoteService,
    RootModuleAttributes,
    ServerAttributes,
    UnusedPortAttributes,
    Way,
)
from javert.model.codec import ATTRIBUTES
from javert.report.words import Words


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """A label and one or more lines; nothing in them can act on a terminal.

    Attributes:
        command: the lines are to be copied into a shell, so none may be broken.
    """

    label: str
    lines: tuple[str, ...]
    command: bool = False


def facts(finding: Finding, language: Language) -> tuple[Fact, ...]:
    """What an operator needs besides the words, most wanted first; what is not known is left out."""
    attributes = msgspec.convert(finding.attributes, ATTRIBUTES[finding.rule_id])
    words = Words(language)
    match attributes:
        case ClientAttributes():
            pairs = _client(attributes, words)
        case UnusedPortAttributes():
            pairs = _unused_port(attributes, words)
        case ServerAttributes():
            pairs = _server(attributes, words)
        case DepAttributes():
            pairs = _dep(attributes, words)
        case RootModuleAttributes():
            pairs = _root_module(attributes, words)
        case _:
            pairs = []
    return tuple(
        Fact(label=words.label(name), lines=tuple(lines), command=name == "fix")
        for name, lines in pairs
        if any(lines)
    )


_Pairs = list[tuple[str, list[str]]]


def _client(attributes: ClientAttributes, words: Words) -> _Pairs:
    shown = [_remote(remote, words) for remote in attributes.remotes]
    if attributes.remote_count > len(shown):
        shown.append(words.phrase("more_remotes", count=attributes.remote_count - len(shown)))
    return [
        ("protocol", [_protocol(attributes.protocol, attributes.encryption, words)]),
        ("credentials", [words.value("credentials-exposed")] if attributes.credentials_exposed else []),
        ("client", [printable(attributes.client)] if attributes.client else []),
        ("process", [] if attributes.client else _holder(attributes.process, words)),
        ("remotes", shown),
        ("evidence", [words.value(attributes.evidence, "evidence-")]),
    ]


def _remote(remote: RemoteService, words: Words) -> str:
    line = words.phrase(
        "remote",
        endpoint=endpoint(remote.address, remote.port),
        connections=remote.connections,
        sent=size(remote.bytes_out),
        received=size(remote.bytes_in),
    )
    return line + (f" ({words.value('same-host')})" if remote.same_host else "")


def _unused_port(attributes: UnusedPortAttributes, words: Words) -> _Pairs:
    listening = words.phrase(
        "listening",
        listening=duration(attributes.listening_s, words.language),
        window=duration(attributes.window_s, words.language),
    )
    silent = words.phrase(
        "silent",
        runs=attributes.silent_runs,
        since=attributes.silent_since[:10],
        watched=duration(attributes.silent_s, words.language),
    )
    return [
        ("port", [f"{endpoint(attributes.address, attributes.port)} tcp"]),
        ("reachable", [words.value(attributes.exposure, "exposure-")]),
        ("process", _holder(attributes.process, words)),
        ("unit", [printable(attributes.unit)]),
        ("starts", [printable(attributes.starts)]),
        ("listening", [listening]),
        ("silent", [silent] if attributes.silent_runs > 1 else []),
    ]


def _server(attributes: ServerAttributes, words: Words) -> _Pairs:
    reachable = words.value(attributes.exposure, "exposure-")
    if attributes.used_only_from_loopback:
        reachable += f" ({words.value('used-only-from-loopback')})"
    return [
        ("port", [f"{endpoint(attributes.address, attributes.port)} {printable(attributes.transport)}"]),
        ("protocol", [f"{printable(attributes.protocol)} ({words.value(attributes.verdict, 'verdict-')})"]),
        ("credentials", [words.value("credentials-exposed")] if attributes.credentials_exposed else []),
        ("authentication", [words.value("authentication-none")] if attributes.authentication == "none" else []),
        ("software", [printable(attributes.software)]),
        ("reachable", [reachable]),
        ("process", _holder(attributes.process, words)),
        ("starts", [printable(attributes.starts)]),
        ("evidence", [", ".join(words.value(item, "evidence-") for item in attributes.evidence)]),
    ]


def _dep(attributes: DepAttributes, words: Words) -> _Pairs:
    origin = words.value(attributes.origin)
    if attributes.package:
        origin = (
            f"{printable(attributes.package)} ({', '.join(filter(None, (printable(attributes.vendor), origin)))})"
        )
    machine = f", {printable(attributes.machine)} {attributes.bits} bit" if attributes.machine else ""
    return [
        ("file", [printable(attributes.path)]),
        ("kind", [words.value(attributes.kind) + machine]),
        ("reason", [words.value(reason) for reason in attributes.reasons]),
        ("package", [origin]),
        ("image", [printable(attributes.image)]),
        ("container", [printable(attributes.container)]),
        ("running", [", ".join(str(pid) for pid in attributes.running_pids)]),
        ("loader", [] if attributes.loadable_by_glibc else [words.value("not-loadable-by-glibc")]),
    ]


def _root_module(attributes: RootModuleAttributes, words: Words) -> _Pairs:
    processes = [line for process in attributes.processes for line in process_lines(process, words.language)]
    if attributes.process_count > len(attributes.processes):
        processes.append(words.phrase("more_processes", count=attributes.process_count - len(attributes.processes)))
    deleted = f" ({words.value('deleted')})" if attributes.deleted else ""
    return [
        ("file", [f"{printable(attributes.path)} ({words.value(attributes.kind)}){deleted}"]),
        ("ways", [way_line(way, words.language) for way in attributes.ways]),
        ("fix", [printable(fix) for fix in fixes(attributes.ways)]),
        ("process", processes),
        ("container", [printable(attributes.container)]),
    ]


def way_line(way: Way, language: Language) -> str:
    """One way to change a module: what can be changed, why, by whom."""
    words = Words(language)
    who = ", ".join(_principal(principal, words) for principal in way.principals)
    if way.programs:
        given = words.phrase("given_by", programs=", ".join(map(printable, way.programs)))
        who = f"{who}; {given}"
    return f"{printable(way.path)}: {words.value(way.reason, 'way-')} ({who})"


def fixes(ways: tuple[Way, ...]) -> tuple[str, ...]:
    """The commands that close the ways, each once."""
    return tuple(dict.fromkeys(way.fix for way in ways if way.fix))


def _principal(principal: str, words: Words) -> str:
    kind, _, name = principal.partition(":")
    return f"{words.value(kind, 'principal-')} {printable(name)}".strip()


def _protocol(protocol: str, encryption: str, words: Words) -> str:
    return f"{printable(protocol)} ({words.value(encryption, 'encryption-')})"


def _holder(process: ProcessSummary | None, words: Words) -> list[str]:
    known = process is not None and (process.pid or process.name)
    return process_lines(process, words.language) if process and known else [words.value("process-unknown")]


def process_lines(process: ProcessSummary, language: Language) -> list[str]:
    """A process in one line, and its command line in a second if one is known."""
    words = Words(language)
    user = printable(process.user) or (str(process.uid) if process.uid >= 0 else "?")
    line = f"{printable(process.name)} (pid {process.pid}, {words.phrase('user', user=user)})"
    if process.exe:
        line += f" {printable(process.exe)}"
    for name, value in (("unit", process.unit), ("container", process.container), ("parent", process.parent)):
        if value:
            line += f", {words.phrase(f'process_{name}', name=printable(value))}"
    return [line] + ([f"  {printable(process.cmdline_redacted)}"] if process.cmdline_redacted else [])


def endpoint(address: str, port: int) -> str:
    """Address and port as one word, IPv6 in brackets (RFC 3986, section 3.2.2)."""
    return f"[{printable(address)}]:{port}" if ":" in address else f"{printable(address)}:{port}"
