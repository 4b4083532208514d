"""A capture as a sensor: packets in, flows and endpoints out.

What a capture cannot tell is who: the endpoints carry no process. Memory is bounded by ``FlowTable``.
"""

import struct
from collections.abc import Callable, Iterator
from typing import BinaryIO

from javert.formats.capture_file import CaptureFile, Readable
from javert.formats.gunzip import Gunzip
from javert.formats.packets import FIN, PSH, RST, SYN, TCP, UDP, Decoder, Segment, link_type_known
from javert.model.rule_id import PAYLOAD_RULES
from javert.model.telemetry import Limitation
from javert.sensors.flow_table import Flow, FlowTable

# Where the IP header begins in a frame without tags and options, and where its ethertype stands (-1: nowhere).
_PLAIN_LINKS = {1: (14, 12), 113: (16, 14), 276: (20, 0), 101: (0, -1), 12: (0, -1), 228: (0, -1), 0: (4, -1)}
# IPv4 without options, then TCP: version and header length, total length, fragment, protocol, addresses with ports,
# sequence number, header length, flags.
_ENDS = struct.Struct(">4s4sHH").unpack
_HEADERS = struct.Struct(">BxHxxHxBxx12sIxxxxBB").unpack_from


class CaptureReader:
    """The flows of one capture, each yielded when it has ended; iterate once.

    Attributes:
        packets: how many were read so far.

    Raises:
        ParseError: (at construction) the stream is no capture.
    """

    def __init__(self, stream: BinaryIO, progress: Callable[[int], None] | None = None) -> None:
        source = _Source(stream, progress)
        self._file = CaptureFile(Gunzip(source) if source.beginning.startswith(b"\x1f\x8b") else source)
        self._decoder = Decoder()
        self._table = FlowTable()
        self._unknown_links: dict[int, int] = {}
        self.packets = 0

    def __iter__(self) -> Iterator[Flow]:
        table, fast, slow = self._table, self._fast, self._slow
        ended = table.ended
        time, sweep_at = 0.0, 0
        for link_type, time, frame, _ in self._file:
            self.packets += 1
            if not fast(link_type, frame, time):
                slow(link_type, frame, time)
            if self.packets >= sweep_at:
                sweep_at = self.packets + table.sweep(time)
            if ended:
                yield from ended
                ended.clear()
        for segment in self._decoder.flush():
            table.take(segment, time)
        table.end_all()
        yield from ended
        ended.clear()

    @property
    def limitations(self) -> tuple[Limitation, ...]:
        """What of the capture could not be read, so far."""
        found = []
        damage = self._file.damage
        if damage is not None:
            found.append(
                Limitation(
                    code=f"capture-{damage.reason}", rules=PAYLOAD_RULES, params={"offset": str(damage.offset)}
                )
            )
        for link_type, frames in self._unknown_links.items():
            params = {"link_type": str(link_type), "frames": str(frames)}
            found.append(
                Limitation(
                    code="capture-link-type",
                    rules=PAYLOAD_RULES,
                    scope=str(link_type),
                    params=params,
                    blinds=frames == self.packets,
                )
            )
        return tuple(found)

    def _fast(self, link_type: int, frame: bytes, time: float) -> bool:
        """Handle a TCP segment, or a datagram of a settled flow, in a frame without tags, options or fragments.

        Nothing is learnt here that ``_slow`` would not learn; it only takes a fraction of the time.
        """
        where = _PLAIN_LINKS.get(link_type)
        if where is None or len(frame) < where[0] + 34:
            return False
        at, kind = where
        version, total, fragment, protocol, ends, sequence, offset, flags = _HEADERS(frame, at)
        table = self._table
        if version != 0x45 or fragment & 0x3FFF or (kind >= 0 and frame[kind : kind + 2] != b"\x08\x00"):
            return False
        if protocol == TCP:
            header = 20 + (offset >> 4) * 4
            length = total - header
            if length < 0 or header < 40 or (0 < length <= 6 and not flags & PSH):
                return False  # damaged, or perhaps padding
            entry = table.tcp.get(ends)
            if entry is None or flags & (SYN | FIN | RST):
                source, destination, near, far = _ENDS(ends)
                payload = frame[at + header : at + total]
                table.take(Segment(TCP, source, destination, near, far, sequence, flags, payload, length), time)
                return True
            tracked, direction = entry
            if length and tracked.verdict is None:
                tracked.feed(direction, sequence, frame[at + header : at + total], length)
            if direction == 0:
                tracked.accepted = True
        else:
            entry = table.udp.get(ends) if protocol == UDP else None
            if entry is None or entry[0].verdict is None or entry[0].tunnel:
                return False
            tracked, direction = entry
            length = max(0, total - 28)
        tracked.bytes[direction] += length
        tracked.last_seen = time
        return True

    def _slow(self, link_type: int, frame: bytes, time: float) -> None:
        if not link_type_known(link_type):
            self._unknown_links[link_type] = self._unknown_links.get(link_type, 0) + 1
            return
        segments = self._decoder.decode(link_type, frame, time)
        for segment in segments:
            tracked = self._table.take(segment, time)
            if len(segments) > 1:
                tracked.tunnel = True


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
