"""The flows of a capture while their packets come.

Memory grows with the flows that are open: payload of a flow is dropped when its verdict is final or the flow ends,
a flow when it has been silent for long; beyond fixed numbers the longest silent give way.
"""

import msgspec

from javert.formats.addresses import address_text
from javert.formats.packets import ACK, FIN, RST, SYN, TCP, Segment, turned
from javert.model.telemetry import Evidence, Transport
from javert.protocols.interface import Direction, FlowHint, Protocol, Verdict
from javert.protocols.session import Session

_SWEEP_PACKETS = 1 << 15
"""After how many packets silent flows are looked for; as many packets as flows, if that is more."""
_IDLE_S = {Transport.TCP: 3600.0, Transport.UDP: 300.0}
_CLOSED_IDLE_S = 60.0
_OPEN_FLOWS = 50_000
_HELD_BYTES = 64 << 20
"""How much payload undecided flows may hold together; beyond, the longest silent are judged by what they said."""
_LONGEST_STREAM = 1 << 30
"""Beyond this many payload bytes sequence numbers have wrapped, and nothing new is learnt."""
_HALF, _WHOLE = 1 << 31, (1 << 32) - 1
_NOWHERE = -_HALF
_BY_CLIENT, _BY_SERVER, _BY_BOTH = 1, 2, 3
_NOTHING = Verdict(protocol=Protocol.UNKNOWN)


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """One TCP connection or UDP conversation of a capture.

    Attributes:
        client_address, client_port, server_address, server_port: who opened it with whom; guessed where the
            beginning is not in the capture (``midstream``) and for UDP.
        verdict: what it is.
        evidence: always payload: a capture holds no other.
        midstream: (TCP) the handshake is not in the capture.
        completed: (TCP) the connection came about; (UDP) always true.
        bytes_to_server, bytes_to_client: payload on the wire, retransmissions included.
        first_seen, last_seen: seconds since the epoch.
    """

    transport: Transport
    client_address: str
    client_port: int
    server_address: str
    server_port: int
    verdict: Verdict
    evidence: Evidence = Evidence.PAYLOAD
    midstream: bool = False
    completed: bool = True
    bytes_to_server: int = 0
    bytes_to_client: int = 0
    first_seen: float = 0.0
    last_seen: float = 0.0


class Side:
    """What one side of a flow sends.

    Attributes:
        direction: towards whom.
        bytes: payload on the wire so far.
        base: (TCP) the sequence number of its first payload octet; -1 if it is not known yet.
        past: (TCP) nothing is kept of what begins so far along the stream, or further.
    """

    __slots__ = ("base", "bytes", "direction", "past")

    def __init__(self, direction: Direction) -> None:
        self.direction = direction
        self.bytes = 0
        self.base = -1
        self.past = _HALF

    def place(self, sequence: int) -> int:
        """Where in the stream a sequence number is; the first ever asked for is the beginning if none was known."""
        if self.base < 0:
            self.base = sequence
        return (sequence - self.base + _HALF & _WHOLE) - _HALF


