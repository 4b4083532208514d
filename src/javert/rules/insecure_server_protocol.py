"""Rule ``insecure-server-protocol``: a service here accepts a cleartext protocol."""

import msgspec

from javert.formats.addresses import is_loopback, is_unspecified
from javert.model.assessment import Outcome
from javert.model.attributes import ServerAttributes
from javert.model.draft import FindingDraft, RuleVerdict
from javert.model.rule_id import RuleId
from javert.model.telemetry import (
    Encryption,
    Endpoint,
    Evidence,
    Limitation,
    Listener,
    Process,
    ProtocolUse,
    Role,
    Transport,
)
from javert.model.view import Telemetry
from javert.rules.cleartext import protocol_of
from javert.rules.interface import Rule
from javert.rules.reach import Exposure, Reach, serves, watched
from javert.rules.who import find, summarize

_ID = RuleId.INSECURE_SERVER_PROTOCOL
_NAMED_LISTENERS = 20
_VERDICTS = {"snmpv1": "snmp-v1", "snmpv2c": "snmp-v2c"}


class _Served(msgspec.Struct):
    """What a service spoke in one protocol. ``uses`` are its cleartext flows, ``upgraded`` counts others."""

    listener: Listener | None
    endpoints: list[Endpoint]
    uses: list[ProtocolUse]
    upgraded: int = 0


def evaluate(telemetry: Telemetry) -> RuleVerdict:
    """Judge every service by the payload of connections that came in."""
    reach = Reach(telemetry)
    servers = [e for e in telemetry.endpoints if e.role is Role.SERVER and e.connections]
    served: dict[tuple[object, ...], _Served] = {}
    read = 0
    for endpoint in servers:
        read += any(use.evidence is Evidence.PAYLOAD and use.protocol != "unknown" for use in endpoint.uses)
        listener = _listener(endpoint, telemetry)
        for use in endpoint.uses:
            # A port number says nothing of what a service accepts.
            if use.evidence is Evidence.PAYLOAD:
                _add(served, endpoint, listener, use)
    findings = tuple(
        _finding(key, one, telemetry, reach) for key, one in sorted(served.items(), key=_order) if one.uses
    )
    silent = _not_judged(telemetry)
    return RuleVerdict(
        outcome=_outcome(telemetry, bool(findings), read, silent),
        findings=findings,
        exclusions=(_exclusion(silent),) if silent else (),
        coverage={
            "services_with_traffic": len(servers),
            "with_readable_payload": read,
            "listeners_not_judged": len(silent),
        },
    )


RULE = Rule(id=_ID, evaluate=evaluate)


def _outcome(telemetry: Telemetry, found: bool, read: int, silent: list[str]) -> Outcome:
    if found:
        return Outcome.FINDING
    if not watched(telemetry, _ID) or (silent and not read):
        return Outcome.NOT_AVAILABLE  # what nobody talked to may speak anything
    return Outcome.CLEAR


def _not_judged(telemetry: Telemetry) -> list[str]:
    """TCP listeners of which no payload told what they speak."""
    told = [
        endpoint
        for endpoint in telemetry.endpoints
        if endpoint.role is Role.SERVER and any(use.protocol != "unknown" for use in endpoint.uses)
    ]
    places = {
        f"[{one.address}]:{one.port}" if ":" in one.address else f"{one.address}:{one.port}"
        for one in telemetry.listeners
        if one.transport is Transport.TCP and not any(serves(one, endpoint) for endpoint in told)
    }
    return sorted(places)


def _exclusion(silent: list[str]) -> Limitation:
    named = ", ".join(silent[:_NAMED_LISTENERS]) + (", …" if len(silent) > _NAMED_LISTENERS else "")
    return Limitation(code="services-not-judged", rules=(_ID,), params={"count": str(len(silent)), "where": named})


def _order(item: tuple[tuple[object, ...], _Served]) -> tuple[str, ...]:
    return tuple(str(part) for part in item[0])


