"""The flows of a capture while their packets come.

Memory grows with the flows that are open: payload of a flow is dropped when its verdict is final or the flow ends,
a flow when it has been silent for long; beyond fixed numbers the longest silent give way.
"""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address

import msgspec

from javert.formats.packets import ACK, FIN, RST, SYN, TCP, Segment
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
_DIRECTIONS = (Direction.TO_SERVER, Direction.TO_CLIENT)


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


class TrackedFlow:
    """A flow while its packets come. Index 0 is the side taken for the client, 1 the other."""

    __slots__ = (
        "accepted",
        "base",
        "bytes",
        "ended",
        "first_seen",
        "initial",
        "keys",
        "last_seen",
        "reset",
        "session",
        "sides",
        "swapped",
        "syn",
        "transport",
        "tunnel",
        "verdict",
    )

    def __init__(self, segment: Segment, transport: Transport, *, reverse: bool, time: float) -> None:
        source = (segment.source, segment.source_port)
        destination = (segment.destination, segment.destination_port)
        self.sides = (destination, source) if reverse else (source, destination)
        self.transport = transport
        self.keys: tuple[bytes, bytes] = (b"", b"")
        self.base: list[int | None] = [None, None]
        self.bytes = [0, 0]
        self.ended = [False, False]
        self.reset = False
        self.syn = False
        self.initial = -1
        self.accepted = False
        self.session: Session | None = None
        self.verdict: Verdict | None = None
        self.swapped = False
        self.tunnel = False
        self.first_seen = self.last_seen = time

    def settle(self) -> None:
        """Take the verdict as it is and let go of the payload."""
        if self.session is not None:
            self.verdict = self.session.verdict()
            self.swapped = self.session.sides_exchanged
            self.session = None

    def feed(self, direction: int, sequence: int, payload: bytes, length: int) -> None:
        """Give a segment's payload to the session, which begins with the first."""
        session = self.session
        if session is None:
            if self.verdict is not None:
                return
            midstream = self.transport is Transport.TCP and not self.syn
            port = self.sides[1][1]
            session = self.session = Session(
                FlowHint(transport=self.transport, server_port=port, midstream=midstream)
            )
        if self.transport is Transport.TCP:
            base = self.base[direction]
            if base is None:
                base = self.base[direction] = sequence
            if self.bytes[direction] < _LONGEST_STREAM:
                offset = ((sequence - base + 0x80000000) & 0xFFFFFFFF) - 0x80000000
                session.segment(_DIRECTIONS[direction], offset, payload, length)
        else:
            session.datagram(_DIRECTIONS[direction], payload, length)
        if session.decided:
            self.settle()

    def flow(self) -> Flow:
        """What is reported of it."""
        self.settle()
        verdict = self.verdict or Verdict(protocol=Protocol.UNKNOWN)
        client, server = self.sides
        to_server, to_client = self.bytes
        unguessed = self.transport is Transport.TCP and not self.syn
        known = verdict.protocol is not Protocol.UNKNOWN
        if self.swapped or (unguessed and not known and client[1] < 1024 <= server[1]):
            client, server, to_server, to_client = server, client, to_client, to_server
        return Flow(
            transport=self.transport,
            client_address=_text(client[0]),
            client_port=client[1],
            server_address=_text(server[0]),
            server_port=server[1],
            verdict=verdict,
            midstream=unguessed,
            completed=self.transport is Transport.UDP or not self.syn or self.accepted,
            bytes_to_server=to_server,
            bytes_to_client=to_client,
            first_seen=self.first_seen,
            last_seen=self.last_seen,
        )


