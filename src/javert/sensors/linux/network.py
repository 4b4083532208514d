"""Network traffic as the kernel programs count it: who opens and accepts what, and what the flows are.

Counting and deduplicating happen in the kernel (bpf/network.bpf.c). Up here come one event for each new endpoint,
the first segments of some flows, and every listener that appears or goes; counters are read from shared memory.
"""

import os
import time
from collections import OrderedDict
from pathlib import Path
from typing import NamedTuple

from javert.errors import BpfUnavailableError, ParseError, SensorError
from javert.formats.kernel_records import (
    ENDPOINT,
    ENDPOINT_IDENTITY_SIZE,
    ENDPOINTS,
    INTERVAL_AT,
    NETWORK_STATE,
    PORT_KEY,
    SEGMENT_AT_LISTENER,
    SEGMENT_MIDSTREAM,
    STOCK_TAKEN_AT,
    WALK_STOPS_AT,
    CgroupEvent,
    EndpointEvent,
    ListenEvent,
    NetworkEvent,
    SegmentEvent,
    parse_endpoint_identity,
    parse_network_event,
)
from javert.formats.sock_diag import SocketEntry
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
from javert.sensors.linux.libbpf import BpfObject, cgroup2_mount
from javert.sensors.linux.listeners import ListenerBook
from javert.sensors.linux.namespaces import NamespaceEntry, describe, inside, look_into, network_namespaces
from javert.sensors.linux.probe_marks import ProbeMarks
from javert.sensors.linux.processes import ProcessTable
from javert.sensors.linux.silent_sessions import SilentSessions
from javert.sensors.linux.sockets import holders, holds
from javert.sensors.own_flows import OwnFlows

OBJECTS = Path(__file__).with_name("bpf")
_TRACING_PROGRAMS = ("tcp_state", "tcp_destroyed")
_CGROUP_PROGRAMS = ("packet_in", "packet_out", "udp_connect4", "udp_connect6", "udp_sendmsg4", "udp_sendmsg6")
_SETTLED_INTERVAL_MS = 1000
_WAITING = 256
_NAMESPACES_EVERY_S = 5.0
_LISTING_SHARE = 1 / 100
"""Of one core at most, for listing sockets and their holders again because something began to listen."""


class _Seen(NamedTuple):
    """An endpoint as the kernel announced it, and who it belongs to."""

    event: EndpointEvent
    process: ProcessKey | None


