"""Rule ``unused-listening-tcp-port``: a TCP port was listened on, and no traffic came to it."""

from javert.formats.addresses import authority, is_unspecified
from javert.model.assessment import Outcome
from javert.model.attributes import UnusedPortAttributes
from javert.model.draft import FindingDraft, RuleVerdict
from javert.model.moment import timestamp
from javert.model.rule_id import RuleId
from javert.model.telemetry import Limitation, Listener, Process, SilentService
from javert.model.view import Telemetry
from javert.rules.interface import Rule
from javert.rules.port_census import Census, TcpService, listening_s, take_census
from javert.rules.reach import Exposure, Reach, destination, watched
from javert.rules.who import find, summarize

LONG_SILENCE_S = 86400.0
"""After so long findings no longer ask for more evidence."""

_ID = RuleId.UNUSED_LISTENING_TCP_PORT


def evaluate(telemetry: Telemetry) -> RuleVerdict:
    """Judge every TCP listener of the run by what the kernel counted."""
    reach = Reach(telemetry)
    census = take_census(telemetry)
    findings: tuple[FindingDraft, ...] = ()
    if census.counted:
        earlier = {service.identity: service for service in telemetry.earlier_silence}
        findings = tuple(_finding(service, telemetry, reach, earlier) for service in census.unused)
    listeners = sum(map(len, (census.used, census.unused, *census.not_judged)))
    unused = len(census.unused) if census.counted else 0
    return RuleVerdict(
        outcome=_outcome(telemetry, findings, census.counted),
        findings=findings,
        exclusions=tuple(_exclusions(census, telemetry, reach)),
        coverage={
            "listeners": listeners,
            "used": len(census.used),
            "used_only_from_loopback": sum(
                reach.exposure(service.first) is not Exposure.LOOPBACK for service in census.used_from_loopback
            ),
            "unused": unused,
            "not_judged": listeners - len(census.used) - unused,
        },
    )


RULE = Rule(id=_ID, evaluate=evaluate)


def silence_after(telemetry: Telemetry) -> tuple[SilentService, ...]:
    """What the next run is to know: services that were silent in this run and those before it.

    A service to which something came is forgotten. One that was not there, or could not be judged, stays as it was.
    """
    reach = Reach(telemetry)
    census = take_census(telemetry)
    silent = {service.identity: service for service in telemetry.earlier_silence}
    used = {_identity(service, telemetry, reach) for service in census.used}
    fresh: dict[tuple[str, ...], SilentService] = {}
    if census.counted and watched(telemetry, _ID):
        for service in census.unused:
            # Two namespaces without a name may have services of one identity: the run counts once.
            identity = _identity(service, telemetry, reach)
            fresh.setdefault(identity, _silence(service, telemetry, identity, silent))
    return tuple(service for identity, service in (silent | fresh).items() if identity not in used)


def _silence(
    service: TcpService,
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
        watched_s=(before.watched_s if before else 0.0) + listening_s(service, telemetry),
    )


def _where(listener: Listener) -> str:
    return authority(listener.address, listener.port)


def _target(service: TcpService, telemetry: Telemetry) -> str:
    """Where in the container a published port leads; "" for any other, and where that is not known."""
    address, port = destination(service.first, service.behind, telemetry)
    return authority(address, port) if port else ""


def _inside(service: TcpService) -> int:
    """The network namespace in which connections end."""
    if service.behind:
        return service.behind[0].network_namespace
    held_for = service.first.publishes.network_namespace if service.first.publishes else 0
    return held_for or service.first.network_namespace


def _scope(service: TcpService, reach: Reach, *more: str) -> str:
    """Which service it is: its address and port and, in parentheses, what tells it from others there."""
    said = ", ".join(filter(None, (*more, reach.label(service.first.network_namespace))))
    return _where(service.first) + (f" ({said})" if said else "")


def _exclusions(census: Census, telemetry: Telemetry, reach: Reach) -> list[Limitation]:
    """What was not judged. Those of one reason read alike, so that reports show them as one; scopes tell which."""

    def each(code: str, services: list[TcpService], *, blinds: bool = False) -> list[Limitation]:
        return [Limitation(code=code, rules=(_ID,), scope=_scope(one, reach), blinds=blinds) for one in services]

    found = [_too_young(service, telemetry, reach) for service in census.young]
    found += each("port-traffic-prompted", census.prompted)
    if census.counted:
        found += each("port-traffic-redirected", census.redirected, blinds=True)
        found += each("published-port-untold", census.untold, blinds=True)
    elif unprovable := [*census.unused, *census.redirected, *census.untold]:
        ports = ", ".join(_scope(service, reach) for service in unprovable)
        found.append(Limitation(code="unused-ports-unprovable", rules=(_ID,), params={"ports": ports}, blinds=True))
    return found


def _too_young(service: TcpService, telemetry: Telemetry, reach: Reach) -> Limitation:
    process = _process(service, telemetry)
    seconds = f"{round(listening_s(service, telemetry))} s"
    scope = _scope(service, reach, process.name if process else "", seconds)
    return Limitation(code="listener-too-young", rules=(_ID,), scope=scope)


def _outcome(telemetry: Telemetry, findings: tuple[FindingDraft, ...], counted: bool) -> Outcome:
    if findings:
        return Outcome.FINDING
    return Outcome.CLEAR if counted and watched(telemetry, _ID) else Outcome.NOT_AVAILABLE


def _process(service: TcpService, telemetry: Telemetry) -> Process | None:
    holders = service.first.processes
    return find(telemetry, holders[0]) if holders else None


def _identity(service: TcpService, telemetry: Telemetry, reach: Reach) -> tuple[str, ...]:
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


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f}" if seconds >= 360 else f"{seconds / 3600:.1g}"


def _owner(listener: Listener, process: Process | None, target: str, system: str) -> str:
    """Who holds the port, as the texts tell it apart; a process of Windows' is named by the services it runs."""
    if listener.publishes:
        return "published" if target else "published-somewhere"
    if listener.unit:
        return "unit"
    if process is None:
        return "unknown"
    return "service" if process.unit and system == "windows" else "process"


def _finding(
    service: TcpService, telemetry: Telemetry, reach: Reach, earlier: dict[tuple[str, ...], SilentService]
) -> FindingDraft:
    listener = service.first
    process = _process(service, telemetry)
    exposure = reach.exposure(listener)
    target = _target(service, telemetry)
    owner = _owner(listener, process, target, telemetry.started.host.os)
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
            "place": reach.label(_inside(service)) or (listener.publishes.address if listener.publishes else ""),
            "target": target,
            "seconds": str(round(listening_s(service, telemetry))),
            "runs": str(silence.runs),
            "hours": _hours(silence.watched_s),
            "since": timestamp(silence.since)[:10],
        },
        attributes=UnusedPortAttributes(
            address=listener.address,
            port=listener.port,
            family=service.family,
            exposure=exposure.value,
            process=summarize(process) if process else None,
            listening_s=round(listening_s(service, telemetry), 3),
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
