"""TLS from the first byte: a handshake, or an answer in TLS."""

import pytest
from tests.unit.probes.playing import Tls, play

from javert.model.telemetry import Acceptance, ProbeAnswer
from javert.probes import tls

ONLY = ProbeAnswer(protocol="tls", acceptance=Acceptance.TLS_ONLY)


def test_a_handshake() -> None:
    assert play(tls.converse(b""), Tls(True)) == ONLY


@pytest.mark.parametrize(
    "said",
    [
        bytes.fromhex("15 0303 0002 02 70"),  # fatal, unrecognized_name (RFC 6066 3): nginx, ssl_reject_handshake
        bytes.fromhex("15 0300 0002 02 28"),  # fatal, handshake_failure, in SSL 3
        bytes.fromhex("16 0303 007a 02 000076 0303") + bytes(116),  # ServerHello; a certificate was wanted then
    ],
)
def test_a_refusal_in_tls(said: bytes) -> None:
    assert play(tls.converse(b""), Tls(False, said)) == ONLY


@pytest.mark.parametrize(
    "said",
    [
        b"",
        bytes.fromhex("15 0303"),
        bytes.fromhex("16 0301 00c8 01 0000c4 0303") + bytes(196),  # the hello, as an echo gives it back
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x15\x15\x15\x15\x15\x15\x15",
    ],
)
def test_anything_else_is_not_tls(said: bytes) -> None:
    assert play(tls.converse(b""), Tls(False, said)) is None