class _KernelState(NamedTuple):
    """``struct state`` of bpf/endpoints.h."""

    endpoint_count: int
    self_pid: int
    lost_clients: int
    lost_servers: int
    lost_events: int
    lost_segments: int
    lost_flows: int
    window_ns: int
    window_segments: int
    walk_stops: int
    lost_listens: int
    own_flows: int
    asked_processes: int
    stock_taken: int


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
        self._silent = SilentSessions()
        self._seen: dict[int, _Seen] = {}
        self._told: dict[int, int] = {}
        self._slowed: set[int] = set()
        self._at_listener: OrderedDict[tuple[bytes, int, int], SegmentEvent] = OrderedDict()
        self._resync: set[int] = set()
        self._lost_listens = 0
        self._inodes: dict[int, list[int]] = {}
        self._next_listing = 0.0
        self._namespaces: dict[int, NamespaceEntry] = {}
        self._pending: list[NetworkEvent] = []
        self._records = self._unreadable_events = 0
        self._ended_at: float | None = None
        self._namespaces_at = 0.0

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
            self._attach()
            self._take_stock()
        except OSError as error:  # of this process or of /proc, for instance no file descriptor left
            raise BpfUnavailableError(f"cannot take stock of the host: {error.strerror}") from None

    def _attach(self) -> None:
        root = cgroup2_mount(Path("/proc/self/mounts").read_text("utf-8", "replace"))
        if root is None:
            raise BpfUnavailableError(
                "no cgroup v2 tree is mounted: mount one (mount -t cgroup2 none /sys/fs/cgroup)"
            )
        self._object = BpfObject(OBJECTS / "network.bpf.o")
        try:
            self._state = self._object.share(".bss", NETWORK_STATE.size)
            self._counters = self._object.share("endpoints", ENDPOINTS * ENDPOINT.size)
            self._state[4:8] = os.getpid().to_bytes(4, "little")
            self._own.told_to(ProbeMarks(self._object, self._state))
            self._consume = self._object.ring("events", self._keep)
            for program in _TRACING_PROGRAMS:
                self._object.attach(program)
            cgroup = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                for program in _CGROUP_PROGRAMS:
                    self._object.attach_cgroup(program, cgroup)
            finally:
                os.close(cgroup)
        except BaseException:
            self._release()
            raise

    def _take_stock(self) -> None:
        try:
            self._inodes, _ = holders()
            for entry in network_namespaces():
                self._enter_namespace(entry, None)
            self._namespaces_at = self._clock.now()
            self._set(STOCK_TAKEN_AT, 1)
        except BaseException:
            self._release()
            raise

    def poll(self) -> None:
        """Take in the kernel's events; look again at namespaces in which something began to listen."""
        self._own.prune()
        self._consume()
        events, self._pending = self._pending, []
        for event in events:
            self._take(event)
        lost_listens = self._kernel_state().lost_listens
        if lost_listens != self._lost_listens:  # a burst that the ring had no room for
            self._lost_listens = lost_listens
            self._resync.update(self._namespaces)
        if self._resync and time.monotonic() >= self._next_listing:
            began = time.process_time()
            namespaces, self._resync = self._resync, set()
            for inode in namespaces:
                self._read_again(inode)
            self._next_listing = time.monotonic() + (time.process_time() - began) / _LISTING_SHARE
        if self._clock.now() - self._namespaces_at > _NAMESPACES_EVERY_S:
            self._find_new_namespaces()

    def flush(self) -> None:
        """Emit the endpoints whose counters or verdicts moved, and slow the look at those that are settled."""
        read = self._flows.take_changed()
        for index in range(min(self._kernel_state().endpoint_count, ENDPOINTS)):
            values = ENDPOINT.unpack_from(self._counters, index * ENDPOINT.size)
            if not (values[0] or values[1]):
                continue
            # A connection moves its counters when it opens and closes, its verdict in between.
            if self._told.get(index) == values[5] and index not in read:
                continue
            self._told[index] = values[5]
            if seen := self._seen_as(index):
                self._emit(self._record(index, seen, values))
        for index in self._flows.settled - self._slowed:
            at = index * ENDPOINT.size + INTERVAL_AT
            self._counters[at : at + 4] = _SETTLED_INTERVAL_MS.to_bytes(4, "little")
            self._slowed.add(index)

    def stop(self) -> None:
        """Add what is still open to the counts, list listeners once more, and detach."""
        self.poll()
        now = self._clock.now()
        self._set(WALK_STOPS_AT, 1)
        entries = network_namespaces()
        for entry in entries:
            self._last_look(entry, now)
        for gone in self._book.namespaces() - {entry.inode for entry in entries}:
            self._book.close_namespace(gone, now)
        self._object.detach()
        self.poll()
        self._told.clear()
        self.flush()
        for session in self._silent.endpoints():
            self._emit(session)
        self._tell_losses()
        self._ended_at = self._clock.now()
        self._report = self.report()
        self._release()

    def _release(self) -> None:
        self._own.told_to(None)
        for view in ("_state", "_counters"):
            if hasattr(self, view):
                getattr(self, view).release()
        self._object.close()

    def report(self) -> SensorReport:
        """What was taken in, and what the kernel counted as lost."""
        if hasattr(self, "_report"):
            return self._report
        lost = self._unreadable_events
        if hasattr(self, "_state"):
            state = self._kernel_state()
            lost += state.lost_clients + state.lost_servers + state.lost_flows
        return SensorReport(
            name=self.name,
            started_at=getattr(self, "_started_at", 0.0),
            ended_at=self._ended_at,
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
                    self._resync.add(event.network_namespace)

    def _see(self, event: EndpointEvent) -> _Seen:
        if event.midstream:
            self._silent.speaks(event.socket_inode)
        seen = self._seen[event.endpoint] = _Seen(event, self._process_of(event))
        if event.server and event.udp:
            self._resync.add(event.network_namespace)
        return seen

    def _seen_as(self, index: int) -> _Seen | None:
        """What an endpoint is, also when the ring had no room to announce it; the kernel keeps whose it is."""
        if index in self._seen:
            return self._seen[index]
        raw = self._object.get("identities", index.to_bytes(4, "little"), ENDPOINT_IDENTITY_SIZE)
        return self._see(parse_endpoint_identity(index, raw)) if raw else None

    def _process_of(self, event: EndpointEvent) -> ProcessKey | None:
        if event.who is not None:
            key = self._table.from_kernel(event.who, exe=event.exe, cmdline=event.cmdline)
            self._table.complete(key)
            return key
        if event.socket_inode and not event.server:
            return self._holder(event.socket_inode)
        return None

    def _holder(self, inode: int) -> ProcessKey | None:
        pid = next((pid for pid in self._inodes.get(inode, []) if holds(pid, inode)), None)
        if pid is None:  # not known, or it has closed the socket or ended since, and its number may be another's
            found, _ = holders(frozenset({inode}))
            pid = next(iter(found.get(inode, [])), None)
        return None if pid is None else self._table.from_proc(pid)

    def _list(self, entry: NamespaceEntry, now: float | None) -> list[SocketEntry]:
        """List what waits for clients. One look at every process finds all holders, so there is one at most."""
        looked = False

        def pids(inode: int) -> list[int]:
            nonlocal looked
            if inode in self._inodes or not inode:  # 0: no process holds it any more
                return self._inodes.get(inode, [])
            if now is None:
                return []  # it has come since the start's own look, and its event tells who holds it
            if not looked:
                self._inodes, _ = holders()
                looked = True
            return self._inodes.setdefault(inode, [])

        return self._book.read_namespace(entry, pids, now)

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

    # ---------------------------------------------------------------- namespaces and listeners

    def _enter_namespace(self, entry: NamespaceEntry, now: float | None) -> None:
        try:
            look_into(entry, lambda entry: self._take_stock_of(entry, now))
        except SensorError as error:
            self._cannot_look(entry, error)
        self._namespaces[entry.inode] = entry

    def _take_stock_of(self, entry: NamespaceEntry, now: float | None) -> None:
        """Addresses, listeners, and connections open before the run."""
        self._emit(describe(entry, self._table.container(entry.pid) if entry.pid else ""))
        for listener in self._list(entry, now):
            self._object.set("listening", PORT_KEY.pack(entry.inode, listener.port, 0), b"\1")
        if now is None:
            inside(entry, lambda: list(self._object.iterate("open_connections")))
            self._silent.read_namespace(entry, self._started_at, self._holder)

    def _read_again(self, inode: int) -> None:
        entry = self._namespaces.get(inode)
        if entry is None:
            self._find_new_namespaces()
            entry = self._namespaces.get(inode)
        if entry is None:
            return  # gone already; its listeners were told by their own events
        try:
            self._list(entry, self._clock.now())
        except SensorError:
            self._namespaces.pop(inode, None)  # the way in is gone; another process may lead there

    def _find_new_namespaces(self) -> None:
        now = self._namespaces_at = self._clock.now()
        current = {entry.inode: entry for entry in network_namespaces()}
        for inode in list(self._namespaces):
            if inode not in current:
                del self._namespaces[inode]
                self._book.close_namespace(inode, now)
        for inode, entry in current.items():
            if inode in self._namespaces:
                self._namespaces[inode] = entry
            else:
                self._enter_namespace(entry, now)

    def _last_look(self, entry: NamespaceEntry, now: float) -> None:
        def look(entry: NamespaceEntry) -> None:
            self._emit(describe(entry, self._table.container(entry.pid) if entry.pid else ""))
            self._list(entry, now)
            inside(entry, lambda: list(self._object.iterate("open_connections")))

        try:
            look_into(entry, look)
        except SensorError as error:
            self._cannot_look(entry, error)

    def _cannot_look(self, entry: NamespaceEntry, error: SensorError) -> None:
        self._emit(
            Limitation(
                code="network-namespace-unreadable",
                rules=NETWORK_RULES,
                scope=entry.name or f"net:[{entry.inode}]",
                params={"reason": str(error)},
            )
        )

    # ---------------------------------------------------------------- counters

    def _set(self, at: int, value: int) -> None:
        self._state[at : at + 4] = value.to_bytes(4, "little")

    def _kernel_state(self) -> _KernelState:
        return _KernelState(*NETWORK_STATE.unpack_from(self._state))

    def _record(self, index: int, seen: _Seen, values: tuple[int, ...]) -> Endpoint:
        connections, refused, bytes_in, bytes_out, first, last, _last_sample, sampled, *_ = values
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
            connections=connections,
            refused=refused,
            bytes_out=bytes_out,
            bytes_in=bytes_in,
            first_seen=self._clock.epoch(first) if first else 0.0,
            last_seen=self._clock.epoch(last) if last else 0.0,
            sampled=sampled,
            uses=self._flows.uses(index),
        )

    def _tell_losses(self) -> None:
        state = self._kernel_state()
        if state.lost_segments:
            self._emit(_loss("segments-over-budget", PAYLOAD_RULES, state.lost_segments))
        if state.lost_clients:
            self._emit(_loss("clients-not-counted", CLIENT_RULES, state.lost_clients))
        if state.lost_servers or state.lost_flows:  # a connection may be of a server that nothing else came to
            rules = (RuleId.UNUSED_LISTENING_TCP_PORT, RuleId.INSECURE_SERVER_PROTOCOL)
            self._emit(_loss("listeners-not-counted", rules, state.lost_servers + state.lost_flows))


def _loss(code: str, rules: tuple[RuleId, ...], count: int) -> Limitation:
    return Limitation(code=code, rules=rules, params={"count": str(count)})