def _listener(endpoint: Endpoint, telemetry: Telemetry) -> Listener | None:
    """The listener the traffic came to: one bound to the very address before one bound to all."""
    fitting = [listener for listener in telemetry.listeners if serves(listener, endpoint)]
    return min(fitting, key=lambda one: (is_unspecified(one.address), not one.processes), default=None)


def _add(
    served: dict[tuple[object, ...], _Served], endpoint: Endpoint, listener: Listener | None, use: ProtocolUse
) -> None:
    address = listener.address if listener else endpoint.address
    address = "*" if is_unspecified(address) else address
    key = (endpoint.network_namespace, endpoint.transport.value, endpoint.port, address, use.protocol)
    one = served.setdefault(key, _Served(listener, [], []))
    if use.encryption is Encryption.UPGRADED:
        one.upgraded += use.flows
    elif protocol_of(endpoint, use) is not None:
        one.uses.append(use)
        one.endpoints.append(endpoint)


def _verdict(protocol: str, one: _Served) -> str:
    if protocol in _VERDICTS:
        return _VERDICTS[protocol]
    if all(use.redirect_only for use in one.uses):
        return "redirect-only"
    if one.upgraded or any(use.encryption is Encryption.OFFERED_NOT_USED for use in one.uses):
        return "tls-optional"
    return "cleartext-only"


def _process(one: _Served, telemetry: Telemetry) -> Process | None:
    holders = one.listener.processes if one.listener else ()
    keys = (*holders, *(endpoint.process for endpoint in one.endpoints))
    return next((process for key in keys if (process := find(telemetry, key))), None)


def _exposure(one: _Served, reach: Reach) -> Exposure:
    if one.listener is not None:
        return reach.exposure(one.listener)
    endpoint = one.endpoints[0]
    if is_loopback(endpoint.address):
        return Exposure.LOOPBACK
    return Exposure.CONTAINER if reach.place(endpoint.network_namespace) else Exposure.HOST


def _finding(key: tuple[object, ...], one: _Served, telemetry: Telemetry, reach: Reach) -> FindingDraft:
    namespace, transport, port, address, protocol = key
    assert isinstance(namespace, int)
    assert isinstance(port, int)
    process = _process(one, telemetry)
    exposure = _exposure(one, reach)
    verdict = _verdict(str(protocol), one)
    exposed = any(use.credentials_exposed for use in one.uses)
    bound = one.listener.address if one.listener else str(address)
    place = f"[{bound}]:{port}" if ":" in bound else f"{bound}:{port}"
    who = "captured" if telemetry.started.capture else "process" if process else "unknown"
    return FindingDraft(
        identity=(
            reach.place(namespace),
            str(transport),
            str(address),
            str(port),
            str(protocol),
            (process.exe or process.name) if process else "",
        ),
        text=f"{_ID.value}.{protocol}.{verdict}.{who}.{'exposed' if exposed else 'unproven'}",
        params={
            "where": f"{place}/udp" if transport == "udp" else place,
            "process": process.name if process else "?",
            "exe": (process.exe or process.name) if process else "?",
            "user": (process.user or str(process.uid)) if process else "?",
            "pid": str(process.key.pid) if process else "?",
            "connections": str(sum(endpoint.connections for endpoint in {e.id: e for e in one.endpoints}.values())),
        },
        attributes=ServerAttributes(
            protocol=str(protocol),
            transport=str(transport),
            address=bound,
            port=port,
            exposure=exposure.value,
            process=summarize(process) if process else None,
            verdict=verdict,
            evidence=("observed",),
            credentials_exposed=exposed,
            used_only_from_loopback=all(endpoint.peer_loopback for endpoint in one.endpoints),
        ),
        first_seen=min(use.first_seen for use in one.uses),
        last_seen=max(use.last_seen for use in one.uses),
    )
