"""A capture to flows, endpoints and limitations."""

import gc
import gzip
import io
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from javert.catalogue.lookup import Language, text
from javert.errors import ParseError
from javert.formats.packets import ACK, FIN, PSH, RST, SYN
from javert.model.telemetry import Encryption, Transport
from javert.protocols.interface import Protocol
from javert.sensors.capture import read_capture
from javert.sensors.flow_table import Flow

CLIENT, SERVER = bytes((192, 0, 2, 1)), bytes((198, 51, 100, 2))
REQUEST = b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Wire:
    """Builds a capture packet by packet."""

    def __init__(self, link_type: int = 1) -> None:
        self.data = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link_type)
        self.link_type = link_type
        self.time = 1000.0

    def frame(self, frame: bytes) -> None:
        self.time += 0.01
        seconds, micro = divmod(round(self.time * 1e6), 1_000_000)
        self.data += struct.pack("<IIII", seconds, micro, len(frame), len(frame)) + frame

    def ip(self, protocol: int, payload: bytes, *, up: bool) -> None:
        ends = CLIENT + SERVER if up else SERVER + CLIENT
        header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0) + ends
        ethernet = bytes(12) + b"\x08\x00" if self.link_type == 1 else b""
        self.frame(ethernet + header + payload)

    def tcp(self, sequence: int, flags: int, payload: bytes = b"", *, up: bool = True, port: int = 40000) -> None:
        ports = (port, 80) if up else (80, port)
        header = struct.pack(">HHIIBBHHH", *ports, sequence & 0xFFFFFFFF, 0, 0x50, flags, 0, 0, 0)
        self.ip(6, header + payload, up=up)

    def udp(self, payload: bytes, *, up: bool = True) -> None:
        ports = (5353, 161) if up else (161, 5353)
        self.ip(17, struct.pack(">HHHH", *ports, len(payload) + 8, 0) + payload, up=up)

    def exchange(self, port: int = 40000, start: int = 100) -> None:
        self.tcp(start, SYN, port=port)
        self.tcp(500, SYN | ACK, up=False, port=port)
        self.tcp(start + 1, ACK, port=port)
        self.tcp(start + 1, PSH | ACK, REQUEST, port=port)
        self.tcp(501, PSH | ACK, RESPONSE, up=False, port=port)
        self.tcp(start + 1 + len(REQUEST), FIN | ACK, port=port)
        self.tcp(501 + len(RESPONSE), FIN | ACK, up=False, port=port)
        self.tcp(start + 2 + len(REQUEST), ACK, port=port)

    def flows(self) -> list[Flow]:
        return list(read_capture(io.BytesIO(self.data)))


@pytest.mark.parametrize("link_type", [1, 101])
def test_a_connection_from_handshake_to_end(link_type: int) -> None:
    wire = Wire(link_type)
    wire.exchange()
    (flow,) = wire.flows()
    assert (flow.client_address, flow.client_port) == ("192.0.2.1", 40000)
    assert (flow.server_address, flow.server_port) == ("198.51.100.2", 80)
    assert (flow.verdict.protocol, flow.verdict.encryption) == (Protocol.HTTP, Encryption.NONE)
    assert (flow.bytes_to_server, flow.bytes_to_client) == (len(REQUEST), len(RESPONSE))
    assert flow.completed
    assert not flow.midstream
    assert flow.last_seen > flow.first_seen > 1000.0


def test_a_port_used_again_is_another_flow() -> None:
    wire = Wire()
    wire.exchange()
    wire.exchange(start=7000)
    assert [flow.verdict.protocol for flow in wire.flows()] == [Protocol.HTTP, Protocol.HTTP]


def test_a_repeated_syn_is_not() -> None:
    wire = Wire()
    wire.tcp(100, SYN)
    wire.exchange()
    assert len(wire.flows()) == 1


def test_a_connection_that_was_refused_did_not_come_about() -> None:
    wire = Wire()
    wire.tcp(100, SYN)
    wire.tcp(0, RST | ACK, up=False)
    (flow,) = wire.flows()
    assert not flow.completed
    assert flow.verdict.protocol is Protocol.UNKNOWN


def test_sequence_numbers_wrap() -> None:
    wire = Wire()
    wire.exchange(start=0xFFFFFFF0)
    (flow,) = wire.flows()
    assert flow.verdict.protocol is Protocol.HTTP


def test_segments_out_of_order_and_repeated() -> None:
    wire = Wire()
    wire.tcp(100, SYN)
    wire.tcp(500, SYN | ACK, up=False)
    wire.tcp(111, PSH | ACK, REQUEST[10:])
    wire.tcp(111, PSH | ACK, REQUEST[10:])
    wire.tcp(101, ACK, REQUEST[:10])
    (flow,) = wire.flows()
    assert flow.verdict.protocol is Protocol.HTTP


