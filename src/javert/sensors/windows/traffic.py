"""Puts together connections, bytes and payload, from whichever source tells of them, to endpoints.

Connections come from events (``events``) or from listing sockets, payload from raw sockets (``payload``), in no
certain order: so payload of a connection nobody has told of yet is kept for a moment.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from typing import NamedTuple

import msgspec

from javert.formats.addresses import address_text, is_loopback
from javert.formats.packets import SYN, TCP, turned
from javert.formats.packets import Segment as Packet
from javert.model.ports import CLEARTEXT_TCP_PORTS
from javert.model.telemetry import (
    Encryption,
    Endpoint,
    Evidence,
    ProcessKey,
    ProtocolUse,
    Role,
    Transport,
)
from javert.sensors.flows import FlowOrigin, FlowReader, Segment
from javert.sensors.own_flows import OwnFlows
from javert.sensors.windows.place import NETWORK

MOST_FLOWS = 65536
"""Connections followed at once; of more, those that were silent the longest are forgotten first."""
CLOSED_S = 5.0
"""How long a closed connection is kept, for what is told of it late."""
IDLE_S = 60.0
"""After so long without a datagram, the next one is another flow."""
KEPT_PACKETS, KEPT_FLOWS, KEPT_S = 16, 512, 5.0
"""Payload of connections nobody has told of yet: packets of each, connections, seconds."""
_FIRST_SAMPLES, _SAMPLE_EVERY_S, _SETTLED_EVERY_S = 24, 0.125, 1.0
"""Flows of an endpoint whose payload is read: the first so many, then one so often, once settled more rarely."""
_MOST_PAYLOAD = 1024
_IPV4_ENDS = 12


class FlowKey(NamedTuple):
    """A flow as one side of it sees it: ``ends`` are its own address first, as in ``javert.formats.packets``."""

    transport: Transport
    ends: bytes

    @property
    def other_side(self) -> "FlowKey":
        """The same flow as the other side sees it."""
        return FlowKey(self.transport, turned(self.ends))

    @property
    def local(self) -> tuple[str, int]:
        """Its own address and port."""
        size = len(self.ends) - 4 >> 1
        return address_text(self.ends[:size]), int.from_bytes(self.ends[-4:-2], "big")

    @property
    def remote(self) -> tuple[str, int]:
        """Address and port of the other side."""
        size = len(self.ends) - 4 >> 1
        return address_text(self.ends[size:-4]), int.from_bytes(self.ends[-2:], "big")


class _Flow(msgspec.Struct):
    """A connection, or what two UDP sockets send each other.

    Attributes:
        pid: of the process here; 0 if that is not known.
        number: tells it from others that had the same ends before.
        endpoint: what it belongs to.
        counted: it has carried traffic of the run, or began in it.
        midstream: it was open before the run.
        sampled: whether its payload is read; None as long as there was none.
        bases: sequence number of the first payload octet, by direction (sent, received).
    """

    pid: int
    number: int
    endpoint: "_Counted"
    counted: bool
    midstream: bool
    last: float
    sampled: bool | None = None
    closed: bool = False
    bases: dict[bool, int] = {}


class _Counted(msgspec.Struct):
    id: int
    role: Role
    transport: Transport
    address: str
    port: int
    process: ProcessKey | None
    peer_loopback: bool
    prompted: bool
    readable: bool
    first: float
    last: float
    connections: int = 0
    bytes_out: int = 0
    bytes_in: int = 0
    sampled: int = 0
    sampled_at: float = 0.0
    changed: bool = True


class TrafficBook:
    """All traffic during the run.

    Args:
        own: Javert's own flows, which are left out.
        process: who has a process id.
        payload: whether payload is read at all. Where it is not, ports are all the evidence there is.
    """

    def __init__(self, own: OwnFlows, process: Callable[[int], ProcessKey | None], *, payload: bool) -> None:
        self._own = own
        self._process = process
        self._payload = payload
        self._flows: OrderedDict[FlowKey, _Flow] = OrderedDict()
        self._endpoints: dict[Hashable, _Counted] = {}
        self._by_id: list[_Counted] = []
        self._reader = FlowReader()
        self._early: OrderedDict[FlowKey, deque[tuple[Packet, bool, float]]] = OrderedDict()
        self._numbers = 0
        self.records = 0
        """Connections that were counted."""
        self.received_from_others = 0
        """Bytes that came over IPv4 from other hosts, as the source of connections tells."""

    # ---------------------------------------------------------------- connections

    def knows(self, key: FlowKey) -> bool:
        """Whether the flow is there, and open."""
        flow = self._flows.get(key)
        return flow is not None and not flow.closed

    def holds(self, key: FlowKey, pid: int) -> bool:
        """Whether the flow is there, and this process's."""
        flow = self._flows.get(key)
        return flow is not None and flow.pid == pid

    def opened(self, key: FlowKey, role: Role, pid: int, at: float, *, before: bool = False) -> None:
        """A flow began, or was found.

        Args:
            key: as the process here sees it.
            role: of that process.
            pid: of that process; 0 if that is not known.
            at: when, seconds since the epoch.
            before: it was open before the run, and is counted once it carries something.
        """
        if self._is_own(key):
            return
        known = self._flows.get(key)
        if known is not None and not known.closed and (before or not known.counted):
            if not before:  # it was listed before its beginning was told of
                known.midstream = False
                self._count(known, at)
            return
        self._numbers += 1
        flow = _Flow(pid, self._numbers, self._endpoint(key, role, pid, at), False, before, at, bases={})
        self._flows[key] = flow
        self._flows.move_to_end(key)
        if not before:
            self._count(flow, at)
        for packet, sent, when in self._early.pop(key, ()):
            self._read(key, flow, packet, sent, when)

    def data(self, key: FlowKey, role: Role, pid: int, *, sent: bool, size: int, at: float) -> None:
        """A process sent or received something.

        Args:
            key: as the process sees the flow.
            role: of the process, if the flow is not known yet.
            pid: of the process.
            sent: it sent; else it received.
            size: bytes of payload.
            at: when, seconds since the epoch.
        """
        flow = self._flows.get(key)
        if flow is not None and key.transport is Transport.UDP and at - flow.last > IDLE_S:
            flow.closed = True
        if flow is None or flow.closed:
            self.opened(key, role, pid, at, before=key.transport is Transport.TCP)
            flow = self._flows.get(key)
        if flow is None:
            return  # Javert's own
        self._count(flow, at)
        self._flows.move_to_end(key)
        flow.last = max(flow.last, at)
        if sent:
            flow.endpoint.bytes_out += size
        else:
            flow.endpoint.bytes_in += size
            if len(key.ends) == _IPV4_ENDS and not is_loopback(key.remote[0]):
                self.received_from_others += size

    def closed(self, key: FlowKey, at: float) -> None:
        """A connection ended."""
        flow = self._flows.get(key)
        if flow is not None:
            flow.closed = True
            flow.last = at

    def prune(self, now: float) -> None:
        """Forget what is over, and what there is no room for."""
        for key, flow in list(self._flows.items()):
            over = flow.closed or key.transport is Transport.UDP
            if over and now - flow.last > (CLOSED_S if flow.closed else IDLE_S):
                del self._flows[key]
        while len(self._flows) > MOST_FLOWS:
            self._flows.popitem(last=False)
        while self._early and now - next(iter(self._early.values()))[0][2] > KEPT_S:
            self._early.popitem(last=False)

    def settle(self) -> None:
        """The run ends: of a session from before it that said nothing, only the port tells what it may be."""
        for flow in self._flows.values():
            endpoint = flow.endpoint
            if not flow.counted and endpoint.role is Role.CLIENT and endpoint.port in CLEARTEXT_TCP_PORTS:
                endpoint.readable = endpoint.readable and bool(endpoint.connections)
                self._count(flow, flow.last)

    def _is_own(self, key: FlowKey) -> bool:
        return any(self._own.has(key.transport, NETWORK, *end) for end in (key.local, key.remote))

    def _count(self, flow: _Flow, at: float) -> None:
        endpoint = flow.endpoint
        if not flow.counted:
            flow.counted = True
            endpoint.connections += 1
            self.records += 1
        endpoint.first = min(endpoint.first, at)
        endpoint.last = max(endpoint.last, at)
        endpoint.changed = True

    def _endpoint(self, key: FlowKey, role: Role, pid: int, at: float) -> _Counted:
        process = self._process(pid)
        server = role is Role.SERVER
        address, port = key.local if server else key.remote
        peer_loopback = server and is_loopback(key.remote[0])
        prompted = not server and self._own.asks(pid)
        identity = (role, key.transport, address, port, process, peer_loopback, prompted)
        counted = self._endpoints.get(identity)
        if counted is None:
            counted = self._endpoints[identity] = _Counted(
                id=len(self._by_id),
                role=role,
                transport=key.transport,
                address=address,
                port=port,
                process=process,
                peer_loopback=peer_loopback,
                prompted=prompted,
                readable=self._payload and ":" not in address,
                first=at,
                last=at,
            )
            self._by_id.append(counted)
        return counted

    # ---------------------------------------------------------------- payload

    def packet(self, packet: Packet, at: float) -> None:
        """Take in a packet that this host sent or received; what goes from the host to itself is both."""
        transport = Transport.TCP if packet.protocol == TCP else Transport.UDP
        sent = FlowKey(transport, packet.ends)
        known = False
        for key, outward in ((sent, True), (sent.other_side, False)):
            flow = self._flows.get(key)
            began_anew = flow is not None and flow.closed and (packet.flags & SYN or key in self._early)
            if flow is not None and not began_anew:
                known = True
                self._read(key, flow, packet, outward, at)
        if not known:
            self._keep(sent, packet, at)

    def _keep(self, sent: FlowKey, packet: Packet, at: float) -> None:
        if not packet.length and not packet.flags & SYN:
            return
        for key, outward in ((sent, True), (sent.other_side, False)):
            kept = self._early.setdefault(key, deque())
            if len(kept) < KEPT_PACKETS:
                kept.append((packet._replace(payload=packet.payload[:_MOST_PAYLOAD]), outward, at))
        while len(self._early) > 2 * KEPT_FLOWS:
            self._early.popitem(last=False)

    def _read(self, key: FlowKey, flow: _Flow, packet: Packet, sent: bool, at: float) -> None:
        if key.transport is Transport.TCP:
            if packet.flags & SYN:
                flow.bases[sent] = packet.sequence + 1
            flow.bases.setdefault(sent, packet.sequence)
        if not packet.length or not self._sampled(flow, at):
            return
        endpoint = flow.endpoint
        offset = (packet.sequence - flow.bases.get(sent, 0)) & 0xFFFFFFFF
        client = endpoint.role is Role.CLIENT
        self._reader.take(
            (key, flow.number),
            FlowOrigin(endpoint.id, endpoint.role, key.transport, endpoint.port, flow.midstream),
            Segment(
                to_server=sent is client,
                offset=offset - (1 << 32) if offset >= 1 << 31 else offset,
                data=packet.payload[:_MOST_PAYLOAD],
                length=packet.length,
                at=at,
            ),
        )

    def _sampled(self, flow: _Flow, at: float) -> bool:
        if flow.sampled is None:
            endpoint = flow.endpoint
            pause = _SETTLED_EVERY_S if endpoint.id in self._reader.settled else _SAMPLE_EVERY_S
            flow.sampled = endpoint.sampled < _FIRST_SAMPLES or at - endpoint.sampled_at >= pause
            if flow.sampled:
                endpoint.sampled += 1
                endpoint.sampled_at = at
        return flow.sampled

    # ---------------------------------------------------------------- records

    def changes(self) -> list[Endpoint]:
        """The endpoints of which something new is known, cumulative."""
        for endpoint in self._reader.take_changed():
            self._by_id[endpoint].changed = True
        changed = [counted for counted in self._by_id if counted.changed and counted.connections]
        for counted in changed:
            counted.changed = False
        return [self._record(counted) for counted in changed]

    def _record(self, counted: _Counted) -> Endpoint:
        uses = self._reader.uses(counted.id)
        told_by_port = counted.role is Role.CLIENT and counted.transport is Transport.TCP
        if not uses and not counted.readable and told_by_port:
            uses = (_by_port(counted),)
        return Endpoint(
            id=counted.id,
            role=counted.role,
            transport=counted.transport,
            network_namespace=NETWORK,
            address=counted.address,
            port=counted.port,
            process=counted.process,
            peer_loopback=counted.peer_loopback,
            prompted=counted.prompted,
            connections=counted.connections,
            bytes_out=counted.bytes_out,
            bytes_in=counted.bytes_in,
            first_seen=counted.first,
            last_seen=counted.last,
            sampled=counted.sampled,
            uses=uses,
        )


def _by_port(counted: _Counted) -> ProtocolUse:
    return ProtocolUse(
        protocol="unknown",
        encryption=Encryption.UNKNOWN,
        evidence=Evidence.PORT,
        flows=counted.connections,
        first_seen=counted.first,
        last_seen=counted.last,
    )