class TrackedFlow:
    """A flow while its packets come.

    Attributes:
        ends: addresses and ports as in a segment of the side taken for the client.
        client, server: that side, and the other.
        accepted: (TCP) the connection came about.
        closed: by whom: bit 1 the client, bit 2 the server.
        verdict: once it is settled; then payload no longer matters.
        tunnel: it carries other flows.
    """

    __slots__ = (
        "accepted",
        "client",
        "closed",
        "ends",
        "first_seen",
        "last_seen",
        "server",
        "session",
        "swapped",
        "syn",
        "transport",
        "tunnel",
        "verdict",
    )

    def __init__(self, ends: bytes, transport: Transport, time: float) -> None:
        self.ends = ends
        self.transport = transport
        self.client = Side(Direction.TO_SERVER)
        self.server = Side(Direction.TO_CLIENT)
        self.closed = 0
        self.syn = self.accepted = self.swapped = self.tunnel = False
        self.session: Session | None = None
        self.verdict: Verdict | None = None
        self.first_seen = self.last_seen = time

    def settle(self) -> None:
        """Take the verdict as it is and let go of the payload."""
        if self.session is not None:
            self.verdict = self.session.verdict()
            self.swapped = self.session.sides_exchanged
            self.session = None

    def _begin(self) -> Session:
        midstream = self.transport is Transport.TCP and not self.syn
        port = int.from_bytes(self.ends[-2:], "big")
        self.session = Session(FlowHint(transport=self.transport, server_port=port, midstream=midstream))
        return self.session

    def segment(self, side: Side, place: int, payload: bytes, length: int) -> None:
        """Give a TCP segment's payload to the session, which begins with the first; not once it is settled."""
        if side.bytes >= _LONGEST_STREAM:
            side.past = _NOWHERE
            return
        session = self.session or self._begin()
        side.past = session.segment(side.direction, place, payload, length)
        if session.decided:
            self.settle()

    def completed_by(self, side: Side, flags: int) -> bool:
        """Whether a segment is the client's acknowledgment of the server's SYN."""
        return flags & (ACK | RST) == ACK and side is self.client and self.server.base >= 0

    def datagram(self, side: Side, payload: bytes, length: int) -> None:
        """Give a datagram's payload to the session; not once it is settled."""
        session = self.session or self._begin()
        session.datagram(side.direction, payload, length)
        if session.decided:
            self.settle()

    def flow(self) -> Flow:
        """What is reported of it."""
        if self.session is not None:
            self.settle()
        verdict = self.verdict or _NOTHING
        ends, client, server = self.ends, self.client, self.server
        tcp = self.transport is Transport.TCP
        unguessed = tcp and not self.syn
        if self.swapped or (unguessed and verdict.protocol is Protocol.UNKNOWN and _from_service(ends)):
            ends, client, server = turned(ends), server, client
        half = len(ends) - 4 >> 1
        return Flow(
            transport=self.transport,
            client_address=address_text(ends[:half]),
            client_port=ends[-4] << 8 | ends[-3],
            server_address=address_text(ends[half:-4]),
            server_port=ends[-2] << 8 | ends[-1],
            verdict=verdict,
            midstream=unguessed,
            completed=not tcp or unguessed or self.accepted,
            bytes_to_server=client.bytes,
            bytes_to_client=server.bytes,
            first_seen=self.first_seen,
            last_seen=self.last_seen,
        )


Sent = tuple[TrackedFlow, Side]
"""Whose a segment is: the flow, and the side that sent it."""


