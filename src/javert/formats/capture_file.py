"""Capture files: pcap and pcapng, whichever of the two a stream turns out to be.

Sources: draft-ietf-opsawg-pcap (pcap, microsecond and nanosecond magic numbers, both byte orders) and
draft-ietf-opsawg-pcapng (section header, interface description, enhanced, simple and obsolete packet blocks,
``if_tsresol`` and ``if_tsoffset``). A file that breaks off or is damaged gives every packet before the damage.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple, Protocol

import msgspec

from javert.errors import ParseError

Packet = tuple[int, float, bytes, int, int]
"""One packet: link type, time (seconds since the epoch), a buffer, and where in it its bytes begin and end.

The buffer holds many packets, so nothing is copied of those that are only counted.
"""

_CHUNK = 1 << 16
"""How much is read at once: it stays in the processor's cache until it is looked at."""
_LARGEST_PACKET = 1 << 18
"""libpcap's MAXIMUM_SNAPLEN; a longer packet is a damaged header."""
_LARGEST_BLOCK = 1 << 24
_PCAP_MAGIC = {
    b"\xd4\xc3\xb2\xa1": ("<", 1e-6),
    b"\xa1\xb2\xc3\xd4": (">", 1e-6),
    b"\x4d\x3c\xb2\xa1": ("<", 1e-9),
    b"\xa1\xb2\x3c\x4d": (">", 1e-9),
}
_SECTION_HEADER = b"\x0a\x0d\x0d\x0a"
_INTERFACE, _OBSOLETE_PACKET, _SIMPLE_PACKET, _ENHANCED_PACKET, _SECTION = 1, 2, 3, 6, 0x0A0D0D0A


class Readable(Protocol):
    """What a capture is read from."""

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes; none at the end."""


class Damage(msgspec.Struct, frozen=True):
    """Where a capture stopped being readable.

    Attributes:
        offset: of the first byte that could not be read as what it should be, in the uncompressed file.
        reason: "cut" (the file ends inside a packet) or "damaged".
    """

    offset: int
    reason: str


class _Interface(NamedTuple):
    link_type: int
    snapshot: int
    tick: float
    offset: int


class _Layout:
    """The numbers of pcapng in one byte order: a block's type and length, the fields of a packet block."""

    def __init__(self, order: str) -> None:
        self.order = order
        self.block = struct.Struct(order + "II").unpack_from
        self.packet = struct.Struct(order + "I4xIIII").unpack_from
        self.index = struct.Struct(order + "H").unpack_from
        self.length = struct.Struct(order + "I").unpack_from


_LITTLE, _BIG = _Layout("<"), _Layout(">")


