"""IMAP: greeting, LOGIN, AUTHENTICATE, STARTTLS."""

from collections.abc import Callable

import pytest

from javert.model.telemetry import Encryption, Transport
from javert.protocols.interface import Direction, FlowHint, Protocol, Verdict
from javert.protocols.session import Session

Play = Callable[..., Verdict]

GREETING = ("S", b"* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN] ready\r\n")


def test_login_exposes_the_password_and_passes_an_offer_by(verdict_of: Play) -> None:
    verdict = verdict_of(GREETING, ("C", b"a1 LOGIN joe secret\r\n"))
    assert (verdict.protocol, verdict.encryption) == (Protocol.IMAP, Encryption.OFFERED_NOT_USED)
    assert verdict.credentials_exposed


def test_starttls_then_tls(verdict_of: Play, client_hello: bytes) -> None:
    turns = [GREETING, ("C", b"a1 STARTTLS\r\n"), ("S", b"a1 OK Begin TLS\r\n"), ("C", client_hello)]
    assert verdict_of(*turns).encryption is Encryption.UPGRADED


@pytest.mark.parametrize("answer", [b"a1 NO not now\r\n", b"a1 BAD what\r\n"])
def test_starttls_refused(verdict_of: Play, answer: bytes) -> None:
    assert verdict_of(GREETING, ("C", b"a1 STARTTLS\r\n"), ("S", answer)).encryption is Encryption.REFUSED


def test_authenticate_plain_with_and_without_an_initial_response(verdict_of: Play) -> None:
    at_once = ("C", b"a1 AUTHENTICATE PLAIN AGpvZQBzZWNyZXQ=\r\n")
    assert verdict_of(("S", b"* OK x\r\n"), at_once).credentials_exposed
    asked = [("C", b"a1 AUTHENTICATE PLAIN\r\n"), ("S", b"+ \r\n")]
    assert not verdict_of(("S", b"* OK x\r\n"), *asked).credentials_exposed
    assert verdict_of(("S", b"* OK x\r\n"), *asked, ("C", b"AGpvZQBzZWNyZXQ=\r\n")).credentials_exposed


def test_cram_md5_exposes_nothing(verdict_of: Play) -> None:
    turns = [("C", b"a1 AUTHENTICATE CRAM-MD5\r\n"), ("S", b"+ PDE4\r\n"), ("C", b"am9lIDEy\r\n")]
    assert not verdict_of(("S", b"* OK x\r\n"), *turns).credentials_exposed


def test_a_client_alone_is_enough_where_the_command_is_imaps_own(verdict_of: Play) -> None:
    assert verdict_of(("C", b"a001 CAPABILITY\r\n")).protocol is Protocol.IMAP


@pytest.mark.parametrize("line", [b"PING LIST\r\n", b"GET /index.html HTTP/1.1\r\n", b"hello there\r\n"])
def test_what_only_resembles_a_tagged_command(verdict_of: Play, line: bytes) -> None:
    assert verdict_of(("C", line)).protocol is not Protocol.IMAP


def test_a_star_in_another_protocol_is_not_a_greeting(verdict_of: Play) -> None:
    assert verdict_of(("S", b"*2\r\n$4\r\nPING\r\n")).protocol is Protocol.REDIS
    assert verdict_of(("S", b"* OK\r\n"), transport=Transport.UDP).protocol is Protocol.UNKNOWN


@pytest.mark.parametrize("first", [b"a1`CAPABILITY\r\n", b"a1 NOOP\r\n"])
def test_a_greeting_that_is_still_on_its_way_is_waited_for(verdict_of: Play, first: bytes) -> None:
    """Found by the fuzzer: it was given up with 64 bytes of each side, and told where all came at once."""
    session = Session(FlowHint(transport=Transport.TCP))
    session.segment(Direction.TO_SERVER, 0, first + b"x" * 64, len(first) + 64)
    greeting = b"* OK IMAP4rev2 Service" + b"." * 64
    session.segment(Direction.TO_CLIENT, 0, greeting, len(greeting))
    assert not session.decided
    session.segment(Direction.TO_CLIENT, len(greeting), b"\r\n", 2)
    assert session.verdict().protocol is Protocol.IMAP
