"""The short way for what nearly all frames of a capture are: IP without options or fragments, then TCP or UDP.

Nothing else is learnt here than ``Decoder`` and ``FlowTable.take`` would learn, in a fraction of the time: what a
flow still sends once its verdict is settled is only counted, where it lies in the capture's buffer.
"""

import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from javert.formats.capture_file import Packet
from javert.formats.packets import FIN, PSH, RST, SYN, TCP, UDP
from javert.formats.udp_tunnels import udp_tunnel
from javert.protocols.interface import Protocol
from javert.sensors.flow_table import FlowTable

_UNFRAGMENTED = 0x3FFF00FF
"""Of fragment, time to live and protocol: what is left is the protocol alone unless the datagram is a fragment."""
_VLAN = frozenset((b"\x81\x00", b"\x88\xa8"))
_MOST_TAGS = 2

_Headers = tuple[int, int, int, bytes, int, int]
"""Of a frame as if it were plain IPv4: where it would begin in the buffer; IP's length and protocol; addresses and
ports; TCP's sequence number (UDP's length and checksum); TCP's header length and flags."""


class _Link(NamedTuple):
    """Where the headers stand in plain frames of a link type.

    Attributes:
        least: how long a frame is with IPv4, up to TCP's flags; with IPv6 it has 20 octets more.
        data: where the payload of IPv4 begins.
        kind: the ethertype of IPv4; empty if the link has none.
        kind6: that of IPv6.
        tags: ethertypes after which all else stands 4 octets further.
        ipv4: reads from a frame's start: ethertype; version and header length; total length; fragment, time to
            live and protocol; the rest as in ``_Headers``.
        ipv6: reads ethertype; version; the payload's length; protocol; the rest as in ``_Headers``.
    """

    least: int
    data: int
    kind: bytes
    kind6: bytes
    tags: frozenset[bytes]
    ipv4: Callable[[bytes, int], tuple[Any, ...]]
    ipv6: Callable[[bytes, int], tuple[Any, ...]]

    def unusual(self, buffer: bytes, start: int, end: int) -> _Headers | None:
        """The headers where VLAN tags stand before them, or of IPv6; None if they are not plain either."""
        for _ in range(_MOST_TAGS + 1):
            kind, version, length, protocol, ends, sequence, control = self.ipv4(buffer, start)
            if kind not in self.tags:
                break
            start += 4
            if end - start < self.least:
                return None
        if version == 0x45 and kind == self.kind:
            return start, length, protocol & _UNFRAGMENTED, ends, sequence, control
        if version >> 4 == 6 and kind == self.kind6 and end - start >= self.least + 20:
            _, _, length, protocol, ends, sequence, control = self.ipv6(buffer, start)
            return start + 20, length + 20, protocol, ends, sequence, control
        return None


def _link(before: str, *, ethertype: bool = True, tags: frozenset[bytes] = frozenset()) -> _Link:
    ipv4, ipv6 = struct.Struct(f">{before}BxHxxIxx12sI4xH"), struct.Struct(f">{before}B3xHBx36sI4xH")
    kinds = (b"\x08\x00", b"\x86\xdd") if ethertype else (b"", b"")
    return _Link(ipv4.size, ipv4.size - 14, *kinds, tags, ipv4.unpack_from, ipv6.unpack_from)


_RAW = _link("0s", ethertype=False)
_LINKS = {
    0: _link("0s4x", ethertype=False),
    1: _link("12x2s", tags=_VLAN),
    12: _RAW,
    101: _RAW,
    113: _link("14x2s", tags=_VLAN),
    228: _RAW,
    276: _link("2s18x"),
}
"""By link type (tcpdump.org/linktypes.html)."""
_NO_LINK = _RAW._replace(least=1 << 62)


class PlainFrames:
    """Takes plain frames into a table.

    Attributes:
        packets: how many were seen, plain or not.
        time: when the last came.
    """

    def __init__(self, table: FlowTable) -> None:
        self._table = table
        self.packets = 0
        self.time = 0.0

    def others(self, packets: Iterable[Packet]) -> Iterator[Packet]:  # noqa: PLR0912 - a call costs a tenth of it all
        """Take in the plain ones among ``packets``, and yield the others, each at its turn."""
        take, tcp = self._table.take_tcp, self._table.tcp.get
        time, count, link = self.time, 0, -1
        for packet in packets:
            link_type, time, buffer, start, end = packet
            count += 1
            if link_type != link:
                link, plain = link_type, _LINKS.get(link_type, _NO_LINK)
                least, data_at, ipv4_kind, _, _, read_ipv4, _ = plain
            if end - start < least:
                yield packet
                continue
            kind, version, length, protocol, ends, sequence, control = read_ipv4(buffer, start)
            if version == 0x45 and kind == ipv4_kind:
                protocol &= _UNFRAGMENTED
            elif headers := plain.unusual(buffer, start, end):
                start, length, protocol, ends, sequence, control = headers
            else:
                yield packet
                continue
            if protocol != TCP:
                if protocol != UDP or not self._datagram(
                    packet, ends, start + data_at, length - 20, sequence >> 16
                ):
                    yield packet
                continue
            header = control >> 10 & 0x3C
            length -= header + 20
            if header < 20 or (length <= 6 and (length < 0 or (length and not control & PSH))):
                yield packet  # damaged, or perhaps padding
                continue
            entry = tcp(ends)
            if entry is None or control & (SYN | FIN | RST):
                data = start + data_at + header
                payload = buffer[data : data + length if data + length < end else end]
                take(ends, sequence, control & 0xFF, payload, length, time)
                continue
            flow, side = entry
            flow.last_seen = time
            if length:
                side.bytes += length
                flow.accepted = True
                if flow.verdict is None and (place := side.place(sequence)) < side.past:
                    data = start + data_at + header
                    payload = buffer[data : data + length if data + length < end else end]
                    flow.segment(side, place, payload, length)
            elif not flow.accepted:
                flow.accepted = flow.completed_by(side, control)
        self.packets += count
        self.time = time

    def _datagram(self, packet: Packet, ends: bytes, data: int, length: int, stated: int) -> bool:
        _, time, buffer, _, end = packet
        length = min(stated or length, length) - 8
        entry = self._table.udp.get(ends)
        if length < 0 or (entry is not None and entry[0].tunnel):
            return False
        verdict = None if entry is None else entry[0].verdict
        if entry is None or verdict is None or verdict.protocol is Protocol.UNKNOWN:
            data += 8
            payload = buffer[data : min(data + length, end)]
            if udp_tunnel(payload):  # its first datagrams may have been no IP, and told nothing
                return False
            self._table.take_udp(ends, payload, length, time)
            return True
        flow, side = entry
        side.bytes += length
        flow.last_seen = time
        return True
