"""NNTP: greeting, AUTHINFO, STARTTLS."""

from collections.abc import Callable

import pytest

from javert.model.telemetry import Encryption, Transport
from javert.protocols.interface import Protocol, Verdict

Play = Callable[..., Verdict]

GREETING = ("S", b"200 news.example.org ready\r\n")


def test_a_reader_that_logs_in(verdict_of: Play) -> None:
    turns = [("C", b"AUTHINFO USER joe\r\n"), ("S", b"381 PASS?\r\n"), ("C", b"AUTHINFO PASS secret\r\n")]
    verdict = verdict_of(GREETING, *turns)
    assert (verdict.protocol, verdict.encryption) == (Protocol.NNTP, Encryption.NONE)
    assert verdict.credentials_exposed


def test_starttls(verdict_of: Play, client_hello: bytes) -> None:
    ask = [GREETING, ("C", b"CAPABILITIES\r\n"), ("S", b"101 list\r\nSTARTTLS\r\n.\r\n")]
    assert verdict_of(*ask, ("C", b"MODE READER\r\n")).encryption is Encryption.OFFERED_NOT_USED
    start = [*ask, ("C", b"STARTTLS\r\n")]
    assert verdict_of(*start, ("S", b"382 go\r\n"), ("C", client_hello)).encryption is Encryption.UPGRADED
    assert verdict_of(*start, ("S", b"580 no\r\n")).encryption is Encryption.REFUSED


@pytest.mark.parametrize("banner", [b"200 InterNetNews NNRP server\r\n", b"201 x (posting allowed)\r\n"])
def test_a_greeting_that_names_news(verdict_of: Play, banner: bytes) -> None:
    assert verdict_of(("S", banner)).protocol is Protocol.NNTP


def test_200_of_something_else_is_not_told(verdict_of: Play) -> None:
    assert verdict_of(("S", b"200 OK\r\n")).protocol is Protocol.UNKNOWN
    assert verdict_of(("S", b"200 OK\r\n"), ("C", b"launch missiles\r\n")).protocol is Protocol.UNKNOWN
    assert verdict_of(GREETING, ("C", b"DATE\r\n"), transport=Transport.UDP).protocol is Protocol.UNKNOWN
