"""Network traffic as the kernel programs count it: who opens and accepts what, and what the flows are.

Counting and deduplicating happen in the kernel (bpf/network.bpf.c). Up here come one event for each new endpoint,
the first segments of some flows, and every listener that appears or goes; counters are read from shared memory.
"""

from collections import OrderedDict
from typing import NamedTuple

from javert.errors import BpfUnavailableError, ParseError
from javert.formats.kernel_records import (
    SEGMENT_AT_LISTENER,
    SEGMENT_MIDSTREAM,
    CgroupEvent,
    EndpointEvent,
    ListenEvent,
    NetworkEvent,
    SegmentEvent,
    parse_network_event,
)
from javert.model.rule_id import CLIENT_RULES, NETWORK_RULES, PAYLOAD_RULES, RuleId
from javert.model.telemetry import (
    Endpoint,
    Limitation,
    ProcessKey,
    Role,
    SensorReport,
    Transport,
)
from javert.sensors.flows import FlowOrigin, FlowReader, Segment
from javert.sensors.interface import Emit
from javert.sensors.linux.clock import BootClock
from javert.sensors.linux.listeners import ListenerBook
from javert.sensors.linux.network_programs import Counters, NetworkPrograms
from javert.sensors.linux.network_stock import NetworkStock
from javert.sensors.linux.processes import ProcessTable
from javert.sensors.own_flows import OwnFlows

_WAITING = 256


class _Seen(NamedTuple):
    """An endpoint as the kernel announced it, and who it belongs to."""

    event: EndpointEvent
    process: ProcessKey | None


