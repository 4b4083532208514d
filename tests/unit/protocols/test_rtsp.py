"""RTSP."""

from collections.abc import Callable

import pytest

from javert.model.telemetry import Encryption, Transport
from javert.protocols.interface import Protocol, Verdict

Play = Callable[..., Verdict]

DESCRIBE = b"DESCRIBE rtsp://server.example.com/fizzle/foo RTSP/1.0\r\nCSeq: 312\r\n"


@pytest.mark.parametrize("opening", [DESCRIBE + b"\r\n", b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n"])
def test_requests(verdict_of: Play, opening: bytes) -> None:
    verdict = verdict_of(("C", opening))
    assert (verdict.protocol, verdict.encryption) == (Protocol.RTSP, Encryption.NONE)
    assert not verdict.credentials_exposed


def test_basic(verdict_of: Play) -> None:
    assert verdict_of(("C", DESCRIBE + b"Authorization: Basic am9lOng=\r\n\r\n")).credentials_exposed
    assert not verdict_of(("C", DESCRIBE + b"Authorization: Digest a=b\r\n\r\n")).credentials_exposed


def test_a_status_line(verdict_of: Play) -> None:
    assert verdict_of(("S", b"RTSP/1.0 401 Unauthorized\r\n\r\n")).protocol is Protocol.RTSP


@pytest.mark.parametrize(
    "opening", [b"OPTIONS * HTTP/1.1\r\n\r\n", b"DESCRIBE rtsp://a RTSP/7.0\r\n", b"OPTIONS rtsp"]
)
def test_look_alikes(verdict_of: Play, opening: bytes) -> None:
    assert verdict_of(("C", opening)).protocol is not Protocol.RTSP
    assert verdict_of(("C", DESCRIBE), transport=Transport.UDP).protocol is Protocol.UNKNOWN


def test_a_scheme_in_capitals(verdict_of: Play) -> None:
    assert verdict_of(("C", DESCRIBE.replace(b"rtsp:", b"RTSP:") + b"\r\n")).protocol is Protocol.RTSP


def test_behind_interleaved_media(verdict_of: Play) -> None:
    media = b"$\x00\x00\x0c" + bytes(12) + b"$\x01\x00\x04" + bytes(4)
    joined = ("S", media + b"RTSP/1.0 200 OK\r\nCSeq: 9\r\n\r\n")
    assert verdict_of(joined, midstream=True).protocol is Protocol.RTSP
    assert verdict_of(("S", media + b"more of it"), midstream=True).protocol is Protocol.UNKNOWN
    assert verdict_of(("S", media[:-2]), midstream=True).protocol is Protocol.UNKNOWN
