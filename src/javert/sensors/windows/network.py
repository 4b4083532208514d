"""Network traffic of a Windows host: listeners, connections, and what connections carry.

Connections come from event tracing; where that is refused, sockets are listed several times a second instead.
Payload comes from raw sockets; where they are refused, ports are all the evidence there is. Each refusal is told.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

from javert.errors import ParseError, SensorError
from javert.formats.addresses import is_loopback
from javert.formats.kernel_network import EVENT_IDS, parse_event
from javert.formats.packets import Segment
from javert.formats.socket_tables import TCP_CAME_ABOUT, SocketRow
from javert.model.rule_id import NETWORK_RULES, PAYLOAD_RULES, RuleId
from javert.model.telemetry import Limitation, NetworkNamespace, Role, SensorReport, Transport
from javert.sensors import clock
from javert.sensors.interface import Emit
from javert.sensors.own_flows import OwnFlows
from javert.sensors.windows.events import EventReader
from javert.sensors.windows.listeners import ListenerBook
from javert.sensors.windows.payload import PayloadReader
from javert.sensors.windows.processes import ProcessTable
from javert.sensors.windows.trace_session import TraceSession
from javert.sensors.windows.traffic import FlowKey, TrafficBook

LIST_EVERY_S = 1.0
"""How often sockets are listed while events tell of connections; without them, at every poll."""
_ADDRESSES_EVERY_S = 30.0
_COUNTING_RULES = (RuleId.UNUSED_LISTENING_TCP_PORT, RuleId.INSECURE_SERVER_PROTOCOL)


class WindowsPorts(NamedTuple):
    """What the sensor needs of the system.

    Attributes:
        network: the host's addresses now.
        trace: makes a session of event tracing that has not begun.
        payload: makes a reader of raw sockets that has not begun.
    """

    network: Callable[[], NetworkNamespace]
    trace: Callable[[], TraceSession]
    payload: Callable[[], PayloadReader]


class WindowsNetworkSensor:
    """Watches listeners and traffic."""

    name = "network"

    def __init__(
        self, ports: WindowsPorts, listeners: ListenerBook, processes: ProcessTable, own: OwnFlows
    ) -> None:
        self._ports = ports
        self._listeners = listeners
        self._processes = processes
        self._own = own
        self._trace: TraceSession | None = None
        self._payload: PayloadReader | None = None
        self._listed: set[FlowKey] = set()
        self._addresses: frozenset[str] = frozenset()
        self._listed_at = self._network_at = 0.0
        self._inbound_seen = False
        self._lost = 0
        self._started_at = 0.0
        self._ended_at: float | None = None

    # ---------------------------------------------------------------- life

    def start(self, emit: Emit) -> None:
        """Begin to count connections and to read payload, as far as Windows lets it.

        Raises:
            SensorError: not even sockets can be listed.
        """
        self._emit = emit
        self._processes.emit_to(emit)
        self._started_at = self._network_at = clock.now()
        addresses = self._read_addresses()
        self._listeners.read(emit, None)
        self._begin_tracing()
        self._begin_reading(addresses)
        self._book = TrafficBook(self._own, self._processes.find, payload=self._payload is not None)
        self._events = EventReader(self._book, self._listeners.serves, self._is_own_address)
        try:
            self._list(self._started_at, first=True)
        except SensorError:
            self._let_go()
            raise

    def _let_go(self) -> None:
        if self._trace is not None:
            self._trace.stop()
        if self._payload is not None:
            self._payload.stop()

    def poll(self) -> None:
        """Take in what has happened."""
        now = clock.now()
        self._own.prune()
        if self._trace is None or now - self._listed_at >= LIST_EVERY_S:
            self._list(now, first=False)
            self._book.prune(now)
        if now - self._network_at >= _ADDRESSES_EVERY_S:
            self._network_at = now
            self._look_for_addresses()
        self._take_events()
        self._take_packets()

    def flush(self) -> None:
        """Emit endpoints that changed."""
        if self._trace is not None:
            self._trace.count_losses()
        for endpoint in self._book.changes():
            self._emit(endpoint)

    def stop(self) -> None:
        """Take in what is left, and let go of the host."""
        if self._trace is not None:
            self._trace.stop()
        try:
            self._list(clock.now(), first=False)
        except SensorError as error:
            self._emit(Limitation(code="windows-last-look", rules=NETWORK_RULES, params={"reason": str(error)}))
        self._take_events()
        if self._payload is not None:
            self._take_packets()
            self._payload.stop()
        self._book.settle()
        for endpoint in self._book.changes():
            self._emit(endpoint)
        self._tell_losses()
        self._ended_at = clock.now()

    def report(self) -> SensorReport:
        """How many connections were seen, and how many events were lost."""
        lost = self._lost + (self._trace.lost if self._trace is not None else 0)
        return SensorReport(
            name=self.name,
            started_at=self._started_at,
            ended_at=self._ended_at,
            records=self._book.records if self._started_at else 0,
            lost=lost,
            rules=NETWORK_RULES,
        )

    # ---------------------------------------------------------------- beginnings

    def _begin_tracing(self) -> None:
        trace = self._ports.trace()
        try:
            trace.start()
        except SensorError as error:
            self._without_events(str(error))
        else:
            self._trace = trace

    def _without_events(self, reason: str) -> None:
        self._trace = None
        self._emit(
            Limitation(
                code="windows-connections-polled", rules=NETWORK_RULES, params={"reason": reason}, blinds=True
            )
        )

    def _begin_reading(self, addresses: tuple[str, ...]) -> None:
        payload = self._ports.payload()
        try:
            refused = payload.start(_ipv4(addresses))
        except SensorError as error:
            self._emit(
                Limitation(
                    code="windows-payload-unread",
                    rules=PAYLOAD_RULES,
                    params={"reason": str(error)},
                    blinds=True,
                )
            )
            return
        self._payload = payload
        self._tell_refused(refused)
        if any(":" in address and not is_loopback(address) for address in addresses):
            self._emit(Limitation(code="windows-ipv6-payload-unread", rules=PAYLOAD_RULES))

    def _read_addresses(self) -> tuple[str, ...]:
        network = self._ports.network()
        if frozenset(network.addresses) != self._addresses:
            self._addresses = frozenset(network.addresses)
            self._emit(network)
        return network.addresses

    def _look_for_addresses(self) -> None:
        addresses = self._read_addresses()
        if self._payload is not None:
            self._tell_refused(self._payload.add(_ipv4(addresses)))

    def _tell_refused(self, refused: dict[str, OSError]) -> None:
        for address, error in refused.items():
            params = {"reason": f"{error.strerror} ({error.errno})"}
            self._emit(
                Limitation(
                    code="windows-address-unread", rules=PAYLOAD_RULES, scope=address, params=params, blinds=True
                )
            )

    def _is_own_address(self, address: str) -> bool:
        return is_loopback(address) or address in self._addresses

    # ---------------------------------------------------------------- what comes

    def _list(self, now: float, *, first: bool) -> None:
        self._listed_at = now
        rows = self._listeners.read(self._emit, now)
        present = {FlowKey(Transport.TCP, row.ends): row for row in rows if row.state in TCP_CAME_ABOUT}
        for key, row in present.items():
            if first or (self._trace is None and key not in self._listed):
                self._take_listed(key, row, now, first=first)
        if self._trace is None:
            for key in self._listed - present.keys():
                self._book.closed(key, now)
        self._listed = set(present)

    def _take_listed(self, key: FlowKey, row: SocketRow, now: float, *, first: bool) -> None:
        role = Role.SERVER if self._listeners.serves(Transport.TCP, row.address, row.port) else Role.CLIENT
        if first and not row.pid:
            return  # it was over before the run
        # Without events and payload nothing will tell that a client still uses a connection from before.
        silent = self._trace is None and self._payload is None and role is Role.CLIENT
        self._book.opened(key, role, row.pid, now, before=first and not silent)

    def _take_events(self) -> None:
        if self._trace is None:
            return
        set_since = clock.now() - time.time()  # events tell the time of day, which may have been set during the run
        for event in self._trace.events():
            try:
                self._events.take(parse_event(event.number, event.data), event.at + set_since)
            except ParseError:
                # The provider's other events repeat what is counted (18, 34) or tell of failures.
                self._lost += event.number in EVENT_IDS
        if self._trace.failure:
            reason = self._trace.failure
            self._lost += self._trace.lost
            self._trace.stop()
            self._without_events(reason)

    def _take_packets(self) -> None:
        if self._payload is None:
            return
        for packet in self._payload.packets():
            self._note_direction(packet.segment)
            self._book.packet(packet.segment, packet.at)

    def _note_direction(self, segment: Segment) -> None:
        """Windows' firewall keeps from a raw socket what comes in, unless a rule lets the program have it."""
        if not self._inbound_seen and segment.length:
            self._inbound_seen = not self._is_own_address(FlowKey(Transport.TCP, segment.ends).local[0])

    # ---------------------------------------------------------------- losses

    def _tell_losses(self) -> None:
        lost = self._lost + (self._trace.lost if self._trace is not None else 0)
        if lost:
            self._emit(Limitation(code="listeners-not-counted", rules=_COUNTING_RULES, params={"count": str(lost)}))
        if self._payload is None:
            return
        if self._payload.dropped:
            params = {"count": str(self._payload.dropped)}
            self._emit(Limitation(code="segments-over-budget", rules=PAYLOAD_RULES, params=params))
        if self._payload.paused_s:
            params = {"seconds": str(round(self._payload.paused_s) or 1)}
            self._emit(Limitation(code="windows-payload-paused", rules=PAYLOAD_RULES, params=params))
        if self._book.received_from_others and not self._inbound_seen:
            self._emit(Limitation(code="windows-inbound-unread", rules=PAYLOAD_RULES, blinds=True))


def _ipv4(addresses: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(address for address in addresses if ":" not in address)
