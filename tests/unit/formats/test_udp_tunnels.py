"""Tunnels in UDP: where their inside begins, and what only looks like one. Whole frames are in test_packets.py."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from javert.formats.udp_tunnels import Layer, udp_tunnel, wireless_header

IP = struct.pack(">BBHHHBBH", 0x45, 0, 28, 1, 0, 64, 17, 0) + bytes(16)
IP6 = struct.pack(">IHBB", 6 << 28, 8, 17, 64) + bytes.fromhex("20010000") + bytes(28) + bytes(8)
FRAME = bytes(12) + b"\x08\x00" + IP
VXLAN = b"\x08\x00\x00\x00\x00\x00\x07\x00"
CAPWAP = b"\x00\x20\x03\x20" + bytes(12)
STATION = b"\x08\x01" + bytes(22) + b"\xaa\xaa\x03\x00\x00\x00\x08\x00"


@pytest.mark.parametrize(
    ("data", "inside"),
    [
        (VXLAN + FRAME, (Layer.ETHERNET, 8)),
        (VXLAN + bytes(12) + b"\x81\x00\x00\x05\x08\x00" + IP, (Layer.ETHERNET, 8)),
        (b"\x08\x00\x00\x01\x00\x00\x07\x00" + IP, (Layer.IP, 8)),
        (b"\x02\x00\x65\x58\x00\x00\x07\x00" + bytes(8) + FRAME, (Layer.ETHERNET, 16)),
        (b"\x00\x00\x86\xdd\x00\x00\x07\x00" + IP6, (Layer.IP, 8)),
        (b"\x30\xff\x00\x1c" + bytes(4) + IP, (Layer.IP, 8)),
        (IP6, (Layer.IP, 0)),
        (CAPWAP + STATION + IP, (Layer.LLC, 40)),
    ],
)
def test_where_the_inside_begins(data: bytes, inside: tuple[Layer, int]) -> None:
    assert udp_tunnel(data) == inside
    assert udp_tunnel(data[:27]) is None


@pytest.mark.parametrize(
    "data",
    [
        VXLAN[:7] + b"\x01" + FRAME,
        b"\x02\x00\x08\x00\x00\x00\x07\x00" + bytes(8) + IP[:-1],
        IP6[:8] + bytes(4) + IP6[12:],
        b"\x10" + CAPWAP[1:] + STATION + IP,
        CAPWAP[:3] + b"\x28" + CAPWAP[4:] + STATION + IP,
        CAPWAP + STATION + IP + b"x",
        b"",
    ],
    ids=[
        "reserved",
        "too short inside",
        "no Teredo address",
        "CAPWAP's DTLS",
        "keep-alive",
        "does not fit",
        "empty",
    ],
)
def test_what_is_none(data: bytes) -> None:
    assert udp_tunnel(data) is None


@pytest.mark.parametrize(
    ("control", "flags", "octets"),
    [
        (0x08, 0x01, 24),
        (0x08, 0x03, 30),
        (0x88, 0x01, 26),
        (0x88, 0x81, 30),
        (0x08, 0x41, 0),
        (0x48, 0x01, 0),
        (0x80, 0, 0),
    ],
)
def test_headers_of_wireless_frames(control: int, flags: int, octets: int) -> None:
    assert wireless_header(control, flags) == octets


@given(
    data=st.binary(max_size=120),
    head=st.sampled_from([b"", VXLAN, CAPWAP, b"\x34\xff\x00\x10", b"\x00\x00\x65\x58", b"\x60"]),
)
def test_any_bytes_are_a_tunnel_or_none(data: bytes, head: bytes) -> None:
    found = udp_tunnel(head + data)
    assert found is None or 0 <= found[1] < len(head + data)
