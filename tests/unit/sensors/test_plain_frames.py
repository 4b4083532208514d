"""The short way of plain frames learns what the long way learns."""

import io
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from javert.formats.packets import ACK, FIN, PSH, RST, SYN
from javert.sensors import plain_frames
from javert.sensors.capture import read_capture
from javert.sensors.flow_table import Flow

A, B = bytes((192, 0, 2, 1)), bytes((198, 51, 100, 2))
A6, B6 = bytes.fromhex("20010db8" + "00" * 11 + "01"), bytes.fromhex("20010db8" + "00" * 11 + "02")
REQUEST = b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"
TLS = bytes.fromhex("16030100310100002d0303") + bytes(32) + bytes.fromhex("0000061301130200ff0100")
QUERY = bytes.fromhex("12340100000100000000000003777777076578616d706c65036f72670000010001")
VXLAN = b"\x08\x00\x00\x00\x00\x00\x07\x00"
LINKS = {
    0: b"\x02\x00\x00\x00",
    1: bytes(12),
    12: b"",
    101: b"",
    113: bytes(14),
    228: b"",
    276: b"",
}
"""What stands before the ethertype, or before the IP header where there is none."""


def framed(link_type: int, packet: bytes, tags: int = 0) -> bytes:
    """An IP packet in a frame."""
    kind = b"\x86\xdd" if packet[:1] >= b"\x60" else b"\x08\x00"
    if link_type == 276:
        return kind + bytes(18) + packet
    if link_type in (1, 113):
        return LINKS[link_type] + b"\x81\x00\x00\x05" * tags + kind + packet
    return LINKS[link_type] + packet


def ip(protocol: int, payload: bytes, *, up: bool, six: bool = False, surplus: int = 0, fragment: int = 0) -> bytes:
    """An IPv4 or IPv6 packet; its header claims ``surplus`` octets more than there are."""
    size = len(payload) + surplus
    if six:
        return struct.pack(">IHBB", 6 << 28, size, protocol, 64) + (A6 + B6 if up else B6 + A6) + payload
    head = struct.pack(">BBHHHBBH", 0x45, 0, size + 20, 1, fragment, 64, protocol, 0)
    return head + (A + B if up else B + A) + payload


def tcp(ports: tuple[int, int], sequence: int, flags: int, data: bytes = b"", offset: int = 0x50) -> bytes:
    return struct.pack(">HHIIBBHHH", *ports, sequence & 0xFFFFFFFF, 0, offset, flags, 0, 0, 0) + data


def udp(ports: tuple[int, int], data: bytes, size: int | None = None) -> bytes:
    return struct.pack(">HHHH", *ports, len(data) + 8 if size is None else size, 0) + data


def capture(link_type: int, frames: list[bytes]) -> bytes:
    data = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link_type)
    for number, frame in enumerate(frames):
        data += struct.pack("<IIII", 1000 + number, 0, len(frame), len(frame)) + frame
    return data


def flows(data: bytes) -> list[Flow]:
    return list(read_capture(io.BytesIO(data)))


def the_long_way(data: bytes) -> list[Flow]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain_frames, "_LINKS", {})
        return flows(data)


@st.composite
def packets(draw: st.DrawFn) -> bytes:
    up, port = draw(st.booleans()), draw(st.sampled_from((40000, 40001)))
    ports = (port, 80) if up else (80, port)
    six, surplus = draw(st.booleans()), draw(st.sampled_from((0, 0, 0, 6, -6)))
    data = draw(st.sampled_from((b"", b"\0", b"\0" * 6, b"x", REQUEST, TLS, QUERY, REQUEST[:7], b"x" * 9000)))
    if draw(st.booleans()):
        flags = draw(st.sampled_from((ACK, ACK, PSH | ACK, PSH, SYN, SYN | ACK, FIN | ACK, RST, RST | ACK, 0)))
        sequence = draw(st.sampled_from((99, 100, 101, 107, 0xFFFFFFF0, 9101, 18101, 0x80000000)))
        offset = draw(st.sampled_from((0x50, 0x50, 0x50, 0x60, 0x10, 0xF0)))
        return ip(6, tcp(ports, sequence, flags, data, offset), up=up, six=six, surplus=surplus)
    size = draw(st.sampled_from((None, None, None, 0, 7, 8, 20, 2000)))
    fragment = draw(st.sampled_from((0, 0, 0x4000, 0x2000, 5)))
    if draw(st.booleans()):
        data = VXLAN + framed(1, ip(17, udp(ports, data), up=up))
        ports = (4789, 4789)
    return ip(17, udp(ports, data, size), up=up, six=six, surplus=surplus, fragment=fragment)