class FlowTable:
    """Assigns segments to flows, and gives out flows that have ended.

    Attributes:
        ended: flows that have ended and were not taken out yet; the reader empties it.
        tcp, udp: who sends a segment, by the segment's addresses and ports (``Segment.ends``).
    """

    def __init__(self) -> None:
        self.ended: list[Flow] = []
        self.tcp: dict[bytes, Sent] = {}
        self.udp: dict[bytes, Sent] = {}

    def take(self, segment: Segment, time: float) -> TrackedFlow:
        """Take in a segment or datagram; the flow it belongs to."""
        protocol, ends, sequence, flags, payload, length = segment
        if protocol == TCP:
            return self.take_tcp(ends, sequence, flags, payload, length, time)
        return self.take_udp(ends, payload, length, time)

    def take_udp(self, ends: bytes, payload: bytes, length: int, time: float) -> TrackedFlow:
        """The same with the parts of a datagram, which need no object of their own where there are millions."""
        flow, side = self.udp.get(ends) or self._open(ends, Transport.UDP, time)
        flow.last_seen = time
        side.bytes += length
        if payload and flow.verdict is None:
            flow.datagram(side, payload, length)
        return flow

    def take_tcp(  # noqa: PLR0917 - names at the call cost time, and there is one call for plain frames
        self, ends: bytes, sequence: int, flags: int, payload: bytes, length: int, time: float
    ) -> TrackedFlow:
        """The same with the parts of a TCP segment."""
        opens = flags & (SYN | RST) == SYN
        entry = self.tcp.get(ends)
        if opens and entry is not None and not flags & ACK and _has_begun(*entry, sequence):
            self._end(entry[0])
            entry = None
        flow, side = entry or self._open(ends, Transport.TCP, time, answers=opens and flags & ACK != 0)
        flow.last_seen = time
        if opens:
            flow.syn = True
            # A SYN may carry data (TCP Fast Open, RFC 7413); its sequence number is that of the SYN.
            sequence = sequence + 1 & _WHOLE
            if side.base < 0:
                side.base = sequence
        elif length or flow.completed_by(side, flags):
            flow.accepted = True
        if length:
            side.bytes += length
            if payload and flow.verdict is None and (place := side.place(sequence)) < side.past:
                flow.segment(side, place, payload, length)
        if flags & RST:
            flow.closed = _BY_BOTH
            flow.settle()
        elif flags & FIN:
            flow.closed |= _BY_CLIENT if side is flow.client else _BY_SERVER
            if flow.closed == _BY_BOTH and not length:
                flow.settle()
        return flow

    def _open(self, ends: bytes, transport: Transport, time: float, *, answers: bool = False) -> Sent:
        """A new flow, and its side that sent this; ``answers``: that is not the client."""
        back = turned(ends)
        table = self.tcp if transport is Transport.TCP else self.udp
        flow = TrackedFlow(back if answers else ends, transport, time)
        client, server = (flow, flow.client), (flow, flow.server)
        # In this order: who sends to himself has the same addresses and ports both ways.
        table[ends if answers else back] = server
        table[flow.ends] = client
        return server if answers else client

    def _end(self, flow: TrackedFlow) -> None:
        table = self.tcp if flow.transport is Transport.TCP else self.udp
        table.pop(flow.ends, None)
        table.pop(turned(flow.ends), None)
        self.ended.append(flow.flow())

    def _flows(self) -> list[TrackedFlow]:
        return [flow for table in (self.tcp, self.udp) for flow, side in table.values() if side is flow.client]

    def end_all(self) -> None:
        """End every flow: the capture is over."""
        for flow in self._flows():
            self._end(flow)

    def sweep(self, time: float) -> int:
        """End flows that have been silent for long, and let go of what exceeds the bounds.

        Returns:
            After how many packets to sweep again.
        """
        alive = []
        for flow in self._flows():
            idle = time - flow.last_seen
            if idle > _CLOSED_IDLE_S and (flow.closed == _BY_BOTH or idle > _IDLE_S[flow.transport]):
                self._end(flow)
            else:
                alive.append(flow)
        held = sum(flow.session.kept for flow in alive if flow.session is not None)
        if held > _HELD_BYTES or len(alive) > _OPEN_FLOWS:
            alive.sort(key=lambda flow: flow.last_seen)
            excess = max(0, len(alive) - _OPEN_FLOWS)
            for flow in alive[:excess]:
                self._end(flow)
            alive = alive[excess:]
            held = sum(flow.session.kept for flow in alive if flow.session is not None)
            for flow in alive:
                if held <= _HELD_BYTES // 2:
                    break
                held -= flow.session.kept if flow.session is not None else 0
                flow.settle()
        return max(_SWEEP_PACKETS, len(alive))


def _has_begun(flow: TrackedFlow, side: Side, sequence: int) -> bool:
    """Whether a SYN with this sequence number begins another connection, because this one had its own."""
    fresh = side.base >= 0 and side.base != sequence + 1 & _WHOLE
    return fresh and (flow.syn or flow.client.bytes + flow.server.bytes > 0)


def _from_service(ends: bytes) -> bool:
    """The side taken for the client has the port of a service, the other has not."""
    return (ends[-4] << 8 | ends[-3]) < 1024 <= (ends[-2] << 8 | ends[-1])
