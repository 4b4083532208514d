"""Tunnels in UDP, told by structure: the fixed bits of their headers, and inside a packet whose own lengths fit.

Sources: RFC 7348 (VXLAN), draft-ietf-nvo3-vxlan-gpe, RFC 8926 (Geneve), 3GPP TS 29.281 (GTP-U), RFC 4380 (Teredo),
RFC 5415 (CAPWAP).
"""

from enum import Enum


class Layer(Enum):
    """What begins inside a tunnel."""

    ETHERNET = "ethernet"
    LLC = "llc"
    IP = "ip"


Inside = tuple[Layer, int]
"""What a tunnel carries, and where it begins in the datagram's payload."""

_SHORTEST = 28
"""A tunnel's header of 8 octets and IPv4's of 20: nothing shorter carries a packet."""


def udp_tunnel(data: bytes) -> Inside | None:
    """What a datagram's payload carries; None if it is no tunnel, or too little of it was captured to tell."""
    if len(data) < _SHORTEST:
        return None
    first = data[0]
    try:
        if first & 0x38 == 0x08 and data[7] == 0 and _is_vxlan(data):
            return Layer.ETHERNET, 8
        if first & 0x38 == 0x08 and data[1:3] == b"\0\0" and data[3] in (1, 2) and _is_ip(data, 8):
            return Layer.IP, 8  # VXLAN-GPE with IP straight inside
        if first < 0x40 and data[1] & 0x3F == 0 and data[2:4] == b"\x65\x58" and data[7] == 0:
            at = 8 + (first & 0x3F) * 4
            return (Layer.ETHERNET, at) if _holds_ip_frame(data, at) else None  # Geneve
        if first < 0x40 and data[1] & 0x3F == 0 and data[2:4] in (b"\x08\x00", b"\x86\xdd") and data[7] == 0:
            at = 8 + (first & 0x3F) * 4
            return (Layer.IP, at) if _fits_ip(data, at) else None  # Geneve with IP straight inside
        if 0x30 <= first <= 0x37 and data[1] == 0xFF:
            at = _gtp_payload(data)
            return (Layer.IP, at) if at and _is_ip(data, at) else None  # GTP-U
        if first >> 4 == 6 and _is_ip(data, 0) and b"\x20\x01\0\0" in (data[8:12], data[24:28]):
            return Layer.IP, 0  # Teredo
        if first == 0 and data[3] & 0x8F == 0 and data[2] & 0x3E == 0x02:
            return _capwap_payload(data)
    except IndexError:  # it only resembles one, or was cut
        return None
    return None


def _is_vxlan(data: bytes) -> bool:
    # RFC 7348: flag I alone; with P (draft-ietf-nvo3-vxlan-gpe) octet 3 says Ethernet; with G octets 2, 3 a group.
    plain = data[0] & 0x04 == 0 and (data[0] & 0x80 != 0 or data[2:4] == b"\0\0")
    return (plain or data[3] == 3) and _holds_ip_frame(data, 8)


def _is_ip(data: bytes, at: int) -> bool:
    version = data[at] >> 4
    if version == 4:
        return data[at] & 0x0F >= 5 and (data[at + 2] << 8 | data[at + 3]) >= 20 and at + 20 <= len(data)
    return version == 6 and (data[at + 4] << 8 | data[at + 5]) + 40 == len(data) - at


def _fits_ip(data: bytes, at: int) -> bool:
    return _is_ip(data, at) and (data[at] >> 4 == 6 or (data[at + 2] << 8 | data[at + 3]) == len(data) - at)


def _holds_ip_frame(data: bytes, at: int) -> bool:
    kind = data[at + 12 : at + 14]
    if kind == b"\x81\x00":
        kind, at = data[at + 16 : at + 18], at + 4
    return (kind == b"\x08\x00" and data[at + 14] >> 4 == 4) or (kind == b"\x86\xdd" and data[at + 14] >> 4 == 6)


def _gtp_payload(data: bytes) -> int:
    """Where the inner packet begins: after the optional fields and extension headers; 0 if lengths do not fit."""
    if (data[2] << 8 | data[3]) + 8 > len(data) + 64:
        return 0
    at = 8
    if data[0] & 0x07:
        following, at = data[11], 12
        while following and data[0] & 0x04:
            size = data[at] * 4
            if size == 0:
                return 0
            following = data[at + size - 1]
            at += size
    return at


def _capwap_payload(data: bytes) -> Inside | None:
    # RFC 5415 4.3: bound to 802.11, no fragment, no keep-alive; inside is an Ethernet frame, or an 802.11 one.
    at = (data[1] >> 3) * 4
    if at < 8:
        return None
    if data[2] & 1 == 0:
        return (Layer.ETHERNET, at) if _holds_ip_frame(data, at) and _fits_ip(data, at + 14) else None
    # Cisco's controllers exchange the two octets of the frame control.
    for control, flags in ((data[at], data[at + 1]), (data[at + 1], data[at])):
        header = wireless_header(control, flags)
        inside = at + header
        if header and data[inside : inside + 6] == b"\xaa\xaa\x03\0\0\0" and _fits_ip(data, inside + 8):
            return Layer.LLC, inside
    return None


def wireless_header(control: int, flags: int) -> int:
    """How long the header of an 802.11 data frame is, octets; 0 if it is no data frame, or encrypted.

    IEEE 802.11 9.2.3: four addresses between bridges; QoS control, and HT control with it.
    """
    if control & 0x4C != 0x08 or flags & 0x40:
        return 0
    of_quality = (6 if flags & 0x80 else 2) if control & 0x80 else 0
    return 24 + (6 if flags & 3 == 3 else 0) + of_quality
