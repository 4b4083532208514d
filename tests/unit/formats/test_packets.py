"""Frames to segments: link layers, tunnels, fragments, padding."""

import struct
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from javert.formats.packets import ACK, PSH, SYN, TCP, UDP, Decoder, Segment, link_type_known

A, B = ip_address("192.0.2.1").packed, ip_address("198.51.100.2").packed
A6, B6 = ip_address("2001:db8::1").packed, ip_address("2001:db8::2").packed
MACS = bytes(12)


def tcp(payload: bytes, flags: int = PSH | ACK, sequence: int = 7) -> bytes:
    return struct.pack(">HHIIBBHHH", 1234, 80, sequence, 0, 0x50, flags, 0, 0, 0) + payload


def udp(payload: bytes, ports: tuple[int, int] = (1234, 53)) -> bytes:
    return struct.pack(">HHHH", *ports, len(payload) + 8, 0) + payload


def ipv4(protocol: int, payload: bytes, fragment: int = 0, identification: int = 1) -> bytes:
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), identification, fragment, 64, protocol, 0)
    return head + A + B + payload


def ipv6(following: int, payload: bytes) -> bytes:
    return struct.pack(">IHBB", 6 << 28, len(payload), following, 64) + A6 + B6 + payload


def ethernet(kind: int, payload: bytes) -> bytes:
    return MACS + struct.pack(">H", kind) + payload


def decode(frame: bytes, link_type: int = 1) -> list[Segment]:
    return Decoder().decode(link_type, frame, 0.0)


INSIDE = ipv4(TCP, tcp(b"hello"))
EXPECTED = Segment(TCP, A + B + struct.pack(">HH", 1234, 80), 7, PSH | ACK, b"hello", 5)
MPLS = b"\x00\x01\x00\x40\x00\x02\x01\x40"
LLC = b"\xaa\xaa\x03\x00\x00\x00\x08\x00"


@pytest.mark.parametrize(
    ("link_type", "frame"),
    [
        (1, ethernet(0x0800, INSIDE)),
        (1, ethernet(0x8100, b"\x00\x05\x08\x00" + INSIDE)),
        (1, ethernet(0x88A8, b"\x00\x05\x81\x00\x00\x06\x08\x00" + INSIDE)),
        (1, ethernet(0x8847, MPLS + INSIDE)),
        (1, ethernet(0x8847, b"\x00\x01\x01\x40" + bytes(4) + ethernet(0x0800, INSIDE))),
        (1, ethernet(0x8864, b"\x11\x00\x00\x01\x00\x20\x00\x21" + INSIDE)),
        (1, ethernet(len(INSIDE) + 8, LLC + INSIDE)),
        (0, b"\x02\x00\x00\x00" + INSIDE),
        (108, b"\x00\x00\x00\x02" + INSIDE),
        (101, INSIDE),
        (12, INSIDE),
        (228, INSIDE),
        (113, bytes(14) + b"\x08\x00" + INSIDE),
        (276, b"\x08\x00" + bytes(18) + INSIDE),
        (9, b"\xff\x03\x00\x21" + INSIDE),
        (9, b"\x21" + INSIDE),
        (104, b"\x0f\x00\x08\x00" + INSIDE),
        (105, b"\x88\x01" + bytes(24) + LLC + INSIDE),
        (105, b"\x88\x81" + bytes(28) + LLC + INSIDE),
        (127, b"\x00\x00\x08\x00" + bytes(4) + b"\x08\x01" + bytes(22) + LLC + INSIDE),
        (239, bytes(4) + b"\x08\x00\x02\x00\x01\x01\x01\x01" + struct.pack("<HH", len(INSIDE) + 4, 9) + INSIDE),
        (101, ipv4(47, b"\x00\x00\x08\x00" + INSIDE)),
        (101, ipv4(47, b"\xb0\x00\x65\x58" + bytes(12) + ethernet(0x0800, INSIDE))),
        (101, ipv4(47, b"\x30\x81\x88\x0b" + bytes(12) + b"\xff\x03\x00\x21" + INSIDE)),
        (101, ipv4(4, INSIDE)),
        (101, ipv6(4, INSIDE)),
        (101, ipv4(137, MPLS + INSIDE)),
    ],
)
def test_link_layers_and_tunnels(link_type: int, frame: bytes) -> None:
    assert decode(frame, link_type) == [EXPECTED]
    assert link_type_known(link_type)


