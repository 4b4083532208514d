"""Redis: PING. Answers of Redis 7."""

import pytest
from tests.unit.probes.playing import Again, Said, Turn, play

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes import redis

PING = b"*1\r\n$4\r\nPING\r\n"
PONG = (PING, b"+PONG\r\n")
PROTECTED = b"-DENIED Redis is running in protected mode because protected mode is enabled\r\n"
OPEN, PASSWORD, UNKNOWN = Authentication.NONE, Authentication.REQUIRED, Authentication.UNKNOWN


def answer(authentication: Authentication) -> ProbeAnswer:
    return ProbeAnswer(protocol="redis", acceptance=Acceptance.CLEARTEXT_ONLY, authentication=authentication)


@pytest.mark.parametrize(
    ("said", "authentication"),
    [
        (b"+PONG\r\n", OPEN),
        (b"-NOAUTH Authentication required.\r\n", PASSWORD),
        (b"-NOPERM this user has no permissions to run the 'ping' command\r\n", PASSWORD),
        (b"-ERR operation not permitted\r\n", PASSWORD),  # Redis 2
        (b"-LOADING Redis is loading the dataset in memory\r\n", UNKNOWN),
        (b"-ERR unknown command 'PING', with args beginning with: \r\n", UNKNOWN),  # rename-command PING ""
        (b"-ERR unknown command `PING`, with args beginning with: \r\n", UNKNOWN),  # Redis 5 and 6
    ],
)
def test_what_ping_is_answered_with(said: bytes, authentication: Authentication) -> None:
    assert play(redis.converse(b""), (PING, said), (b"*1\r\n$4\r\nQUIT\r\n", b"+OK\r\n")) == answer(authentication)


@pytest.mark.parametrize(
    ("turns", "authentication"),
    [
        ([Again(own=True), PONG], OPEN),
        ([Again(own=True), (PING, PROTECTED)], UNKNOWN),
        ([Again(own=True, refused=True), Said(PING)], UNKNOWN),
    ],
)
def test_protected_mode_is_asked_from_its_own_address(turns: list[Turn], authentication: Authentication) -> None:
    assert play(redis.converse(PROTECTED), *turns) == answer(authentication)
    assert play(redis.converse(b""), (PING, PROTECTED), *turns) == answer(authentication)


@pytest.mark.parametrize(
    "said", [b"", PING, b"ERROR\r\n", b"HTTP/1.1 400 Bad Request\r\n", b"-ERR unknown command\r\n"]
)
def test_what_answers_otherwise_is_not_redis(said: bytes) -> None:
    assert play(redis.converse(b""), Said(PING, said)) is None
