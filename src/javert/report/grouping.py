"""Puts together findings with one cause, so that fifty files of one package read as one thing to do."""

from collections.abc import Callable, Hashable

import msgspec

from javert.catalogue.lookup import Language
from javert.catalogue.wording import printable
from javert.model.assessment import Finding
from javert.model.attributes import (
    ClientAttributes,
    DepAttributes,
    RootModuleAttributes,
    ServerAttributes,
    UnusedPortAttributes,
    Way,
)
from javert.model.rule_id import RuleId
from javert.report.facts import endpoint
from javert.report.words import Words

SMALLEST_GROUP = 3
"""Fewer findings than this read better one by one."""
_SHOWN_MACHINES = 40
"""A capture may hold thousands; all of them stand in the JSON report."""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Findings of one rule with one cause.

    Attributes:
        title: says what they have in common.
        members: one line for each finding, in the order of ``findings``; of a capture's many machines the first
            ones, and how many more there are.
        ways: (root modules) what they have in common that can be changed.
    """

    title: str
    findings: tuple[Finding, ...]
    members: tuple[str, ...]
    ways: tuple[Way, ...] = ()


def grouped(findings: tuple[Finding, ...], language: Language) -> list[Finding | Group]:
    """The findings in their order, those with one cause gathered where the first of them stands."""
    gathered: dict[Hashable, list[Finding]] = {}
    for finding in findings:
        gathered.setdefault(_cause(finding), []).append(finding)
    answer: list[Finding | Group] = []
    for members in gathered.values():
        if len(members) < SMALLEST_GROUP:
            answer.extend(members)
        else:
            answer.append(_GROUPERS[members[0].rule_id](tuple(members), Words(language)))
    return answer


def _cause(finding: Finding) -> Hashable:
    """Equal for findings with one cause; the finding's own fingerprint if it stands alone."""
    match finding.rule_id:
        case RuleId.SOFTWARE_WITHOUT_DEP:
            dep = msgspec.convert(finding.attributes, DepAttributes)
            return finding.rule_id, dep.origin, dep.image, dep.container, dep.package or _directory(dep.path)
        case RuleId.ROOT_PROCESS_INSECURE_PERMISSIONS:
            module = msgspec.convert(finding.attributes, RootModuleAttributes)
            shared = _ways_beside_the_file(module)
            only_these = len(shared) == len(module.ways) and shared
            return (finding.rule_id, module.container, *shared) if only_these else finding.fingerprint
        case RuleId.UNUSED_LISTENING_TCP_PORT:
            port = msgspec.convert(finding.attributes, UnusedPortAttributes)
            process = port.process
            if process is None:
                return finding.fingerprint
            return (finding.rule_id, process.exe or process.name, process.user, process.container)
        case RuleId.INSECURE_SERVER_PROTOCOL:
            server = msgspec.convert(finding.attributes, ServerAttributes)
            if server.process is not None:
                return finding.fingerprint
            return (finding.rule_id, server.protocol, server.transport, server.verdict, server.credentials_exposed)
        case _:
            client = msgspec.convert(finding.attributes, ClientAttributes)
            if not client.client:
                return finding.fingerprint
            return (finding.rule_id, client.protocol, client.encryption, client.credentials_exposed)


def _directory(path: str) -> str:
    return path.rpartition("/")[0] or "/"


def _ways_beside_the_file(module: RootModuleAttributes) -> tuple[Way, ...]:
    return tuple(way for way in module.ways if way.path != module.path)


def _dep_group(findings: tuple[Finding, ...], words: Words) -> Group:
    files = [msgspec.convert(finding.attributes, DepAttributes) for finding in findings]
    package = printable(files[0].package)
    if package:
        title = words.phrase("group.dep", count=len(files), package=package)
    else:
        title = words.phrase(
            "group.dep.unpackaged", count=len(files), directory=printable(_directory(files[0].path))
        )
    return Group(
        title=title,
        findings=findings,
        members=tuple(_dep_member(file, words) for file in files),
    )


def _dep_member(file: DepAttributes, words: Words) -> str:
    line = f"{printable(file.path)} ({', '.join(words.value(reason) for reason in file.reasons)})"
    if file.running_pids:
        line += ", " + words.phrase("runs_as", pids=", ".join(map(str, file.running_pids)))
    return line


def _root_group(findings: tuple[Finding, ...], words: Words) -> Group:
    modules = [msgspec.convert(finding.attributes, RootModuleAttributes) for finding in findings]
    ways = modules[0].ways
    return Group(
        title=words.phrase("group.root", count=len(modules), path=printable(ways[0].path)),
        findings=findings,
        members=tuple(
            f"{printable(module.path)} ({', '.join(sorted({printable(user.name) for user in module.processes}))})"
            for module in modules
        ),
        ways=ways,
    )


def _port_group(findings: tuple[Finding, ...], words: Words) -> Group:
    ports = [msgspec.convert(finding.attributes, UnusedPortAttributes) for finding in findings]
    process = ports[0].process
    return Group(
        title=words.phrase("group.ports", count=len(ports), process=printable(process.name) if process else "?"),
        findings=findings,
        members=tuple(
            f"{endpoint(port.address, port.port)} tcp ({words.value(port.exposure, 'exposure-')})" for port in ports
        ),
    )


def _client_group(findings: tuple[Finding, ...], words: Words) -> Group:
    clients = [msgspec.convert(finding.attributes, ClientAttributes) for finding in findings]
    return Group(
        title=words.phrase("group.clients", count=len(clients), protocol=printable(clients[0].protocol)),
        findings=findings,
        members=_machines([_client_member(client) for client in clients], words),
    )


def _client_member(client: ClientAttributes) -> str:
    services = [endpoint(remote.address, remote.port) for remote in client.remotes[:3]]
    more = client.remote_count - len(services)
    return f"{printable(client.client or '')} -> {', '.join(services)}" + (f" (+{more})" if more > 0 else "")


def _server_group(findings: tuple[Finding, ...], words: Words) -> Group:
    servers = [msgspec.convert(finding.attributes, ServerAttributes) for finding in findings]
    return Group(
        title=words.phrase("group.servers", count=len(servers), protocol=printable(servers[0].protocol)),
        findings=findings,
        members=_machines(
            [f"{endpoint(server.address, server.port)} {printable(server.transport)}" for server in servers], words
        ),
    )


def _machines(lines: list[str], words: Words) -> tuple[str, ...]:
    more = len(lines) - _SHOWN_MACHINES
    return (*lines[:_SHOWN_MACHINES], *((words.phrase("more_machines", count=more),) if more > 0 else ()))


_GROUPERS: dict[RuleId, Callable[[tuple[Finding, ...], Words], Group]] = {
    RuleId.SOFTWARE_WITHOUT_DEP: _dep_group,
    RuleId.ROOT_PROCESS_INSECURE_PERMISSIONS: _root_group,
    RuleId.UNUSED_LISTENING_TCP_PORT: _port_group,
    RuleId.INSECURE_CLIENT_LOGIN: _client_group,
    RuleId.INSECURE_CLIENT_GENERAL: _client_group,
    RuleId.INSECURE_SERVER_PROTOCOL: _server_group,
}
