"""Capture files: both formats, both byte orders, both resolutions, and files that break off."""

import gzip
import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from javert.errors import ParseError
from javert.formats.capture_file import CaptureFile, Damage
from javert.formats.gunzip import Gunzip

FRAMES = [b"first frame", b"x" * 1500, b""]


def pcap(order: str = "<", nano: bool = False, link_type: int = 1, frames: list[bytes] = FRAMES) -> bytes:
    magic = 0xA1B23C4D if nano else 0xA1B2C3D4
    data = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, link_type)
    for number, frame in enumerate(frames):
        data += struct.pack(
            order + "IIII", 1000 + number, 500_000 * (1000 if nano else 1), len(frame), len(frame) + 7
        )
        data += frame
    return data


def block(order: str, kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)


def section(order: str) -> bytes:
    return block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))


def interface(order: str, link_type: int = 1, options: bytes = b"", snapshot: int = 0) -> bytes:
    return block(order, 1, struct.pack(order + "HHI", link_type, 0, snapshot) + options)


def enhanced(order: str, ticks: int, frame: bytes, index: int = 0) -> bytes:
    header = struct.pack(order + "IIIII", index, ticks >> 32, ticks & 0xFFFFFFFF, len(frame), len(frame))
    return block(order, 6, header + frame)


def frames_of(capture: CaptureFile) -> list[tuple[int, float, bytes]]:
    return [(link_type, time, buffer[start:end]) for link_type, time, buffer, start, end in capture]


def read(data: bytes) -> tuple[list[tuple[int, float, bytes]], Damage | None]:
    capture = CaptureFile(io.BytesIO(data))
    return frames_of(capture), capture.damage


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("nano", [False, True])
def test_pcap(order: str, nano: bool) -> None:
    packets, damage = read(pcap(order, nano, link_type=113))
    assert packets == [(113, pytest.approx(1000.5 + number), frame) for number, frame in enumerate(FRAMES)]
    assert damage is None


def test_flags_above_the_link_type_are_not_part_of_it() -> None:
    packets, _ = read(pcap(link_type=0x30000001))
    assert packets[0][0] == 1


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcapng_with_its_resolutions(order: str) -> None:
    nano = struct.pack(order + "HHBxxx", 9, 1, 9)
    binary = struct.pack(order + "HHBxxx", 9, 1, 0x80 | 10)
    offset = struct.pack(order + "HHq", 14, 8, 100)
    data = section(order) + interface(order) + interface(order, 113, nano) + interface(order, 101, binary + offset)
    data += enhanced(order, 1_500_000, b"micro") + enhanced(order, 1_500_000_000, b"nano", 1)
    data += block(order, 4, b"name resolution") + enhanced(order, 1536, b"power of two", 2)
    packets, damage = read(data)
    assert packets == [
        (1, pytest.approx(1.5), b"micro"),
        (113, pytest.approx(1.5), b"nano"),
        (101, pytest.approx(101.5), b"power of two"),
    ]
    assert damage is None


def test_simple_and_obsolete_packet_blocks() -> None:
    simple = block("<", 3, struct.pack("<I", 9000) + b"cut at 16 octets, and padding")
    obsolete = block("<", 2, struct.pack("<HHIIII", 0, 3, 0, 2_000_000, 4, 4) + b"four")
    packets, _ = read(section("<") + interface("<", snapshot=16) + simple + obsolete)
    assert [frame for *_, frame in packets] == [b"cut at 16 octets", b"four"]


def test_a_second_section_in_the_other_byte_order() -> None:
    data = section("<") + interface("<") + enhanced("<", 1, b"little")
    data += section(">") + interface(">", 113) + enhanced(">", 1, b"big")
    assert [(packet[0], packet[2]) for packet in read(data)[0]] == [(1, b"little"), (113, b"big")]


@pytest.mark.parametrize("data", [b"", b"\xd4\xc3\xb2\xa1", b"MZ" + bytes(100), b"\x0a\x0d\x0d\x0a"])
def test_what_is_no_capture(data: bytes) -> None:
    with pytest.raises(ParseError):
        CaptureFile(io.BytesIO(data))


def test_a_file_that_ends_inside_a_packet_gives_those_before_and_names_the_byte() -> None:
    whole = pcap()
    last = len(pcap(frames=FRAMES[:1]))
    packets, damage = read(whole[: last + 300])
    assert [frame for *_, frame in packets] == FRAMES[:1]
    assert damage == Damage(last, "cut")


def test_a_header_that_cannot_be_is_damage() -> None:
    begin = pcap(frames=FRAMES[:1])
    packets, damage = read(begin + b"\xff" * 40)
    assert len(packets) == 1
    assert damage == Damage(len(begin), "damaged")


@pytest.mark.parametrize(
    ("tail", "reason"),
    [
        (struct.pack("<II", 6, 13) + bytes(40), "damaged"),
        (enhanced("<", 1, b"no such interface", 7), "damaged"),
        (struct.pack("<II", 6, 400) + bytes(40), "cut"),
        (b"\x06\x00\x00", "cut"),
    ],
)
def test_pcapng_that_breaks(tail: bytes, reason: str) -> None:
    begin = section("<") + interface("<") + enhanced("<", 1, b"whole")
    packets, damage = read(begin + tail)
    assert len(packets) == 1
    assert damage == Damage(len(begin), reason)


def test_files_larger_than_a_chunk() -> None:
    frames = [bytes([number % 256]) * 60_000 for number in range(60)]
    packets, damage = read(pcap(frames=frames))
    assert [frame for *_, frame in packets] == frames
    assert damage is None


def test_gzip_in_several_members() -> None:
    data = pcap(frames=[b"a" * 5000] * 50)
    squeezed = gzip.compress(data[:4000]) + gzip.compress(data[4000:])
    assert len(list(CaptureFile(Gunzip(io.BytesIO(squeezed))))) == 50


@pytest.mark.parametrize("spoil", [lambda data: data[: len(data) // 2], lambda data: data[:2500] + b"\xff" * 90])
def test_damaged_gzip_gives_what_comes_before(spoil) -> None:
    frames = [struct.pack("<Q", number * 0x9E3779B97F4A7C15 % 2**64) * 40 for number in range(400)]
    capture = CaptureFile(Gunzip(io.BytesIO(spoil(gzip.compress(pcap(frames=frames))))))
    packets = frames_of(capture)
    assert [frame for *_, frame in packets] == frames[: len(packets)]
    assert 100 < len(packets) < 400
    assert capture.damage is not None


@given(data=st.binary(max_size=600), head=st.sampled_from([pcap(), section("<") + interface("<"), section(">")]))
def test_any_bytes_end_in_packets_and_at_most_one_damage(data: bytes, head: bytes) -> None:
    packets, damage = read(head + data)
    assert all(len(frame) <= len(head + data) for *_, frame in packets)
    assert damage is None or 0 <= damage.offset <= len(head + data)


@given(data=st.binary(max_size=300))
def test_any_bytes_are_a_capture_or_a_parse_error(data: bytes) -> None:
    try:
        list(CaptureFile(io.BytesIO(data)))
        list(CaptureFile(Gunzip(io.BytesIO(b"\x1f\x8b" + data))))
    except ParseError:
        pass