@pytest.mark.parametrize(
    "tunnel",
    [
        b"\x08\x00\x00\x00\x00\x00\x07\x00" + ethernet(0x0800, INSIDE),  # VXLAN
        b"\x08\x00\x00\x01\x00\x00\x07\x00" + INSIDE,  # VXLAN-GPE
        b"\x01\x00\x65\x58\x00\x00\x07\x00" + bytes(4) + ethernet(0x0800, INSIDE),  # Geneve with an option
        b"\x30\xff" + struct.pack(">H", len(INSIDE)) + b"\x00\x00\x00\x01" + INSIDE,  # GTP-U
        b"\x34\xff" + struct.pack(">H", len(INSIDE) + 8) + bytes(7) + b"\x85\x01\x00\x00\x00" + INSIDE,
        b"\x01\x00\x08\x00\x00\x00\x07\x00" + bytes(4) + INSIDE,  # Geneve with IP straight inside
        b"\x00\x10\x02\x00" + bytes(4) + ethernet(0x0800, INSIDE),  # CAPWAP with an Ethernet frame
        b"\x00\x20\x03\x20" + bytes(12) + b"\x08\x01" + bytes(22) + LLC + INSIDE,  # CAPWAP with an 802.11 one
        b"\x00\x20\x03\x20" + bytes(12) + b"\x01\x88" + bytes(24) + LLC + INSIDE,  # the same as Cisco sends it
    ],
)
def test_tunnels_in_udp_give_both_flows(tunnel: bytes) -> None:
    outer, inner = decode(ipv4(UDP, udp(tunnel)), 101)
    assert (outer.protocol, outer.payload) == (UDP, tunnel)
    assert inner == EXPECTED


@pytest.mark.parametrize(
    "payload",
    [
        b"\x08\x00\x00\x00\x00\x00\x07\x00" + bytes(60),
        b"\x60" + bytes(70),
        b"0\xff\xff\xff",
        b"\x00\x20\x03\x20" + bytes(12) + b"\x08\x41" + bytes(22) + LLC + INSIDE,  # CAPWAP, encrypted inside
        b"\x00\x10\x02\x80" + bytes(4) + ethernet(0x0800, INSIDE),  # a fragment of CAPWAP
        b"\x00\x08\x02\x00" + bytes(4) + ethernet(0x0800, INSIDE),  # its header shorter than it can be
        b"\x01\x00\x08\x00\x00\x00\x07\x00" + bytes(4) + INSIDE + b"x",  # Geneve whose inside does not fit
    ],
)
def test_what_only_resembles_a_tunnel(payload: bytes) -> None:
    assert [segment.payload for segment in decode(ipv4(UDP, udp(payload)), 101)] == [payload]


def test_ipv6_with_extension_headers() -> None:
    options = b"\x3c\x00" + bytes(6)  # hop by hop, then destination options
    destination = bytes((TCP, 0)) + bytes(6)
    (segment,) = decode(ipv6(0, options + destination + tcp(b"six")), 101)
    assert (segment.ends[:32], segment.payload) == (A6 + B6, b"six")


