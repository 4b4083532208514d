"""memcached: its version in text, or a binary NOOP where SASL is wanted. Answers of memcached 1.6."""

import pytest
from tests.unit.probes.playing import Again, Said, play

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes import memcached

VERSION = b"version\r\n"
NOOP = bytes.fromhex("800a0000 00000000 00000000 4a617672 0000000000000000")


def answer(authentication: Authentication) -> ProbeAnswer:
    return ProbeAnswer(protocol="memcached", acceptance=Acceptance.CLEARTEXT_ONLY, authentication=authentication)


def test_a_version_told_to_anyone() -> None:
    found = play(memcached.converse(b""), (VERSION, b"VERSION 1.6.18\r\n"), Said(b"quit\r\n"))
    assert found == answer(Authentication.NONE)


def test_a_password_in_text() -> None:
    found = play(memcached.converse(b""), (VERSION, b"CLIENT_ERROR unauthenticated\r\n"))
    assert found == answer(Authentication.REQUIRED)


@pytest.mark.parametrize(
    ("status", "authentication"), [("0020", Authentication.REQUIRED), ("0000", Authentication.UNKNOWN)]
)
def test_the_binary_protocol(status: str, authentication: Authentication) -> None:
    said = bytes.fromhex(f"810a0000 0000 {status} 00000000 4a617672 0000000000000000")
    found = play(memcached.converse(b""), Said(VERSION), Again(), (NOOP, said))
    assert found == answer(authentication)


@pytest.mark.parametrize("said", [VERSION, b"ERROR\r\n", b"VERSION \x00\r\n"])
def test_what_answers_otherwise_is_not_memcached(said: bytes) -> None:
    assert play(memcached.converse(b""), Said(VERSION, said)) is None


@pytest.mark.parametrize("said", [b"", NOOP, bytes(24)])
def test_nor_what_is_silent(said: bytes) -> None:
    assert play(memcached.converse(b""), Said(VERSION), Again(), Said(NOOP, said)) is None