@given(
    link_type=st.sampled_from(sorted(LINKS)),
    sent=st.lists(st.tuples(packets(), st.sampled_from((0, 0, 0, 1, 2, 3)), st.integers(0, 60)), max_size=12),
)
@settings(max_examples=400, deadline=None)
def test_both_ways_come_to_the_same_flows(link_type: int, sent: list[tuple[bytes, int, int]]) -> None:
    whole = [framed(link_type, packet, tags) for packet, tags, _ in sent]
    cut = [
        frame[: len(frame) - (missing if missing > 30 else 0)]
        for frame, (*_, missing) in zip(whole, sent, strict=True)
    ]
    data = capture(link_type, cut)
    assert flows(data) == the_long_way(data)


@given(frames=st.lists(st.binary(max_size=90), max_size=5), link_type=st.sampled_from(sorted(LINKS)))
@settings(deadline=None)
def test_so_do_any_bytes(frames: list[bytes], link_type: int) -> None:
    data = capture(link_type, frames)
    assert flows(data) == the_long_way(data)


@pytest.mark.parametrize("link_type", sorted(LINKS))
@pytest.mark.parametrize("six", [False, True])
def test_plain_frames_do_not_go_the_long_way(link_type: int, six: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("javert.formats.packets.Decoder.decode", None)
    sent = [ip(6, tcp((4000, 80), 100, ACK | PSH, REQUEST), up=True, six=six)]
    sent += [ip(17, udp((4000, 53), QUERY), up=True, six=six)] * 2
    assert len(flows(capture(link_type, [framed(link_type, packet) for packet in sent]))) == 2


def test_tags_of_a_network_do_not_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("javert.formats.packets.Decoder.decode", None)
    sent = ip(6, tcp((4000, 80), 100, ACK | PSH, REQUEST), up=True)
    assert len(flows(capture(1, [framed(1, sent, tags) for tags in (0, 1, 2)]))) == 1


def test_what_only_the_server_is_heard_to_say_shows_that_the_connection_came_about() -> None:
    """Both ways: a mirror port often sees one direction alone."""
    up, down = (4000, 80), (80, 4000)
    sent = [
        ip(6, tcp(up, 99, SYN), up=True),
        ip(6, tcp(down, 500, ACK | PSH, b"HTTP/1.1 200 OK\r\n\r\n"), up=False),
    ]
    (flow,) = flows(capture(101, sent))
    assert flow.completed


def test_an_answer_nobody_was_heard_to_give_does_not() -> None:
    (flow,) = flows(capture(101, [ip(6, tcp((4000, 80), 99, flags), up=True) for flags in (SYN, ACK)]))
    assert not flow.completed


def test_the_last_step_of_the_handshake_completes_the_connection() -> None:
    up, down = (4000, 80), (80, 4000)
    sent = [ip(6, tcp(up, 99, SYN), up=True), ip(6, tcp(down, 500, SYN | ACK), up=False)]
    (half,) = flows(capture(101, sent))
    (whole,) = flows(capture(101, [*sent, ip(6, tcp(up, 100, ACK), up=True)]))
    assert (half.completed, whole.completed) == (False, True)


def test_a_tunnel_whose_first_datagrams_carry_no_ip_is_still_one() -> None:
    arp = VXLAN + bytes(12) + b"\x08\x06" + bytes(28)
    inside = VXLAN + framed(1, ip(6, tcp((4000, 80), 100, ACK | PSH, REQUEST), up=True))
    sent = [ip(17, udp((5000, 4789), data), up=True) for data in [arp] * 9 + [inside]]
    assert sorted(flow.verdict.protocol for flow in flows(capture(101, sent))) == ["http", "unknown"]
