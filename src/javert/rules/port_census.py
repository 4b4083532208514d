"""The TCP services of a run, by what came to them: what the rule ``unused-listening-tcp-port`` judges."""

from collections import defaultdict

import msgspec

from javert.formats.addresses import is_unspecified
from javert.model.rule_id import RuleId
from javert.model.telemetry import Endpoint, Listener, Role, Transport
from javert.model.view import Telemetry
from javert.rules.reach import published, serves
from javert.rules.who import find

MINIMUM_S = 60.0
MINIMUM_SHARE = 0.1
"""A listener there for less than 60 s, or for less than a tenth of the run, is not judged."""

_UNCOUNTED = frozenset({"connections-polled", "windows-connections-polled", "listeners-not-counted"})
"""With one of these limitations, that nothing was counted does not mean that nothing came."""


class TcpService(msgspec.Struct, frozen=True):
    """What one program listens on at one port: a listener, or two for every IPv4 and every IPv6 address.

    ``behind`` are the container's listeners, if it only holds the port for a container.
    """

    listeners: tuple[Listener, ...]
    behind: tuple[Listener, ...] = ()

    @property
    def first(self) -> Listener:
        """The one that stands for all of them."""
        return self.listeners[0]

    @property
    def family(self) -> str:
        """Of addresses: "ipv4", "ipv6" or "dual"."""
        families = {"ipv6" if ":" in listener.address else "ipv4" for listener in self.listeners}
        if len(families) > 1 or any(listener.dual_stack for listener in self.listeners):
            return "dual"
        return families.pop()


class Census(msgspec.Struct, frozen=True):
    """Every TCP service of the run, by what came to it.

    Attributes:
        used_from_loopback: those of ``used`` to which something came over loopback only, as a health check does.
        young: nothing came, but it was not there for long enough.
        prompted: only connections came that Javert may have caused by asking the service in front of it.
        redirected: nothing came to its port, but connections came to ports on which nobody listens: the kernel gave
            them to some listener there (TPROXY, or a BPF program at sk_lookup).
        untold: ports held for a container, nobody knows for which of its ports or for which container, to some of
            which something came.
        counted: nothing can have come uncounted.
    """

    used: list[TcpService]
    young: list[TcpService]
    unused: list[TcpService]
    prompted: list[TcpService]
    redirected: list[TcpService]
    untold: list[TcpService]
    counted: bool
    used_from_loopback: list[TcpService]

    @property
    def not_judged(self) -> tuple[list[TcpService], ...]:
        """Neither used nor unused, each for a reason of its own."""
        return self.young, self.prompted, self.redirected, self.untold


def take_census(telemetry: Telemetry) -> Census:
    """Every TCP service of the run, by what came to it."""
    traffic = _Traffic(telemetry)
    census = Census([], [], [], [], [], [], _counted(telemetry), [])
    for service in _services(telemetry):
        came = [endpoint for one in (*service.listeners, *service.behind) for endpoint in traffic.to(one)]
        over_loopback = [endpoint.peer_loopback for endpoint in came if not endpoint.prompted]
        if over_loopback:
            census.used.append(service)
            if all(over_loopback):
                census.used_from_loopback.append(service)
        elif came:
            census.prompted.append(service)
        elif not _long_enough(service, telemetry):
            census.young.append(service)
        elif any(one.network_namespace in traffic.redirecting for one in (*service.listeners, *service.behind)):
            census.redirected.append(service)
        elif traffic.may_have_passed(service):
            census.untold.append(service)
        else:
            census.unused.append(service)
    return census


def listening_s(service: TcpService, telemetry: Telemetry) -> float:
    """How much of the run one of the service's listeners was there, seconds.

    When a host slept is not known, only how long: for all that is known the service was there through all of it.
    """
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
    return max(0.0, total - telemetry.asleep_s)


class _Traffic:
    """What came to the TCP ports of the run.

    ``redirecting`` are the network namespaces in which something came to a port on which nobody listens.
    """

    def __init__(self, telemetry: Telemetry) -> None:
        there: dict[tuple[int, int], list[Listener]] = defaultdict(list)
        for listener in telemetry.listeners:
            if listener.transport is Transport.TCP:
                there[listener.network_namespace, listener.port].append(listener)
        self._came: dict[int, list[Endpoint]] = defaultdict(list)
        self.redirecting: set[int] = set()
        self._reached: set[int] = set()
        for endpoint in telemetry.endpoints:
            if endpoint.role is not Role.SERVER or endpoint.transport is not Transport.TCP:
                continue
            if not (endpoint.connections or endpoint.bytes_in):
                continue
            if not endpoint.peer_loopback:
                self._reached.add(endpoint.network_namespace)
            fitting = [
                listener
                for listener in there.get((endpoint.network_namespace, endpoint.port), ())
                if serves(listener, endpoint)
            ]
            if not fitting:
                self.redirecting.add(endpoint.network_namespace)
            for listener in [one for one in fitting if _takes(one, endpoint)] or fitting:
                self._came[id(listener)].append(endpoint)

    def may_have_passed(self, service: TcpService) -> bool:
        """Whether the kernel may have sent connections on to a container without it being known to which port."""
        if service.behind:
            return False
        within = {
            one.publishes.network_namespace for one in service.listeners if one.publishes and not one.publishes.port
        }
        return any(not inode or inode in self._reached for inode in within)

    def to(self, listener: Listener) -> list[Endpoint]:
        return self._came.get(id(listener), [])


def _takes(listener: Listener, endpoint: Endpoint) -> bool:
    """Whether the family is the listener's: a socket for one of them leaves the other to the one beside it."""
    if ":" in endpoint.address:
        return ":" in listener.address
    return ":" not in listener.address or listener.dual_stack


def _counted(telemetry: Telemetry) -> bool:
    rule = RuleId.UNUSED_LISTENING_TCP_PORT
    return not any(
        limit.code in _UNCOUNTED or (limit.blinds and rule in limit.rules) for limit in telemetry.limitations
    )


def _services(telemetry: Telemetry) -> list[TcpService]:
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
        TcpService(tuple(sorted(group, key=lambda one: (one.closed_at is not None, one.address))), behind[key])
        for key, group in sorted(groups.items())
        if not all(id(listener) in reached for listener in group)
    ]


def _long_enough(service: TcpService, telemetry: Telemetry) -> bool:
    if any(listener.opened_at is None and listener.closed_at is None for listener in service.listeners):
        return True  # it was there for all of the run, however short that was
    return listening_s(service, telemetry) >= max(MINIMUM_S, MINIMUM_SHARE * telemetry.window_s)
