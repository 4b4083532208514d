"""IRC: registration, passwords, STARTTLS."""

from collections.abc import Callable

import pytest

from javert.model.telemetry import Encryption, Transport
from javert.protocols.interface import Protocol, Verdict

Play = Callable[..., Verdict]

REGISTER = ("C", b"NICK amy\r\nUSER amy 0 * :Amy Pond\r\n")
WELCOME = ("S", b":irc.example.org 001 amy :Welcome\r\n")


@pytest.mark.parametrize(
    "turns",
    [
        [REGISTER, WELCOME],
        [REGISTER],
        [("S", b":irc.example.org NOTICE AUTH :*** Hi\r\n")],
        [("S", b"@time=2026-01-01T00:00:00Z :irc.example.org NOTICE * :Hi\r\n")],
        [("C", b"WEBIRC word gateway host.example 192.0.2.1\r\n"), REGISTER],
        # two servers
        [
            ("C", b"PASS word TS 6 :97K\r\nCAPAB :QS\r\nSERVER a.example 1 :a\r\n"),
            ("S", b"PASS word TS 6 :98K\r\n"),
        ],
    ],
)
def test_either_side(verdict_of: Play, turns: list[tuple[str, bytes]]) -> None:
    verdict = verdict_of(*turns)
    assert (verdict.protocol, verdict.encryption) == (Protocol.IRC, Encryption.NONE)


@pytest.mark.parametrize(
    ("line", "exposed"),
    [
        (b"PASS secret\r\n", True),
        (b"PRIVMSG NickServ :IDENTIFY secret\r\n", True),
        (b"OPER root secret\r\n", True),
        (b"PRIVMSG #chan :hello\r\n", False),
        (b"AUTHENTICATE PLAIN\r\nAUTHENTICATE am9lAGpvZQBzZWNyZXQ=\r\n", True),
        (b"AUTHENTICATE PLAIN\r\nAUTHENTICATE *\r\n", False),
    ],
)
def test_passwords(verdict_of: Play, line: bytes, exposed: bool) -> None:
    assert verdict_of(REGISTER, ("C", line), WELCOME).credentials_exposed is exposed


def test_starttls(verdict_of: Play, client_hello: bytes) -> None:
    capabilities = [("C", b"CAP LS 302\r\n"), ("S", b":irc.example.org CAP * LS :multi-prefix tls\r\n")]
    assert verdict_of(*capabilities, REGISTER).encryption is Encryption.OFFERED_NOT_USED
    start = [*capabilities, ("C", b"STARTTLS\r\n")]
    go = ("S", b":irc.example.org 670 * :STARTTLS successful, proceed with TLS handshake\r\n")
    assert verdict_of(*start, go, ("C", client_hello)).encryption is Encryption.UPGRADED
    assert verdict_of(*start, ("S", b":irc.example.org 691 * :no\r\n")).encryption is Encryption.REFUSED


def test_a_password_before_the_registration(verdict_of: Play) -> None:
    verdict = verdict_of(("C", b"PASS secret\r\n" + REGISTER[1]))
    assert (verdict.protocol, verdict.credentials_exposed) == (Protocol.IRC, True)


def test_look_alikes(verdict_of: Play) -> None:
    assert verdict_of(("C", b"USER guide for the program\nThis is\n")).protocol is Protocol.UNKNOWN
    assert verdict_of(("C", b"PASS secret\r\n")).protocol is Protocol.UNKNOWN
    assert verdict_of(("C", b"NICK\r\n"), ("S", b"HTTP/1.1 400 Bad\r\n\r\n")).protocol is Protocol.HTTP
    assert verdict_of(REGISTER, transport=Transport.UDP).protocol is Protocol.UNKNOWN
