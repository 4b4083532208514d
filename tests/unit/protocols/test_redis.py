"""Redis: arrays, inline commands, AUTH."""

from collections.abc import Callable

import pytest

from javert.model.telemetry import Encryption, Transport
from javert.protocols.interface import Protocol, Verdict

Play = Callable[..., Verdict]


@pytest.mark.parametrize(
    "turns",
    [
        [("C", b"*1\r\n$4\r\nPING\r\n"), ("S", b"+PONG\r\n")],
        [("C", b"PING\r\n"), ("S", b"+PONG\r\n")],
        [("C", b"INFO\r\n"), ("S", b"-NOAUTH Authentication required.\r\n")],
        [("C", b"*1\r\n$7\r\nCOMMAND\r\n")],
    ],
)
def test_commands(verdict_of: Play, turns: list[tuple[str, bytes]]) -> None:
    verdict = verdict_of(*turns)
    assert (verdict.protocol, verdict.encryption) == (Protocol.REDIS, Encryption.NONE)
    assert not verdict.credentials_exposed


@pytest.mark.parametrize(
    "command",
    [
        b"*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n",
        b"AUTH secret\r\n",
        b"*5\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$4\r\nAUTH\r\n$3\r\njoe\r\n$1\r\nx\r\n",
    ],
)
def test_auth(verdict_of: Play, command: bytes) -> None:
    assert verdict_of(("C", command), ("S", b"+OK\r\n")).credentials_exposed


@pytest.mark.parametrize(
    "turns",
    [
        [("C", b"GET x\r\n"), ("S", b"VALUE x 0 1\r\n1\r\nEND\r\n")],  # memcached
        [("C", b"AUTH\r\n"), ("S", b"+OK ready\r\n")],  # POP3
        [("C", b"PING\r\n")],
        [("C", b"* OK [CAPABILITY IMAP4rev1]\r\n")],
    ],
)
def test_look_alikes(verdict_of: Play, turns: list[tuple[str, bytes]]) -> None:
    assert verdict_of(*turns).protocol is not Protocol.REDIS
    assert verdict_of(*turns, transport=Transport.UDP).protocol is Protocol.UNKNOWN
