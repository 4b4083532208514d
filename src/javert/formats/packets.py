"""Frames to TCP segments and UDP datagrams: link layers, IPv4 and IPv6, and the tunnels they travel in.

Sources: the link types of tcpdump.org/linktypes.html; RFC 791 (IPv4), RFC 8200 (IPv6), RFC 9293 (TCP), RFC 768
(UDP), IEEE 802.1Q and 802.1ad (VLAN), RFC 3032 (MPLS), RFC 2784, 2890 and 2637 (GRE, PPTP's too), RFC 2516 (PPPoE).
Lengths come from the IP header, so that padding of short Ethernet frames is never taken for payload.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import NamedTuple

from javert.formats.fragments import Place, Reassembly
from javert.formats.udp_tunnels import Layer, udp_tunnel, wireless_header

TCP, UDP = 6, 17
FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10
_SHORTEST_FRAME = 60
"""Ethernet's least frame without its check sequence, octets."""
_DEEPEST = 10
"""Headers within headers after which decoding stops: nobody nests deeper in earnest."""


class Segment(NamedTuple):
    """One TCP segment or UDP datagram.

    Attributes:
        protocol: 6 (TCP) or 17 (UDP).
        ends: whose it is, in network order: source, destination (4 or 16 octets each), source and destination port.
        sequence: TCP sequence number of the first payload octet or of the SYN; 0 for UDP.
        flags: TCP flags; 0 for UDP.
        payload: as much as was captured.
        length: payload length on the wire, octets.
    """

    protocol: int
    ends: bytes
    sequence: int
    flags: int
    payload: bytes
    length: int


def turned(ends: bytes) -> bytes:
    """The addresses and ports of a segment the other way."""
    half = len(ends) - 4 >> 1
    return ends[half:-4] + ends[:half] + ends[-2:] + ends[-4:-2]


class _Walk:
    """The way through one frame: what was found, and how many headers lie behind it.

    ``shortest``: the frame has Ethernet's least length, so its end may be padding.
    """

    __slots__ = ("found", "headers", "shortest", "time")

    def __init__(self, time: float, *, shortest: bool = False) -> None:
        self.found: list[Segment] = []
        self.shortest = shortest
        self.headers = 0
        self.time = time

    def too_deep(self) -> bool:
        """Count one more header that may hold another; whether there were too many."""
        self.headers += 1
        return self.headers > _DEEPEST


