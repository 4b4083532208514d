"""X11: connection setup. Messages after the X protocol's chapter 8, of X.Org 21."""

import pytest
from tests.unit.probes.playing import Said, play

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes import x11

SETUP = bytes.fromhex("6c00 0b00 0000 0000 0000 0000")


@pytest.mark.parametrize(
    ("said", "authentication"),
    [
        (bytes.fromhex("01 00 0b00 0000 3905 a9f8b800 00000004"), Authentication.NONE),
        (b"\x00\x16\x0b\x00\x00\x00\x06\x00No protocol specified\n\0\0", Authentication.REQUIRED),
        (b"\x02\x00\x00\x00\x00\x00\x05\x00Authentication continues", Authentication.REQUIRED),
    ],
)
def test_who_may_connect(said: bytes, authentication: Authentication) -> None:
    assert play(x11.converse(b""), (SETUP, said)) == ProbeAnswer(
        protocol="x11", acceptance=Acceptance.CLEARTEXT_ONLY, authentication=authentication
    )


@pytest.mark.parametrize("said", [b"", SETUP, bytes(12), b"HTTP/1.1 400 Bad Request\r\n", b"\x01\x00\x0b"])
def test_what_answers_otherwise_is_not_x11(said: bytes) -> None:
    assert play(x11.converse(b""), Said(SETUP, said)) is None
