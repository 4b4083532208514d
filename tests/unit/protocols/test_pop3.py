"""POP3: greeting, STLS, passwords."""

from collections.abc import Callable

import pytest

from javert.model.telemetry import Encryption, Transport
from javert.protocols.interface import Protocol, Verdict

Play = Callable[..., Verdict]

GREETING = ("S", b"+OK POP3 server ready\r\n")


def test_user_and_pass(verdict_of: Play) -> None:
    turns = [("C", b"USER joe\r\n"), ("S", b"+OK\r\n"), ("C", b"PASS secret\r\n")]
    verdict = verdict_of(GREETING, *turns)
    assert (verdict.protocol, verdict.encryption) == (Protocol.POP3, Encryption.NONE)
    assert verdict.credentials_exposed


def test_apop_sends_a_digest(verdict_of: Play) -> None:
    verdict = verdict_of(GREETING, ("C", b"APOP joe c4c9334bac560ecc979e58001b3e22fb\r\n"))
    assert verdict.protocol is Protocol.POP3
    assert not verdict.credentials_exposed


def test_stls_offered_and_passed_by(verdict_of: Play) -> None:
    turns = [("C", b"CAPA\r\n"), ("S", b"+OK\r\nTOP\r\nSTLS\r\n.\r\n"), ("C", b"USER joe\r\n")]
    assert verdict_of(GREETING, *turns).encryption is Encryption.OFFERED_NOT_USED


def test_stls_then_tls(verdict_of: Play, client_hello: bytes) -> None:
    turns = [("C", b"STLS\r\n"), ("S", b"+OK Begin TLS\r\n"), ("C", client_hello)]
    assert verdict_of(GREETING, *turns).encryption is Encryption.UPGRADED


def test_stls_refused(verdict_of: Play) -> None:
    assert verdict_of(GREETING, ("C", b"STLS\r\n"), ("S", b"-ERR no\r\n")).encryption is Encryption.REFUSED


@pytest.mark.parametrize("turns", [[("S", b"+OK\r\n")], [("C", b"SET a b\r\n"), ("S", b"+OK\r\n")]])
def test_a_bare_ok_is_not_pop3(verdict_of: Play, turns: list[tuple[str, bytes]]) -> None:
    assert verdict_of(*turns).protocol is not Protocol.POP3


def test_auth_plain(verdict_of: Play) -> None:
    turns = [("C", b"AUTH PLAIN\r\n"), ("S", b"+ \r\n"), ("C", b"AGpvZQBzZWNyZXQ=\r\n")]
    assert verdict_of(GREETING, *turns).credentials_exposed
    assert verdict_of(GREETING, *turns, transport=Transport.UDP).protocol is Protocol.UNKNOWN


def test_a_greeting_without_text_counts_where_the_client_logs_in(verdict_of: Play) -> None:
    verdict = verdict_of(("S", b"+OK\r\n"), ("C", b"USER joe\r\n"), ("S", b"+OK\r\n"), ("C", b"PASS secret\r\n"))
    assert (verdict.protocol, verdict.credentials_exposed) == (Protocol.POP3, True)
    assert verdict_of(("S", b"+OK\r\n"), ("C", b"QUIT\r\n")).protocol is not Protocol.POP3


def test_lines_of_a_client_that_pop3_has_not(verdict_of: Play) -> None:
    assert verdict_of(("C", b"PASS secret\r\nNICK joe\r\n")).protocol is not Protocol.POP3