class Decoder:
    """Turns frames into segments; keeps what it has of fragmented datagrams.

    Bytes that are no IP, or damaged, give no segments: a frame is evidence only as far as it can be read.
    """

    def __init__(self) -> None:
        self._fragments = Reassembly()

    def decode(self, link_type: int, frame: bytes, time: float) -> list[Segment]:
        """The segments in one frame: none, one, or an inner and an outer one of a UDP tunnel, outer first."""
        walk = _Walk(time, shortest=len(frame) == _SHORTEST_FRAME)
        step = _LINKS.get(link_type)
        if step is not None:
            try:  # ``suppress`` costs half a microsecond, and there are millions of frames
                step(self, frame, 0, walk)
            except IndexError:  # the frame was cut inside a header
                return walk.found
        return walk.found

    def flush(self) -> Iterator[Segment]:
        """What can be read of datagrams whose fragments never came together."""
        for protocol, addresses, data, length in self._fragments.flush():
            walk = _Walk(0.0)
            with suppress(IndexError):
                self._transport(protocol, addresses, data, length, walk)
            yield from walk.found

    # ------------------------------------------------------------ link layers

    def _ethernet(self, data: bytes, at: int, walk: _Walk) -> None:
        kind = data[at + 12] << 8 | data[at + 13]
        if kind > 1500:
            self._ethertype(kind, data, at + 14, walk)
        else:
            self._llc(data, at + 14, walk)

    def _llc(self, data: bytes, at: int, walk: _Walk) -> None:
        if data[at : at + 3] == b"\xaa\xaa\x03":
            self._ethertype(data[at + 6] << 8 | data[at + 7], data, at + 8, walk)
        elif data[at : at + 3] == b"\x06\x06\x03":
            self._ip(data, at + 3, walk)

    def _ethertype(self, kind: int, data: bytes, at: int, walk: _Walk) -> None:
        for _ in range(_DEEPEST):
            if kind not in (0x8100, 0x88A8, 0x9100, 0x9200, 0x9300):
                break
            kind = data[at + 2] << 8 | data[at + 3]
            at += 4
        if walk.too_deep():
            return
        if kind in (0x0800, 0x86DD):
            self._ip(data, at, walk)
        elif kind in (0x8847, 0x8848):
            self._mpls(data, at, walk)
        elif kind == 0x8864:
            self._ppp(data, at + 6, walk)
        elif kind == 0x880B:
            self._ppp(data, at, walk)
        elif kind == 0x6558:
            self._ethernet(data, at, walk)
        elif kind <= 1500:
            self._llc(data, at, walk)

    def _mpls(self, data: bytes, at: int, walk: _Walk) -> None:
        for _ in range(16):
            bottom = data[at + 2] & 1
            at += 4
            if bottom:
                break
        nibble = data[at] >> 4
        if nibble in (4, 6):
            self._ip(data, at, walk)
        elif nibble == 0:  # RFC 4385: a pseudowire's control word, then Ethernet
            self._ethernet(data, at + 4, walk)
        else:
            self._ethernet(data, at, walk)

    def _ppp(self, data: bytes, at: int, walk: _Walk) -> None:
        if data[at : at + 2] == b"\xff\x03":
            at += 2
        if data[at] & 1:  # RFC 1661 6.5: the protocol field compressed to one octet
            protocol = data[at]
            at += 1
        else:
            protocol = data[at] << 8 | data[at + 1]
            at += 2
        if protocol in (0x0021, 0x0057):
            self._ip(data, at, walk)
        elif protocol in (0x0281, 0x0283):
            self._mpls(data, at, walk)

    def _cisco_hdlc(self, data: bytes, at: int, walk: _Walk) -> None:
        self._ethertype(data[at + 2] << 8 | data[at + 3], data, at + 4, walk)

    def _ppp_link(self, data: bytes, at: int, walk: _Walk) -> None:
        if data[at] in (0x0F, 0x8F):  # Cisco HDLC under PPP's link type
            self._cisco_hdlc(data, at, walk)
        else:
            self._ppp(data, at, walk)

    def _loopback(self, data: bytes, at: int, walk: _Walk) -> None:
        self._ip(data, at + 4, walk)

    def _cooked(self, data: bytes, at: int, walk: _Walk) -> None:
        self._ethertype(data[at + 14] << 8 | data[at + 15], data, at + 16, walk)

    def _cooked_v2(self, data: bytes, at: int, walk: _Walk) -> None:
        self._ethertype(data[at] << 8 | data[at + 1], data, at + 20, walk)

    def _wireless(self, data: bytes, at: int, walk: _Walk) -> None:
        header = wireless_header(data[at], data[at + 1])
        if header:
            self._llc(data, at + header, walk)

    def _radiotap(self, data: bytes, at: int, walk: _Walk) -> None:
        self._wireless(data, at + (data[at + 2] | data[at + 3] << 8), walk)

    def _ppi(self, data: bytes, at: int, walk: _Walk) -> None:
        inner = _LINKS.get(int.from_bytes(data[at + 4 : at + 8], "little"))
        if inner is not None and not walk.too_deep():
            inner(self, data, at + (data[at + 2] | data[at + 3] << 8), walk)

    def _pktap(self, data: bytes, at: int, walk: _Walk) -> None:
        # Apple's bsd/net/pktap.h: length of this header, record type, link type inside.
        inner = _LINKS.get(int.from_bytes(data[at + 8 : at + 12], "little"))
        if inner is not None and not walk.too_deep():
            inner(self, data, at + int.from_bytes(data[at : at + 4], "little"), walk)

    def _infiniband(self, data: bytes, at: int, walk: _Walk) -> None:
        self._ethertype(data[at + 40] << 8 | data[at + 41], data, at + 44, walk)  # RFC 4391 6, behind a GRH

    def _arcnet(self, data: bytes, at: int, walk: _Walk) -> None:
        if data[at + 4] == 0xF0:  # RFC 1051
            self._ip(data, at + 5, walk)
        elif data[at + 4] == 0xD4 and data[at + 5] == 0:  # RFC 1201, not split
            self._ip(data, at + 8, walk)

    def _nflog(self, data: bytes, at: int, walk: _Walk) -> None:
        at += 4
        while at + 4 <= len(data):
            length = int.from_bytes(data[at : at + 2], "little")
            kind = int.from_bytes(data[at + 2 : at + 4], "little") & 0x7FFF
            if length < 4:
                return
            if kind == 9:  # NFULA_PAYLOAD
                self._ip(data[at + 4 : at + length], 0, walk)
                return
            at += length + 3 & ~3

    # ------------------------------------------------------------ network layer

    def _ip(self, data: bytes, at: int, walk: _Walk) -> None:
        if walk.too_deep():
            return
        version = data[at] >> 4
        if version == 4:
            self._ipv4(data, at, walk)
        elif version == 6:
            self._ipv6(data, at, walk)

    def _ipv4(self, data: bytes, at: int, walk: _Walk) -> None:
        header = (data[at] & 0x0F) * 4
        total = data[at + 2] << 8 | data[at + 3]
        fragment = data[at + 6] << 8 | data[at + 7]
        if total == 0:  # the sender's card cuts large segments itself (TSO), so the header does not know
            total = len(data) - at
        if header < 20 or total < header:
            return
        addresses = data[at + 12 : at + 20]
        protocol = data[at + 9]
        payload, length = data[at + header : at + total], total - header
        if fragment & 0x3FFF:
            key = (addresses, protocol, data[at + 4 : at + 6])
            place = Place((fragment & 0x1FFF) * 8, length, bool(fragment & 0x2000))
            whole = self._fragments.add(key, place, payload, walk.time)
            if whole is None:
                return
            payload, length = whole, len(whole)
        self._transport(protocol, addresses, payload, length, walk)

    def _ipv6(self, data: bytes, at: int, walk: _Walk) -> None:
        length = data[at + 4] << 8 | data[at + 5]
        following = data[at + 6]
        addresses = data[at + 8 : at + 40]
        if len(addresses) < 32:
            return
        at += 40
        if length == 0:
            length = len(data) - at
        end = at + length
        while following in (0, 43, 60, 51, 135, 139, 140, 44):
            if following == 44:
                field = data[at + 2] << 8 | data[at + 3]
                following, key = data[at], (addresses, data[at], data[at + 4 : at + 8])
                at += 8
                if field & 0xFFF9 == 0:
                    continue  # RFC 6946: an atomic fragment is whole
                whole = self._fragments.add(
                    key, Place(field & 0xFFF8, end - at, bool(field & 1)), data[at:end], walk.time
                )
                if whole is None:
                    return
                data, at, end = whole, 0, len(whole)
                continue
            size = (data[at + 1] + 2) * 4 if following == 51 else (data[at + 1] + 1) * 8
            following = data[at]
            at += size
        self._transport(following, addresses, data[at:end], end - at, walk)

    def _transport(self, protocol: int, addresses: bytes, data: bytes, length: int, walk: "_Walk") -> None:
        if protocol == TCP:
            header = (data[12] >> 4) * 4
            if header < 20 or length < header:
                return
            sequence = int.from_bytes(data[4:8], "big")
            if length - header <= 6 and not data[13] & PSH and (walk.shortest or not data[header:].strip(b"\0")):
                length = header  # padding that fills the shortest Ethernet frame, counted in the IP header
            walk.found.append(
                Segment(TCP, addresses + data[:4], sequence, data[13], data[header:length], length - header)
            )
        elif protocol == UDP:
            size = data[4] << 8 | data[5]
            size = length if size == 0 else min(size, length)
            if size < 8 or len(data) < 8:
                return
            payload = data[8:size]
            walk.found.append(Segment(UDP, addresses + data[:4], 0, 0, payload, size - 8))
            inside = udp_tunnel(payload)
            if inside is not None:
                layer, at = inside
                with suppress(IndexError):  # it was cut
                    _LAYERS[layer](self, payload, at, walk)
        elif protocol in (4, 41):
            self._ip(data, 0, walk)
        elif protocol == 47:
            self._gre(data, walk)
        elif protocol == 137:
            self._mpls(data, 0, walk)
        elif protocol == 97 and data[:2] == b"\x30\x00":  # EtherIP, RFC 3378
            self._ethernet(data, 2, walk)

    # ------------------------------------------------------------ tunnels

    def _gre(self, data: bytes, walk: _Walk) -> None:
        flags, version = data[0], data[1] & 7
        kind = data[2] << 8 | data[3]
        at = 4
        if version == 1:  # PPTP: key always, sequence and acknowledgment by flag
            at += 4 + (4 if flags & 0x10 else 0) + (4 if data[1] & 0x80 else 0)
            self._ppp(data, at, walk)
            return
        at += (4 if flags & 0xC0 else 0) + (4 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
        if kind == 0x88BE:  # ERSPAN: type I has no sequence number and no header, type II has both
            self._ethernet(data, at + (8 if flags & 0x10 else 0), walk)
        elif kind == 0x883E:  # WCCP: its version 2 puts a redirect header of four octets before the packet
            self._ip(data, at if data[at] >> 4 == 4 else at + 4, walk)
        elif kind == 0x22EB:  # ERSPAN type III, with a platform header where its last bit says so
            self._ethernet(data, at + 12 + (8 if data[at + 11] & 1 else 0), walk)
        else:
            self._ethertype(kind, data, at, walk)


_Step = Callable[[Decoder, bytes, int, _Walk], None]
_LAYERS: dict[Layer, _Step] = {
    Layer.ETHERNET: Decoder._ethernet,
    Layer.LLC: Decoder._llc,
    Layer.IP: Decoder._ip,
}
# fmt: off
_LINKS: dict[int, _Step] = {
    0: Decoder._loopback, 108: Decoder._loopback,
    1: Decoder._ethernet,
    9: Decoder._ppp_link, 50: Decoder._ppp_link,
    12: Decoder._ip, 14: Decoder._ip, 101: Decoder._ip, 228: Decoder._ip, 229: Decoder._ip,
    104: Decoder._cisco_hdlc,
    105: Decoder._wireless, 127: Decoder._radiotap, 192: Decoder._ppi,
    113: Decoder._cooked, 276: Decoder._cooked_v2,
    129: Decoder._arcnet, 239: Decoder._nflog, 242: Decoder._infiniband, 258: Decoder._pktap,
}
# fmt: on
"""Link types (tcpdump.org/linktypes.html) that Javert reads."""


def link_type_known(link_type: int) -> bool:
    """Whether frames of ``link_type`` can be decoded."""
    return link_type in _LINKS