class CaptureFile:
    """The packets of one capture; iterate once.

    Attributes:
        damage: where and why reading stopped before the end; None while it did not.

    Raises:
        ParseError: (at construction) the stream is neither pcap nor pcapng.
    """

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._buffer = b""
        self._torn = False
        self.damage: Damage | None = None
        self._more()
        magic = self._buffer[:4]
        if magic in _PCAP_MAGIC and len(self._buffer) >= 24:
            self._packets = self._pcap(*_PCAP_MAGIC[magic])
        elif magic == _SECTION_HEADER and len(self._buffer) >= 12:
            self._packets = self._pcapng()
        else:
            raise ParseError("not a capture: it begins neither as pcap nor as pcapng; pass a file tcpdump -w wrote")

    def __iter__(self) -> Iterator[Packet]:
        return self._packets

    def _more(self, wanted: int = 1) -> bool:
        """Read on until ``wanted`` further bytes are there; False at the end of the stream or where it breaks."""
        parts = [self._buffer]
        while wanted > 0:
            try:
                chunk = self._stream.read(_CHUNK)
            except ParseError:
                chunk, self._torn = b"", True
            if not chunk:
                break
            parts.append(chunk)
            wanted -= len(chunk)
        self._buffer = b"".join(parts)
        return wanted <= 0

    def _stop(self, offset: int, reason: str) -> None:
        self.damage = Damage(offset, reason)
        self._buffer = b""

    def _pcap(self, order: str, tick: float) -> Iterator[Packet]:
        # The link type is in the low 16 bits; above are the length of a frame check sequence and flags.
        link_type = struct.unpack_from(order + "I", self._buffer, 20)[0] & 0xFFFF
        unpack = struct.Struct(order + "III").unpack_from
        at, base = 24, 0
        while True:
            buffer = self._buffer
            size = len(buffer)
            last = size - 16
            wanted = 1
            while at <= last:
                seconds, fraction, captured = unpack(buffer, at)
                start = at + 16
                end = start + captured
                if end > size:
                    if captured > _LARGEST_PACKET:
                        return self._stop(base + at, "damaged")
                    wanted = end - size
                    break
                yield link_type, seconds + fraction * tick, buffer, start, end
                at = end
            base += at
            self._buffer = buffer[at:]
            at = 0
            if not self._more(wanted):
                if self._buffer or self._torn:
                    self._stop(base, "cut")
                return None

    def _pcapng(self) -> Iterator[Packet]:
        at = base = 0
        layout = _LITTLE
        interfaces: list[_Interface] = []
        while True:
            buffer = self._buffer
            if len(buffer) - at < 12:
                base, at = base + at, self._drop(at)
                if not self._more(12 - len(self._buffer)):
                    if self._buffer or self._torn:
                        self._stop(base, "cut")
                    return
                buffer = self._buffer
            kind, length = layout.block(buffer, at)
            if kind == _SECTION:  # the same in both byte orders
                layout = _LITTLE if buffer[at + 8 : at + 12] == b"\x4d\x3c\x2b\x1a" else _BIG
                length = layout.block(buffer, at)[1]
                interfaces = []
            if length < 12 or length % 4 or length > _LARGEST_BLOCK:
                return self._stop(base + at, "damaged")
            if len(buffer) - at < length:
                base, at = base + at, self._drop(at)
                if not self._more(length - len(self._buffer)):
                    return self._stop(base, "cut")
                buffer = self._buffer
            end = at + length
            try:
                if kind in (_ENHANCED_PACKET, _OBSOLETE_PACKET):
                    yield _timed_packet(buffer, at, end, layout, interfaces)
                elif kind == _SIMPLE_PACKET:
                    yield _simple_packet(buffer, at, end, layout, interfaces)
                elif kind == _INTERFACE:
                    interfaces.append(_interface(buffer[at + 8 : end - 4], layout.order))
            except ParseError:
                return self._stop(base + at, "damaged")
            at = end

    def _drop(self, at: int) -> int:
        self._buffer = self._buffer[at:]
        return 0


def _interface(body: bytes, order: str) -> _Interface:
    if len(body) < 8:
        raise ParseError("interface description too short")
    link_type, _, snapshot = struct.unpack_from(order + "HHI", body)
    tick, offset, at = 1e-6, 0, 8
    while at + 4 <= len(body):
        code, length = struct.unpack_from(order + "HH", body, at)
        value = body[at + 4 : at + 4 + length]
        if code == 0:
            break
        if code == 9 and length == 1 and len(value) == 1:  # if_tsresol: the top bit says power of two, not of ten
            tick = 2.0 ** -(value[0] & 0x7F) if value[0] & 0x80 else 10.0 ** -value[0]
        elif code == 14 and length == 8 and len(value) == 8:  # if_tsoffset
            offset = struct.unpack(order + "q", value)[0]
        at += 4 + (length + 3 & ~3)
    return _Interface(link_type, snapshot, tick, offset)


def _timed_packet(buffer: bytes, at: int, end: int, layout: _Layout, interfaces: list[_Interface]) -> Packet:
    if end - at < 32:
        raise ParseError("packet block too short")
    kind, index, high, low, captured = layout.packet(buffer, at)
    if kind == _OBSOLETE_PACKET:
        index = layout.index(buffer, at + 8)[0]
    start = at + 28
    if index >= len(interfaces) or start + captured > end - 4:
        raise ParseError("packet block without its interface, or longer than its block")
    link_type, _, tick, offset = interfaces[index]
    return link_type, offset + ((high << 32) | low) * tick, buffer, start, start + captured


def _simple_packet(buffer: bytes, at: int, end: int, layout: _Layout, interfaces: list[_Interface]) -> Packet:
    if end - at < 16 or not interfaces:
        raise ParseError("simple packet block too short or without an interface")
    wire = layout.length(buffer, at + 8)[0]
    captured = min(wire, interfaces[0].snapshot or wire, end - at - 16)
    return interfaces[0].link_type, 0.0, buffer, at + 12, at + 12 + captured