def test_ipv4_fragments_in_any_order() -> None:
    whole = udp(bytes(range(100)) * 20)
    pieces = [
        ipv4(UDP, whole[:800], 0x2000),
        ipv4(UDP, whole[800:1600], 0x2000 | 100),
        ipv4(UDP, whole[1600:], 200),
    ]
    for order in ([0, 1, 2], [2, 0, 1], [1, 2, 0]):
        decoder = Decoder()
        found = [segment for index in order for segment in decoder.decode(101, pieces[index], 0.0)]
        assert [segment.payload for segment in found] == [whole[8:]]


def test_ipv6_fragments() -> None:
    whole = udp(b"x" * 2000)
    decoder = Decoder()
    first = ipv6(44, struct.pack(">BBHI", UDP, 0, 1, 9) + whole[:1000])
    last = ipv6(44, struct.pack(">BBHI", UDP, 0, 1000, 9) + whole[1000:])
    assert decoder.decode(101, first, 0.0) == []
    assert decoder.decode(101, last, 0.0)[0].payload == whole[8:]


def test_a_datagram_that_never_came_together_still_tells_its_ports() -> None:
    decoder = Decoder()
    assert decoder.decode(101, ipv4(UDP, udp(b"x" * 792), 0x2000), 0.0) == []
    (segment,) = decoder.flush()
    assert segment.ends[-4:] == struct.pack(">HH", 1234, 53)


def test_padding_of_short_frames_is_no_payload() -> None:
    bare = ethernet(0x0800, ipv4(TCP, tcp(b"", ACK)))
    assert decode(bare + bytes(60 - len(bare)))[0].payload == b""
    counted = ethernet(0x0800, ipv4(TCP, tcp(bytes(6), ACK)))  # a middlebox counted it in the IP header
    assert len(counted) == 60
    assert (decode(counted)[0].payload, decode(counted)[0].length) == (b"", 0)
    typed = ethernet(0x0800, ipv4(TCP, tcp(b"\x00", PSH | ACK)))
    assert decode(typed)[0].payload == b"\x00"


def test_a_short_capture_knows_the_length_on_the_wire() -> None:
    frame = ethernet(0x0800, ipv4(TCP, tcp(b"x" * 1000)))
    (segment,) = decode(frame[:96])
    assert (len(segment.payload), segment.length) == (42, 1000)


def test_a_large_segment_cut_by_the_card_has_no_total_length() -> None:
    frame = bytearray(ipv4(TCP, tcp(b"x" * 3000, SYN)))
    frame[2:4] = b"\0\0"
    assert decode(bytes(frame), 101)[0].length == 3000


@pytest.mark.parametrize("link_type", [147, 65000])
def test_unknown_link_types(link_type: int) -> None:
    assert decode(INSIDE, link_type) == []
    assert not link_type_known(link_type)


LINKS = [0, 1, 9, 12, 101, 104, 105, 108, 113, 127, 129, 192, 228, 229, 239, 242, 258, 276]


@given(frame=st.binary(max_size=200), link_type=st.sampled_from(LINKS))
def test_any_bytes_decode_without_an_exception(frame: bytes, link_type: int) -> None:
    decoder = Decoder()
    for segment in [*decoder.decode(link_type, frame, 0.0), *decoder.flush()]:
        assert segment.protocol in (TCP, UDP)


@given(data=st.data(), link_type=st.sampled_from([1, 101]))
def test_mutilated_tunnels_decode_without_an_exception(data: st.DataObject, link_type: int) -> None:
    inner = ipv4(
        47, b"\x00\x00\x65\x58" + ethernet(0x0800, ipv4(UDP, udp(b"\x08" + bytes(7) + ethernet(0x0800, INSIDE))))
    )
    frame = bytearray(ethernet(0x0800, inner) if link_type == 1 else inner)
    for _ in range(data.draw(st.integers(0, 5))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    assert len(decode(bytes(frame[: data.draw(st.integers(0, len(frame)))]), link_type)) <= 3


def test_headers_without_end_are_given_up() -> None:
    frame = INSIDE
    for _ in range(40):
        frame = ipv4(4, frame)
    assert decode(frame, 101) == []