class BpfNetworkSensor:
    """Watches all network traffic of the host through kernel programs.

    Args:
        table: resolves processes; shared with the other sensors.
        clock: converts the kernel's times; shared with the other sensors.
        own: Javert's own flows, which are not counted.
    """

    name = "network (kernel)"

    def __init__(self, table: ProcessTable, clock: BootClock, own: OwnFlows) -> None:
        self._table = table
        self._clock = clock
        self._own = own
        self._flows = FlowReader()
        self._seen: dict[int, _Seen] = {}
        self._told: dict[int, int] = {}
        self._slowed: set[int] = set()
        self._at_listener: OrderedDict[tuple[bytes, int, int], SegmentEvent] = OrderedDict()
        self._pending: list[NetworkEvent] = []
        self._records = self._unreadable_events = 0
        self._programs: NetworkPrograms | None = None
        self._started_at = 0.0
        self._report: SensorReport | None = None

    # ---------------------------------------------------------------- life

    def start(self, emit: Emit) -> None:
        """Attach the programs, then take stock of listeners and connections that are there already.

        Raises:
            BpfUnavailableError: the kernel refuses the programs.
        """
        self._emit = emit
        self._table.emit_to(emit)
        self._started_at = self._clock.now()
        self._book = ListenerBook(emit, self._table, self._own)
        try:
            self._programs = NetworkPrograms(self._keep)
            self._own.told_to(self._programs.marks)
            self._stock = NetworkStock(emit, self._table, self._clock, self._book, self._programs)
            self._stock.take()
        except BaseException as error:
            self._release()
            if isinstance(error, OSError):  # of this process or of /proc, for instance no file descriptor left
                raise BpfUnavailableError(f"cannot take stock of the host: {error.strerror}") from None
            raise

    def poll(self) -> None:
        """Take in the kernel's events; look again at namespaces in which something began to listen."""
        self._own.prune()
        self._running.consume()
        events, self._pending = self._pending, []
        for event in events:
            self._take(event)
        self._stock.look_again()

    def flush(self) -> None:
        """Emit the endpoints whose counters or verdicts moved, and slow the look at those that are settled."""
        read = self._flows.take_changed()
        for index, counters in self._running.counters():
            # A connection moves its counters when it opens and closes, its verdict in between.
            if self._told.get(index) == counters.last_ns and index not in read:
                continue
            self._told[index] = counters.last_ns
            if seen := self._seen_as(index):
                self._emit(self._record(index, seen, counters))
        for index in self._flows.settled - self._slowed:
            self._running.look_less_at(index)
            self._slowed.add(index)

    def stop(self) -> None:
        """Add what is still open to the counts, list listeners once more, and detach."""
        self.poll()
        self._stock.close()
        self._running.detach()
        self.poll()
        self._told.clear()
        self.flush()
        for session in self._stock.silent_sessions():
            self._emit(session)
        self._tell_losses()
        self._report = self._reported(self._clock.now())
        self._release()

    @property
    def _running(self) -> NetworkPrograms:
        assert self._programs is not None, "the sensor runs"
        return self._programs

    def _release(self) -> None:
        self._own.told_to(None)
        if self._programs is not None:
            self._programs.release()
            self._programs = None

    def report(self) -> SensorReport:
        """What was taken in, and what the kernel counted as lost."""
        return self._report or self._reported(None)

    def _reported(self, ended_at: float | None) -> SensorReport:
        lost = self._unreadable_events
        if self._programs is not None:
            state = self._programs.state()
            lost += state.lost_clients + state.lost_servers + state.lost_flows
        return SensorReport(
            name=self.name,
            started_at=self._started_at,
            ended_at=ended_at,
            records=self._records,
            lost=lost,
            rules=NETWORK_RULES,
        )

    # ---------------------------------------------------------------- events

    def _keep(self, raw: bytes) -> None:
        self._records += 1
        try:
            self._pending.append(parse_network_event(raw))
        except ParseError:
            self._unreadable_events += 1

    def _take(self, event: NetworkEvent) -> None:
        match event:
            case SegmentEvent():
                self._take_segment(event)
            case EndpointEvent():
                self._see(event)
            case CgroupEvent():
                self._table.cgroup_named(event.cgroup, event.path)
            case ListenEvent():
                self._book.changed(event, self._clock.epoch(event.time_ns))
                if event.listening:
                    self._stock.changed(event.network_namespace)

    def _see(self, event: EndpointEvent) -> _Seen:
        if event.midstream:
            self._stock.speaks(event.socket_inode)
        seen = self._seen[event.endpoint] = _Seen(event, self._process_of(event))
        if event.server and event.udp:
            self._stock.changed(event.network_namespace)
        return seen

    def _seen_as(self, index: int) -> _Seen | None:
        """What an endpoint is, also when the ring had no room to announce it; the kernel keeps whose it is."""
        if index in self._seen:
            return self._seen[index]
        event = self._running.identity(index)
        return self._see(event) if event else None

    def _process_of(self, event: EndpointEvent) -> ProcessKey | None:
        if event.who is not None:
            key = self._table.from_kernel(event.who, exe=event.exe, cmdline=event.cmdline)
            self._table.complete(key)
            return key
        if event.socket_inode and not event.server:
            return self._stock.holder(event.socket_inode)
        return None

    def _take_segment(self, event: SegmentEvent) -> None:
        wire = (event.peer, event.peer_port, event.local_port)
        if event.flags & SEGMENT_AT_LISTENER:
            self._at_listener[wire] = event
            if len(self._at_listener) > _WAITING:
                self._at_listener.popitem(last=False)
            return
        seen = self._seen_as(event.endpoint)
        if seen is None:
            return
        early = self._at_listener.pop(wire, None) if self._at_listener else None
        if early is not None:
            self._feed(seen.event, event, early)
        self._feed(seen.event, event, event)

    def _feed(self, endpoint: EndpointEvent, flow: SegmentEvent, event: SegmentEvent) -> None:
        origin = FlowOrigin(
            endpoint=endpoint.endpoint,
            role=Role.SERVER if endpoint.server else Role.CLIENT,
            transport=Transport.UDP if endpoint.udp else Transport.TCP,
            server_port=endpoint.port,
            midstream=bool(flow.flags & SEGMENT_MIDSTREAM),
        )
        identity = (flow.cookie, flow.peer, flow.peer_port) if endpoint.udp else flow.cookie
        # Counted from the first payload byte; what the kernel saw before it wraps around.
        offset = event.offset - (1 << 32) if event.offset >= 1 << 31 else event.offset
        segment = Segment(
            to_server=event.from_network is endpoint.server,
            offset=offset,
            data=event.data,
            length=event.length,
            at=self._clock.epoch(event.time_ns),
        )
        self._flows.take(identity, origin, segment)

    # ---------------------------------------------------------------- counters

    def _record(self, index: int, seen: _Seen, counters: Counters) -> Endpoint:
        event = seen.event
        return Endpoint(
            id=index,
            role=Role.SERVER if event.server else Role.CLIENT,
            transport=Transport.UDP if event.udp else Transport.TCP,
            network_namespace=event.network_namespace,
            address=event.address,
            port=event.port,
            process=seen.process,
            peer_loopback=event.peer_loopback,
            prompted=event.prompted,
            connections=counters.connections,
            refused=counters.refused,
            bytes_out=counters.bytes_out,
            bytes_in=counters.bytes_in,
            first_seen=self._clock.epoch(counters.first_ns) if counters.first_ns else 0.0,
            last_seen=self._clock.epoch(counters.last_ns) if counters.last_ns else 0.0,
            sampled=counters.sampled,
            uses=self._flows.uses(index),
        )

    def _tell_losses(self) -> None:
        state = self._running.state()
        if state.lost_segments:
            self._emit(_loss("segments-over-budget", PAYLOAD_RULES, state.lost_segments))
        if state.lost_clients:
            self._emit(_loss("clients-not-counted", CLIENT_RULES, state.lost_clients))
        if state.lost_servers or state.lost_flows:  # a connection may be of a server that nothing else came to
            rules = (RuleId.UNUSED_LISTENING_TCP_PORT, RuleId.INSECURE_SERVER_PROTOCOL)
            self._emit(_loss("listeners-not-counted", rules, state.lost_servers + state.lost_flows))


def _loss(code: str, rules: tuple[RuleId, ...], count: int) -> Limitation:
    return Limitation(code=code, rules=rules, params={"count": str(count)})