def test_a_flow_joined_midway_finds_out_who_is_the_server() -> None:
    wire = Wire()
    wire.tcp(501, PSH | ACK, RESPONSE, up=False)
    wire.tcp(101, PSH | ACK, REQUEST)
    (flow,) = wire.flows()
    assert flow.midstream
    assert flow.verdict.protocol is Protocol.HTTP
    assert (flow.server_port, flow.bytes_to_server) == (80, len(REQUEST))


def test_datagrams() -> None:
    wire = Wire()
    message = bytes.fromhex(
        "3026 020101 0406 7075626c6963 a019 020101 020100 020100 300e 300c 0608 2b06010201010100 0500"
    )
    wire.udp(message)
    wire.udp(message, up=False)
    (flow,) = wire.flows()
    assert (flow.transport, flow.verdict.protocol) == (Transport.UDP, Protocol.SNMPV2C)
    assert flow.verdict.credentials_exposed
    assert (flow.bytes_to_server, flow.bytes_to_client) == (len(message), len(message))


def test_the_short_way_counts_what_the_long_way_counts() -> None:
    tagged, plain = Wire(), Wire()
    plain.exchange()
    for piece in list(split(plain.data)):
        tagged.frame(piece[:12] + b"\x81\x00\x00\x05" + piece[12:])
    (fast,), (slow,) = plain.flows(), tagged.flows()
    assert (fast.bytes_to_server, fast.bytes_to_client, fast.verdict, fast.completed) == (
        slow.bytes_to_server,
        slow.bytes_to_client,
        slow.verdict,
        slow.completed,
    )


def split(data: bytes) -> list[bytes]:
    frames, at = [], 24
    while at < len(data):
        length = struct.unpack_from("<I", data, at + 8)[0]
        frames.append(data[at + 16 : at + 16 + length])
        at += 16 + length
    return frames


def test_a_capture_cut_short_gives_the_flows_and_one_limitation() -> None:
    wire = Wire()
    wire.exchange()
    reader = read_capture(io.BytesIO(wire.data[:-20]))
    assert len(list(reader)) == 1
    (limitation,) = reader.limitations
    assert (limitation.code, limitation.params) == ("capture-cut", {"offset": str(len(wire.data) - 16 - 54)})


def test_an_unknown_link_type_blinds() -> None:
    reader = read_capture(io.BytesIO(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 9, 147) + bytes(16)))
    assert list(reader) == []
    (limitation,) = reader.limitations
    assert (limitation.code, limitation.scope, limitation.blinds) == ("capture-link-type", "147", True)


@pytest.mark.parametrize("code", ["capture-cut", "capture-damaged", "capture-link-type"])
@pytest.mark.parametrize("part", ["title", "description", "recommendation"])
def test_every_limitation_has_its_texts(code: str, part: str) -> None:
    params = {"offset": "24", "link_type": "147", "frames": "9"}
    english = text(f"limitation.{code}.{part}", Language.ENGLISH, params)
    assert english != text(f"limitation.{code}.{part}", Language.JAPANESE, params)


def test_compressed_captures_and_progress() -> None:
    wire = Wire()
    wire.exchange()
    squeezed = gzip.compress(wire.data)
    told: list[int] = []
    assert len(list(read_capture(io.BytesIO(squeezed), told.append))) == 1
    assert told[-1] == len(squeezed)


def test_what_is_no_capture_is_a_parse_error() -> None:
    with pytest.raises(ParseError):
        read_capture(io.BytesIO(b"hello"))


def test_no_payload_reaches_flows() -> None:
    wire = Wire()
    secret = REQUEST[:-2] + b"Authorization: Basic c2VjcmV0LXRva2Vu\r\n\r\n"
    wire.tcp(101, PSH | ACK, secret)
    flows = wire.flows()
    assert flows[0].verdict.credentials_exposed
    assert "c2VjcmV0" not in repr(flows)


@given(data=st.binary(max_size=400))
@settings(max_examples=150)
def test_any_frames_give_flows(data: bytes) -> None:
    wire = Wire()
    wire.exchange()
    wire.frame(data)
    wire.ip(6, data, up=True)
    wire.ip(17, data, up=False)
    assert any(flow.verdict.protocol is Protocol.HTTP for flow in wire.flows())


def test_flows_leave_nothing_that_reference_counts_do_not_free() -> None:
    """``javert replay`` switches the search for cycles off."""
    wire = Wire()
    for port in range(40000, 40020):
        wire.exchange(port)
        wire.frame(bytes(20))
        wire.udp(b"0\x26\x02\x01", up=port % 2 == 0)
    wire.tcp(1, ACK, b"\x00\x01 nothing known", port=50000)
    wire.flows()
    gc.collect()
    gc.disable()
    try:
        assert len(wire.flows()) == 22
        assert gc.collect() == 0
    finally:
        gc.enable()