class FlowTable:
    """Assigns segments to flows, and gives out flows that have ended.

    Attributes:
        ended: flows that have ended and were not taken out yet; the reader empties it.
        tcp, udp: flows by the addresses and ports of a segment, in network order; with each the direction.
    """

    def __init__(self) -> None:
        self.ended: list[Flow] = []
        self.tcp: dict[bytes, tuple[TrackedFlow, int]] = {}
        self.udp: dict[bytes, tuple[TrackedFlow, int]] = {}

    def take(self, segment: Segment, time: float) -> TrackedFlow:
        """Take in a segment or datagram; the flow it belongs to."""
        if segment.protocol == TCP:
            return self._take_tcp(segment, time)
        tracked, direction = self._find(segment, Transport.UDP, time, reverse=False)
        tracked.last_seen = time
        tracked.bytes[direction] += segment.length
        if segment.payload:
            tracked.feed(direction, 0, segment.payload, segment.length)
        return tracked

    def _take_tcp(self, segment: Segment, time: float) -> TrackedFlow:
        flags = segment.flags
        opens = flags & (SYN | RST) == SYN
        if opens:
            self._end_predecessor(segment)
        answers = opens and bool(flags & ACK)
        tracked, direction = self._find(segment, Transport.TCP, time, reverse=answers)
        tracked.last_seen = time
        if opens:
            tracked.syn = True
            if tracked.base[direction] is None:
                tracked.base[direction] = segment.sequence + 1 & 0xFFFFFFFF
        elif direction == 0 and flags & ACK and not flags & RST and tracked.base[1] is not None:
            tracked.accepted = True
        if segment.length:
            tracked.accepted = tracked.accepted or not opens
            tracked.bytes[direction] += segment.length
            # A SYN may carry data (TCP Fast Open, RFC 7413); its sequence number is that of the SYN.
            sequence = segment.sequence + 1 & 0xFFFFFFFF if opens else segment.sequence
            if segment.payload:
                tracked.feed(direction, sequence, segment.payload, segment.length)
        if flags & RST:
            tracked.ended = [True, True]
            tracked.settle()
        elif flags & FIN:
            tracked.ended[direction] = True
            if all(tracked.ended) and not segment.length:
                tracked.settle()
        return tracked

    def _end_predecessor(self, segment: Segment) -> None:
        """A SYN on a connection that has ended, or with another sequence number, begins another connection."""
        entry = self.tcp.get(_key(segment))
        if entry is None:
            return
        tracked, direction = entry
        base = tracked.base[direction]
        fresh = base is not None and base != segment.sequence + 1 & 0xFFFFFFFF
        if fresh and (tracked.syn or any(tracked.bytes)) and not segment.flags & ACK:
            self._end(tracked)

    def _find(
        self, segment: Segment, transport: Transport, time: float, *, reverse: bool
    ) -> tuple[TrackedFlow, int]:
        table = self.tcp if transport is Transport.TCP else self.udp
        key = _key(segment)
        entry = table.get(key)
        if entry is not None:
            return entry
        tracked = TrackedFlow(segment, transport, reverse=reverse, time=time)
        back = segment.destination + segment.source + key[-2:] + key[-4:-2]
        tracked.keys = (back, key) if reverse else (key, back)
        table[tracked.keys[1]] = (tracked, 1)
        table[tracked.keys[0]] = (tracked, 0)
        return tracked, int(reverse)

    def _end(self, tracked: TrackedFlow) -> None:
        table = self.tcp if tracked.transport is Transport.TCP else self.udp
        for key in tracked.keys:
            table.pop(key, None)
        self.ended.append(tracked.flow())

    def end_all(self) -> None:
        """End every flow: the capture is over."""
        for table in (self.tcp, self.udp):
            for key in tuple(table):
                if key in table:  # the other direction's entry may have taken it out
                    self._end(table[key][0])

    def sweep(self, time: float) -> int:
        """End flows that have been silent for long, and let go of what exceeds the bounds.

        Returns:
            After how many packets to sweep again.
        """
        flows = {id(entry[0]): entry[0] for table in (self.tcp, self.udp) for entry in table.values()}
        alive = []
        for tracked in flows.values():
            patience = _CLOSED_IDLE_S if all(tracked.ended) else _IDLE_S[tracked.transport]
            if time - tracked.last_seen > patience:
                self._end(tracked)
            else:
                alive.append(tracked)
        held = sum(tracked.session.kept for tracked in alive if tracked.session is not None)
        if held > _HELD_BYTES or len(alive) > _OPEN_FLOWS:
            alive.sort(key=lambda tracked: tracked.last_seen)
            excess = max(0, len(alive) - _OPEN_FLOWS)
            for tracked in alive[:excess]:
                self._end(tracked)
            alive = alive[excess:]
            held = sum(tracked.session.kept for tracked in alive if tracked.session is not None)
            for tracked in alive:
                if held <= _HELD_BYTES // 2:
                    break
                held -= tracked.session.kept if tracked.session is not None else 0
                tracked.settle()
        return max(_SWEEP_PACKETS, len(alive))


def _key(segment: Segment) -> bytes:
    ports = segment.source_port << 16 | segment.destination_port
    return segment.source + segment.destination + ports.to_bytes(4, "big")


@lru_cache(maxsize=4096)
def _text(address: bytes) -> str:
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(parsed)
