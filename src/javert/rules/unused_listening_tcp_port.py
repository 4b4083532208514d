"""Rule ``unused-listening-tcp-port``: a TCP port was listened on, and no traffic came to it."""

import msgspec

from javert.formats.addresses import authority, is_unspecified
from javert.model.assessment import Outcome
from javert.model.attributes import UnusedPortAttributes
from javert.model.draft import FindingDraft, RuleVerdict
from javert.model.moment import timestamp
from javert.model.rule_id import RuleId
from javert.model.telemetry import Limitation, Listener, Process, Role, SilentService, Transport
from javert.model.view import Telemetry
from javert.rules.interface import Rule
from javert.rules.reach import Reach, published, serves, watched
from javert.rules.who import find, summarize

MINIMUM_S = 60.0
MINIMUM_SHARE = 0.1
"""A listener there for less than 60 s, or for less than a tenth of the run, is not judged."""

LONG_SILENCE_S = 86400.0
"""After so long findings no longer ask for more evidence."""

_ID = RuleId.UNUSED_LISTENING_TCP_PORT
_UNCOUNTED = frozenset({"connections-polled", "windows-connections-polled", "listeners-not-counted"})
"""With one of these limitations, that nothing was counted does not mean that nothing came."""


class _Service(msgspec.Struct, frozen=True):
    """What one program listens on at one port: a listener, or two for every IPv4 and every IPv6 address.

    ``behind`` are the container's listeners, if it only holds the port for a container.
    """

    listeners: tuple[Listener, ...]
    behind: tuple[Listener, ...] = ()

    @property
    def first(self) -> Listener:
        return self.listeners[0]

    @property
    def family(self) -> str:
        families = {"ipv6" if ":" in listener.address else "ipv4" for listener in self.listeners}
        if len(families) > 1 or any(listener.dual_stack for listener in self.listeners):
            return "dual"
        return families.pop()


class _Census(msgspec.Struct, frozen=True):
    """Every service of the run, by what came to it; ``counted``: nothing can have come uncounted.

    ``prompted``: only connections that Javert may have caused by asking the service in front of it.
    """

    used: list[_Service]
    young: list[_Service]
    unused: list[_Service]
    prompted: list[_Service]
    counted: bool


def evaluate(telemetry: Telemetry) -> RuleVerdict:
    """Judge every TCP listener of the run by what the kernel counted."""
    reach = Reach(telemetry)
    census = _census(telemetry)
    exclusions = [_too_young(service, telemetry) for service in census.young]
    exclusions += [
        Limitation(code="port-traffic-prompted", rules=(_ID,), scope=_where(service.first))
        for service in census.prompted
    ]
    if census.unused and not census.counted:
        exclusions.append(_unprovable(census.unused))
    findings: tuple[FindingDraft, ...] = ()
    if census.counted:
        earlier = {service.identity: service for service in telemetry.earlier_silence}
        findings = tuple(_finding(service, telemetry, reach, earlier) for service in census.unused)
    return RuleVerdict(
        outcome=_outcome(telemetry, findings, census.counted),
        findings=findings,
        exclusions=tuple(exclusions),
        coverage={
            "listeners": len(census.used) + len(census.young) + len(census.unused) + len(census.prompted),
            "used": len(census.used),
            "unused": len(census.unused),
            "not_judged": len(census.young) + len(census.prompted),
        },
    )


RULE = Rule(id=_ID, evaluate=evaluate)


def silence_after(telemetry: Telemetry) -> tuple[SilentService, ...]:
    """What the next run is to know: services that were silent in this run and those before it.

    A service to which something came is forgotten. One that was not there, or could not be judged, stays as it was.
    """
    reach = Reach(telemetry)
    census = _census(telemetry)
    silent = {service.identity: service for service in telemetry.earlier_silence}
    for service in census.used:
        silent.pop(_identity(service, telemetry, reach), None)
    if census.counted and watched(telemetry, _ID):
        for service in census.unused:
            identity = _identity(service, telemetry, reach)
            silent[identity] = _silence(service, telemetry, identity, silent)
    return tuple(silent.values())


def _census(telemetry: Telemetry) -> _Census:
    traffic = [e for e in telemetry.endpoints if e.role is Role.SERVER and (e.connections or e.bytes_in)]
    counted = not any(limit.code in _UNCOUNTED for limit in telemetry.limitations)
    census = _Census([], [], [], [], counted)
    for service in _services(telemetry):
        came = [
            endpoint
            for endpoint in traffic
            if any(serves(listener, endpoint) for listener in (*service.listeners, *service.behind))
        ]
        if any(not endpoint.prompted for endpoint in came):
            census.used.append(service)
        elif came:
            census.prompted.append(service)
        elif _long_enough(service, telemetry):
            census.unused.append(service)
        else:
            census.young.append(service)
    return census


