"""Rule ``unused-listening-tcp-port``: a TCP port was listened on, and no traffic came to it."""

import msgspec

from javert.formats.addresses import is_unspecified
from javert.model.assessment import Outcome
from javert.model.attributes import UnusedPortAttributes
from javert.model.draft import FindingDraft, RuleVerdict
from javert.model.rule_id import RuleId
from javert.model.telemetry import Endpoint, Limitation, Listener, Role, Transport
from javert.model.view import Telemetry
from javert.rules.interface import Rule
from javert.rules.reach import Reach, serves, watched
from javert.rules.who import find, summarize

MINIMUM_S = 60.0
MINIMUM_SHARE = 0.1
"""A listener there for less than 60 s, or for less than a tenth of the run, is not judged."""

_ID = RuleId.UNUSED_LISTENING_TCP_PORT
_UNCOUNTED = frozenset({"connections-polled", "listeners-not-counted"})
"""With one of these limitations, that nothing was counted does not mean that nothing came."""


class _Service(msgspec.Struct, frozen=True):
    """What one program listens on at one port: a listener, or two for every IPv4 and every IPv6 address."""

    listeners: tuple[Listener, ...]

    @property
    def first(self) -> Listener:
        return self.listeners[0]

    @property
    def family(self) -> str:
        families = {"ipv6" if ":" in listener.address else "ipv4" for listener in self.listeners}
        if len(families) > 1 or any(listener.dual_stack for listener in self.listeners):
            return "dual"
        return families.pop()


def evaluate(telemetry: Telemetry) -> RuleVerdict:
    """Judge every TCP listener of the run by what the kernel counted."""
    reach = Reach(telemetry)
    traffic = [e for e in telemetry.endpoints if e.role is Role.SERVER and (e.connections or e.bytes_in)]
    used = young = 0
    unused: list[_Service] = []
    exclusions: list[Limitation] = []
    services = _services(telemetry)
    for service in services:
        if any(_used(listener, traffic) for listener in service.listeners):
            used += 1
        elif not _long_enough(service, telemetry):
            young += 1
            exclusions.append(_too_young(service, telemetry))
        else:
            unused.append(service)
    counted = not any(limit.code in _UNCOUNTED for limit in telemetry.limitations)
    if unused and not counted:
        exclusions.append(_unprovable(unused))
    findings = tuple(_finding(service, telemetry, reach) for service in unused) if counted else ()
    return RuleVerdict(
        outcome=_outcome(telemetry, findings, counted),
        findings=findings,
        exclusions=tuple(exclusions),
        coverage={"listeners": len(services), "used": used, "unused": len(unused), "not_judged": young},
    )


RULE = Rule(id=_ID, evaluate=evaluate)


def _services(telemetry: Telemetry) -> list[_Service]:
    """TCP listeners; one program on 0.0.0.0 and [::] is one service, and so is a listener that was reopened."""
    groups: dict[tuple[int, int, str, str], list[Listener]] = {}
    for listener in telemetry.listeners:
        if listener.transport is not Transport.TCP:
            continue
        wildcard = is_unspecified(listener.address)
        process = find(telemetry, listener.processes[0]) if listener.processes else None
        owner = (process.exe or process.name) if process else listener.unit
        key = (listener.network_namespace, listener.port, "*" if wildcard else listener.address, owner)
        groups.setdefault(key, []).append(listener)
    return [
        _Service(tuple(sorted(group, key=lambda one: (one.closed_at is not None, one.address))))
        for _key, group in sorted(groups.items())
    ]


def _used(listener: Listener, traffic: list[Endpoint]) -> bool:
    return any(serves(listener, endpoint) for endpoint in traffic)


def _listening_s(service: _Service, telemetry: Telemetry) -> float:
    """How much of the run one of the service's listeners was there, seconds."""
    spans = sorted(
        (
            max(listener.opened_at or telemetry.started.started_at, telemetry.started.started_at),
            min(listener.closed_at or telemetry.ended_at, telemetry.ended_at),
        )
        for listener in service.listeners
    )
    total = 0.0
    until = telemetry.started.started_at
    for start, end in spans:
        total += max(0.0, end - max(start, until))
        until = max(until, end)
    return total


def _long_enough(service: _Service, telemetry: Telemetry) -> bool:
    if any(listener.opened_at is None and listener.closed_at is None for listener in service.listeners):
        return True  # it was there for all of the run, however short that was
    return _listening_s(service, telemetry) >= max(MINIMUM_S, MINIMUM_SHARE * telemetry.window_s)


def _where(listener: Listener) -> str:
    address = f"[{listener.address}]" if ":" in listener.address else listener.address
    return f"{address}:{listener.port}"


def _too_young(service: _Service, telemetry: Telemetry) -> Limitation:
    """All of these read alike, so that reports show them as one; the scope tells which listener, and how long."""
    process = find(telemetry, service.first.processes[0]) if service.first.processes else None
    seconds = round(_listening_s(service, telemetry))
    owner = f"{process.name}, " if process else ""
    return Limitation(
        code="listener-too-young", rules=(_ID,), scope=f"{_where(service.first)} ({owner}{seconds} s)"
    )


def _unprovable(unused: list[_Service]) -> Limitation:
    return Limitation(
        code="unused-ports-unprovable",
        rules=(_ID,),
        params={"ports": ", ".join(_where(service.first) for service in unused)},
        blinds=True,
    )


def _outcome(telemetry: Telemetry, findings: tuple[FindingDraft, ...], counted: bool) -> Outcome:
    if findings:
        return Outcome.FINDING
    return Outcome.CLEAR if counted and watched(telemetry, _ID) else Outcome.NOT_AVAILABLE


def _finding(service: _Service, telemetry: Telemetry, reach: Reach) -> FindingDraft:
    listener = service.first
    process = find(telemetry, listener.processes[0]) if listener.processes else None
    exposure = reach.exposure(listener)
    owner = "unit" if listener.unit else "process" if process else "unknown"
    return FindingDraft(
        identity=(
            reach.place(listener.network_namespace),
            "*" if is_unspecified(listener.address) else listener.address,
            str(listener.port),
            (process.exe or process.name) if process else listener.unit,
        ),
        text=f"{_ID.value}.{exposure.value}.{owner}",
        params={
            "where": _where(listener),
            "port": str(listener.port),
            "process": process.name if process else "?",
            "exe": (process.exe or process.name) if process else "?",
            "user": (process.user or str(process.uid)) if process else "?",
            "pid": str(process.key.pid) if process else "?",
            "unit": listener.unit or (process.unit if process else ""),
            "place": reach.place(listener.network_namespace),
            "seconds": str(round(_listening_s(service, telemetry))),
        },
        attributes=UnusedPortAttributes(
            address=listener.address,
            port=listener.port,
            family=service.family,
            exposure=exposure.value,
            process=summarize(process) if process else None,
            listening_s=round(_listening_s(service, telemetry), 3),
            window_s=round(telemetry.window_s, 3),
            unit=listener.unit,
        ),
        first_seen=min(one.opened_at or telemetry.started.started_at for one in service.listeners),
        last_seen=max(one.closed_at or telemetry.ended_at for one in service.listeners),
    )
