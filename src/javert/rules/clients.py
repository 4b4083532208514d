"""Findings about clients: what ``insecure-client-login`` and ``insecure-client-general`` have in common."""

from collections.abc import Callable

import msgspec

from javert.model.assessment import Outcome
from javert.model.attributes import ClientAttributes, RemoteService
from javert.model.draft import FindingDraft, RuleVerdict
from javert.model.moment import timestamp
from javert.model.rule_id import RuleId
from javert.model.telemetry import Encryption, Endpoint, Evidence, Limitation, Process, ProtocolUse, Role
from javert.model.view import Telemetry
from javert.rules.cleartext import protocol_of
from javert.rules.reach import Distance, Reach, watched
from javert.rules.who import find, nobody_known, summarize

SHOWN_REMOTES = 20
_NAMED_REMOTES = 3
# What is worst for the operator comes first: where several were seen, the finding tells the first of them.
_ENCRYPTIONS = (Encryption.REFUSED, Encryption.OFFERED_NOT_USED, Encryption.NONE, Encryption.UNKNOWN)


class _Flow(msgspec.Struct, frozen=True):
    """Flows of one client to one service that spoke one protocol."""

    endpoint: Endpoint
    use: ProtocolUse
    distance: Distance
    process: Process | None


def judge(telemetry: Telemetry, rule: RuleId, concerns: Callable[[str, ProtocolUse], bool]) -> RuleVerdict:
    """The verdict of a client rule.

    Args:
        telemetry: of the run.
        rule: which of the two.
        concerns: whether a protocol, used like this, is this rule's.
    """
    reach = Reach(telemetry)
    groups: dict[tuple[str, ...], list[_Flow]] = {}
    prompted: dict[tuple[str, ...], list[_Flow]] = {}
    clients = remote = unread = 0
    for endpoint in telemetry.endpoints:
        if endpoint.role is not Role.CLIENT or not endpoint.connections:
            continue
        clients += 1
        distance = reach.distance(endpoint)
        if distance is Distance.LOCAL:
            continue
        remote += 1
        unread += not any(use.evidence is Evidence.PAYLOAD for use in endpoint.uses)
        process = find(telemetry, endpoint.process)
        for use in endpoint.uses:
            protocol = protocol_of(endpoint, use)
            if protocol is not None and concerns(protocol, use):
                identity = _identity(protocol, process, endpoint.client)
                flow = _Flow(endpoint, use, distance, process)
                (prompted if endpoint.prompted else groups).setdefault(identity, []).append(flow)
    findings = tuple(_finding(rule, identity, flows) for identity, flows in sorted(groups.items()))
    return RuleVerdict(
        outcome=_outcome(telemetry, rule, bool(findings)),
        findings=findings,
        exclusions=tuple(
            _left_out(rule, flows) for identity, flows in sorted(prompted.items()) if identity not in groups
        ),
        coverage={"clients": clients, "clients_of_remote_services": remote, "without_readable_payload": unread},
    )


def _left_out(rule: RuleId, flows: list[_Flow]) -> Limitation:
    """Sessions of a service only while Javert asked it: they may be its reaction, and no doing of its own."""
    process = next((flow.process for flow in flows if flow.process), None)
    return Limitation(
        code="client-traffic-prompted",
        rules=(rule,),
        scope=(process.exe or process.name) if process else "",
        params={"remotes": _named(_remotes(flows))},
    )


def _outcome(telemetry: Telemetry, rule: RuleId, found: bool) -> Outcome:
    if found:
        return Outcome.FINDING
    return Outcome.CLEAR if watched(telemetry, rule) else Outcome.NOT_AVAILABLE


def _identity(protocol: str, process: Process | None, client: str) -> tuple[str, ...]:
    if client:
        return protocol, "", "", "", client
    if process is None:
        return protocol, "", "", ""
    return protocol, process.exe or process.name, process.user or str(process.uid), process.container


def _finding(rule: RuleId, identity: tuple[str, ...], flows: list[_Flow]) -> FindingDraft:
    protocol = identity[0]
    remotes = _remotes(flows)
    encryption = next((e for e in _ENCRYPTIONS if any(f.use.encryption is e for f in flows)), Encryption.UNKNOWN)
    by_payload = [flow for flow in flows if flow.use.evidence is Evidence.PAYLOAD]
    exposed = any(flow.use.credentials_exposed for flow in flows)
    process = next((flow.process for flow in flows if flow.process), None)
    summary = summarize(process) if process else nobody_known()
    seen = "port" if not by_payload else encryption.value
    client = flows[0].endpoint.client
    who = ("captured",) if client else () if process else ("gone",)
    return FindingDraft(
        identity=identity,
        text=".".join((rule.value, protocol, seen, "exposed" if exposed else "unproven", *who)),
        params={
            "client": client,
            "process": summary.name or protocol,
            "exe": summary.exe or summary.name or "?",
            "user": summary.user or (str(summary.uid) if summary.uid >= 0 else "?"),
            "pid": str(summary.pid),
            "remotes": _named(remotes),
        },
        attributes=ClientAttributes(
            protocol=protocol,
            process=summary,
            remotes=remotes[:SHOWN_REMOTES],
            remote_count=len(remotes),
            evidence=(Evidence.PAYLOAD if by_payload else Evidence.PORT).value,
            encryption=encryption.value,
            credentials_exposed=exposed,
            client=client or msgspec.UNSET,
        ),
        first_seen=min(flow.use.first_seen or flow.endpoint.first_seen for flow in flows),
        last_seen=max(flow.use.last_seen or flow.endpoint.last_seen for flow in flows),
    )


def _remotes(flows: list[_Flow]) -> tuple[RemoteService, ...]:
    """The services the flows went to, the busiest first."""
    services: dict[tuple[str, int], RemoteService] = {}
    counted: set[int] = set()
    for flow in flows:
        endpoint, key = flow.endpoint, (flow.endpoint.address, flow.endpoint.port)
        # All of an endpoint's traffic is this protocol's if nothing else was seen there; else only what was read.
        alone = len({(use.protocol, use.encryption.cleartext) for use in endpoint.uses}) == 1
        connections = endpoint.connections if alone else flow.use.flows
        again = endpoint.id in counted
        counted.add(endpoint.id)
        known = services.get(key)
        first, last = timestamp(endpoint.first_seen), timestamp(endpoint.last_seen)
        services[key] = RemoteService(
            address=endpoint.address,
            port=endpoint.port,
            connections=(known.connections if known else 0) + (0 if again and alone else connections),
            bytes_out=(known.bytes_out if known else 0) + (0 if again else endpoint.bytes_out),
            bytes_in=(known.bytes_in if known else 0) + (0 if again else endpoint.bytes_in),
            first_seen=min(known.first_seen, first) if known else first,
            last_seen=max(known.last_seen, last) if known else last,
            same_host=flow.distance is Distance.SAME_HOST,
        )
    return tuple(
        sorted(services.values(), key=lambda s: (-s.connections, -(s.bytes_out + s.bytes_in), s.address, s.port))
    )


def _named(remotes: tuple[RemoteService, ...]) -> str:
    names = [f"[{r.address}]:{r.port}" if ":" in r.address else f"{r.address}:{r.port}" for r in remotes]
    more = len(names) - _NAMED_REMOTES
    return ", ".join(names[:_NAMED_REMOTES]) + (f" (+{more})" if more > 0 else "")