def _silence(
    service: _Service,
    telemetry: Telemetry,
    identity: tuple[str, ...],
    earlier: dict[tuple[str, ...], SilentService],
) -> SilentService:
    """This run's silence of a service, with that of the runs before it."""
    began = telemetry.started.started_at
    before = earlier.get(identity)
    return SilentService(
        identity=identity,
        since=min(before.since, began) if before else began,
        runs=(before.runs if before else 0) + 1,
        watched_s=(before.watched_s if before else 0.0) + _listening_s(service, telemetry),
    )


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
    behind = {key: published(group, telemetry) for key, group in groups.items()}
    reached = {id(listener) for listeners in behind.values() for listener in listeners}
    return [
        _Service(tuple(sorted(group, key=lambda one: (one.closed_at is not None, one.address))), behind[key])
        for key, group in sorted(groups.items())
        if not all(id(listener) in reached for listener in group)
    ]


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
    return authority(listener.address, listener.port)


def _target(listener: Listener) -> str:
    """Where in the container a published port leads; "" for any other."""
    if listener.publishes is None:
        return ""
    return authority(listener.publishes.address, listener.publishes.port)


def _too_young(service: _Service, telemetry: Telemetry) -> Limitation:
    """All of these read alike, so that reports show them as one; the scope tells which listener, and how long."""
    process = _process(service, telemetry)
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


def _process(service: _Service, telemetry: Telemetry) -> Process | None:
    holders = service.first.processes
    return find(telemetry, holders[0]) if holders else None


def _identity(service: _Service, telemetry: Telemetry, reach: Reach) -> tuple[str, ...]:
    listener = service.first
    process = _process(service, telemetry)
    return (
        reach.place(listener.network_namespace),
        "*" if is_unspecified(listener.address) else listener.address,
        str(listener.port),
        (process.exe or process.name) if process else listener.unit,
    )


def _evidence(silence: SilentService) -> str:
    """How much the silence proves, as the texts tell it apart."""
    if silence.runs == 1:
        return "once"
    return "again" if silence.watched_s < LONG_SILENCE_S else "long"


def _owner(listener: Listener, process: Process | None, system: str) -> str:
    """Who holds the port, as the texts tell it apart; a process of Windows' is named by the services it runs."""
    if listener.publishes:
        return "published"
    if listener.unit:
        return "unit"
    if process is None:
        return "unknown"
    return "service" if process.unit and system == "windows" else "process"


def _finding(
    service: _Service, telemetry: Telemetry, reach: Reach, earlier: dict[tuple[str, ...], SilentService]
) -> FindingDraft:
    listener = service.first
    process = _process(service, telemetry)
    exposure = reach.exposure(listener)
    owner = _owner(listener, process, telemetry.started.host.os)
    identity = _identity(service, telemetry, reach)
    silence = _silence(service, telemetry, identity, earlier)
    return FindingDraft(
        identity=identity,
        text=f"{_ID.value}.{exposure.value}.{owner}.{_evidence(silence)}",
        params={
            "where": _where(listener),
            "port": str(listener.port),
            "process": process.name if process else "?",
            "exe": (process.exe or process.name) if process else "?",
            "user": (process.user or str(process.uid)) if process else "?",
            "pid": str(process.key.pid) if process else "?",
            "unit": listener.unit or (process.unit if process else ""),
            "place": reach.place((service.behind or service.listeners)[0].network_namespace),
            "target": _target(listener),
            "seconds": str(round(_listening_s(service, telemetry))),
            "runs": str(silence.runs),
            "since": timestamp(silence.since)[:10],
        },
        attributes=UnusedPortAttributes(
            address=listener.address,
            port=listener.port,
            family=service.family,
            exposure=exposure.value,
            process=summarize(process) if process else None,
            listening_s=round(_listening_s(service, telemetry), 3),
            window_s=round(telemetry.window_s, 3),
            silent_since=timestamp(silence.since),
            silent_runs=silence.runs,
            silent_s=round(silence.watched_s, 3),
            unit=listener.unit,
            starts=listener.starts,
        ),
        first_seen=min(one.opened_at or telemetry.started.started_at for one in service.listeners),
        last_seen=max(one.closed_at or telemetry.ended_at for one in service.listeners),
    )
