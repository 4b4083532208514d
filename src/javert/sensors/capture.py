"""A capture as a sensor: packets in, flows and endpoints out.

Memory grows with the flows that are open, not with the file: payload of a flow is dropped when its verdict is final
or the flow ends, a flow when it has been silent for long. What a capture cannot tell is who: the endpoints carry no
process.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import BinaryIO

import msgspec

from javert.formats.capture_file import CaptureFile, Readable
from javert.formats.gunzip import Gunzip
from javert.formats.packets import ACK, FIN, PSH, RST, SYN, TCP, Decoder, Segment, link_type_known
from javert.model.rule_id import RuleId
from javert.model.telemetry import (
    Endpoint,
    Evidence,
    Limitation,
    ProtocolUse,
    Role,
    Transport,
)
from javert.protocols.interface import Direction, FlowHint, Protocol, Verdict
from javert.protocols.session import Session

_NETWORK_RULES = (
    RuleId.INSECURE_CLIENT_LOGIN,
    RuleId.INSECURE_CLIENT_GENERAL,
    RuleId.INSECURE_SERVER_PROTOCOL,
)
_SWEEP_PACKETS = 1 << 16
_IDLE_S = {Transport.TCP: 3600.0, Transport.UDP: 300.0}
_CLOSED_IDLE_S = 60.0
_OPEN_FLOWS = 200_000
_OPEN_SESSIONS = 10_000
"""How many flows may hold payload; beyond, the verdict of those longest silent is taken as it is."""
_LONGEST_STREAM = 1 << 30
"""Beyond this many payload bytes sequence numbers have wrapped, and nothing new is learnt."""
# Where the IP header begins in a frame without tags and options, and where its ethertype stands (-1: nowhere).
_PLAIN_LINKS = {1: (14, 12), 113: (16, 14), 276: (20, 0), 101: (0, -1), 12: (0, -1), 228: (0, -1), 0: (4, -1)}
_CHECKPOINTS = frozenset((2, 4, 8, 16, 32, 64, 128, 256))
"""After how many segments with payload a session is asked whether it is decided."""
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


class _Tracked:
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
        "segments",
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
        self.segments = 0
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
        self.segments += 1
        if self.segments in _CHECKPOINTS and session.decided:
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


class CaptureReader:
    """The flows of one capture, each yielded when it has ended; iterate once.

    Attributes:
        packets: how many were read so far.
        limitations: what could not be read; complete once the iteration ended.

    Raises:
        ParseError: (at construction) the stream is no capture.
    """

    def __init__(self, stream: BinaryIO, progress: Callable[[int], None] | None = None) -> None:
        source = _Source(stream, progress)
        self._file = CaptureFile(Gunzip(source) if source.beginning.startswith(b"\x1f\x8b") else source)
        self._decoder = Decoder()
        self._tables: dict[int, dict[bytes, tuple[_Tracked, int]]] = {6: {}, 17: {}}
        self._ended: list[Flow] = []
        self._unknown_links: dict[int, int] = {}
        self._sessions = 0
        self.packets = 0

    def __iter__(self) -> Iterator[Flow]:
        time = 0.0
        fast = self._fast
        for link_type, time, frame, _ in self._file:
            self.packets += 1
            if not fast(link_type, frame, time):
                self._slow(link_type, frame, time)
            if self._ended or not self.packets % _SWEEP_PACKETS:
                if not self.packets % _SWEEP_PACKETS:
                    self._sweep(time)
                yield from self._ended
                self._ended.clear()
        for segment in self._decoder.flush():
            self._take(segment, time)
        for table in self._tables.values():
            while table:
                tracked, _ = next(iter(table.values()))
                self._end(tracked)
        yield from self._ended
        self._ended.clear()

    @property
    def limitations(self) -> tuple[Limitation, ...]:
        """What of the capture could not be read, so far."""
        found = []
        damage = self._file.damage
        if damage is not None:
            found.append(
                Limitation(
                    code=f"capture-{damage.reason}", rules=_NETWORK_RULES, params={"offset": str(damage.offset)}
                )
            )
        for link_type, frames in self._unknown_links.items():
            params = {"link_type": str(link_type), "frames": str(frames)}
            found.append(
                Limitation(
                    code="capture-link-type",
                    rules=_NETWORK_RULES,
                    scope=str(link_type),
                    params=params,
                    blinds=frames == self.packets,
                )
            )
        return tuple(found)

    def _fast(self, link_type: int, frame: bytes, time: float) -> bool:
        """Handle a packet of a flow that is known, in a frame without tags, options or fragments.

        Nothing is learnt here that ``_slow`` would not learn; it only takes a tenth of the time.
        """
        where = _PLAIN_LINKS.get(link_type)
        if where is None or len(frame) < where[0] + 40:
            return False
        at, kind = where
        if frame[at] != 0x45 or (kind >= 0 and frame[kind : kind + 2] != b"\x08\x00"):
            return False
        table = self._tables.get(frame[at + 9])
        if table is None:
            return False
        entry = table.get(frame[at + 12 : at + 24])
        if entry is None or frame[at + 6] & 0x3F or frame[at + 7]:
            return False
        if frame[at + 9] != TCP:
            return self._fast_datagram(frame, at, entry, time)
        tracked, direction = entry
        total = frame[at + 2] << 8 | frame[at + 3]
        flags = frame[at + 33]
        header = 20 + (frame[at + 32] >> 4) * 4
        length = total - header
        if flags & (SYN | FIN | RST) or not total or (length <= 6 and length and not flags & PSH):
            return False  # the state of the connection changes, or the payload may be padding
        if length > 0:
            tracked.bytes[direction] += length
            if tracked.verdict is None:
                sequence = int.from_bytes(frame[at + 24 : at + 28], "big")
                tracked.feed(direction, sequence, frame[at + header : at + total], length)
        if direction == 0:
            tracked.accepted = True
        tracked.last_seen = time
        return True

    @staticmethod
    def _fast_datagram(frame: bytes, at: int, entry: tuple[_Tracked, int], time: float) -> bool:
        tracked, direction = entry
        if tracked.verdict is None or tracked.tunnel:
            return False
        tracked.bytes[direction] += max(0, (frame[at + 2] << 8 | frame[at + 3]) - 28)
        tracked.last_seen = time
        return True

    def _slow(self, link_type: int, frame: bytes, time: float) -> None:
        if not link_type_known(link_type):
            self._unknown_links[link_type] = self._unknown_links.get(link_type, 0) + 1
            return
        segments = self._decoder.decode(link_type, frame, time)
        for segment in segments:
            tracked = self._take(segment, time)
            if len(segments) > 1:
                tracked.tunnel = True

    def _take(self, segment: Segment, time: float) -> _Tracked:
        if segment.protocol == TCP:
            return self._take_tcp(segment, time)
        tracked, direction = self._find(segment, Transport.UDP, time, reverse=False)
        tracked.last_seen = time
        tracked.bytes[direction] += segment.length
        if segment.payload:
            tracked.feed(direction, 0, segment.payload, segment.length)
        return tracked

    def _take_tcp(self, segment: Segment, time: float) -> _Tracked:
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
        return tracked

    def _end_predecessor(self, segment: Segment) -> None:
        """A SYN on a connection that has ended, or with another sequence number, begins another connection."""
        entry = self._tables[TCP].get(_key(segment))
        if entry is None:
            return
        tracked, direction = entry
        base = tracked.base[direction]
        fresh = base is not None and base != segment.sequence + 1 & 0xFFFFFFFF
        if fresh and (tracked.syn or any(tracked.bytes)) and not segment.flags & ACK:
            self._end(tracked)

    def _find(self, segment: Segment, transport: Transport, time: float, *, reverse: bool) -> tuple[_Tracked, int]:
        table = self._tables[segment.protocol]
        key = _key(segment)
        entry = table.get(key)
        if entry is not None:
            return entry
        tracked = _Tracked(segment, transport, reverse=reverse, time=time)
        direction = 1 if reverse else 0
        back = segment.destination + segment.source + key[-2:] + key[-4:-2]
        tracked.keys = (back, key) if reverse else (key, back)
        table[tracked.keys[1]] = (tracked, 1)
        table[tracked.keys[0]] = (tracked, 0)
        return tracked, direction

    def _end(self, tracked: _Tracked) -> None:
        table = self._tables[TCP if tracked.transport is Transport.TCP else 17]
        for key in tracked.keys:
            table.pop(key, None)
        self._ended.append(tracked.flow())

    def _sweep(self, time: float) -> None:
        """End flows that have been silent for long; where too many hold payload, settle the longest silent."""
        tracked_flows = {id(entry[0]): entry[0] for table in self._tables.values() for entry in table.values()}
        alive = []
        for tracked in tracked_flows.values():
            patience = _CLOSED_IDLE_S if all(tracked.ended) else _IDLE_S[tracked.transport]
            if time - tracked.last_seen > patience:
                self._end(tracked)
            else:
                if all(tracked.ended):
                    tracked.settle()
                alive.append(tracked)
        alive.sort(key=lambda tracked: tracked.last_seen)
        for tracked in alive[: max(0, len(alive) - _OPEN_FLOWS)]:
            self._end(tracked)
        holding = [tracked for tracked in alive if tracked.session is not None]
        for tracked in holding[: max(0, len(holding) - _OPEN_SESSIONS)]:
            tracked.settle()


class _Source:
    """The raw stream, with its beginning looked at and its progress told."""

    def __init__(self, stream: Readable, progress: Callable[[int], None] | None) -> None:
        self._stream = stream
        self._progress = progress
        self._position = 0
        self.beginning = stream.read(4096)

    def read(self, size: int, /) -> bytes:
        if self.beginning:
            data, self.beginning = self.beginning, b""
        else:
            data = self._stream.read(size)
        self._position += len(data)
        if self._progress is not None:
            self._progress(self._position)
        return data


def read_capture(stream: BinaryIO, progress: Callable[[int], None] | None = None) -> CaptureReader:
    """The flows of a pcap or pcapng capture, compressed with gzip or not.

    Args:
        stream: the capture; need not be seekable.
        progress: is told how many bytes of ``stream`` were read, about once a megabyte.

    Raises:
        ParseError: it is no capture.
    """
    return CaptureReader(stream, progress)


def endpoints(flows: Iterable[Flow]) -> list[Endpoint]:
    """Flows as telemetry, so that rules can judge them: for every service one record a role, without a process."""
    gathered: dict[tuple[Transport, str, int], list[Flow]] = {}
    for flow in flows:
        gathered.setdefault((flow.transport, flow.server_address, flow.server_port), []).append(flow)
    records: list[Endpoint] = []
    for (transport, address, port), members in gathered.items():
        completed = [flow for flow in members if flow.completed]
        to_server = sum(flow.bytes_to_server for flow in members)
        to_client = sum(flow.bytes_to_client for flow in members)
        for role in Role:
            records.append(
                Endpoint(
                    id=len(records) + 1,
                    role=role,
                    transport=transport,
                    network_namespace=0,
                    address=address,
                    port=port,
                    connections=len(completed),
                    refused=len(members) - len(completed),
                    bytes_out=to_server if role is Role.CLIENT else to_client,
                    bytes_in=to_client if role is Role.CLIENT else to_server,
                    first_seen=min(flow.first_seen for flow in members),
                    last_seen=max(flow.last_seen for flow in members),
                    sampled=sum(1 for flow in completed if flow.bytes_to_server or flow.bytes_to_client),
                    uses=_uses(completed),
                )
            )
    return records


def _uses(flows: Iterable[Flow]) -> tuple[ProtocolUse, ...]:
    gathered: dict[Verdict, list[Flow]] = {}
    for flow in flows:
        if flow.verdict.protocol is not Protocol.UNKNOWN:
            gathered.setdefault(flow.verdict, []).append(flow)
    return tuple(
        ProtocolUse(
            protocol=verdict.protocol.value,
            encryption=verdict.encryption,
            evidence=Evidence.PAYLOAD,
            credentials_exposed=verdict.credentials_exposed,
            account_login=verdict.account_login,
            redirect_only=verdict.redirect_only,
            flows=len(members),
            first_seen=min(flow.first_seen for flow in members),
            last_seen=max(flow.last_seen for flow in members),
        )
        for verdict, members in gathered.items()
    )


def _key(segment: Segment) -> bytes:
    ports = segment.source_port << 16 | segment.destination_port
    return segment.source + segment.destination + ports.to_bytes(4, "big")


@lru_cache(maxsize=4096)
def _text(address: bytes) -> str:
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(parsed)
