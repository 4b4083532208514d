"""SMTP: greetings, STARTTLS and who exposes a credential."""

from collections.abc import Callable

import pytest

from javert.model.telemetry import Encryption, Transport
from javert.protocols.interface import Direction, FlowHint, Protocol, Verdict
from javert.protocols.session import Session

Play = Callable[..., Verdict]

GREETING = ("S", b"220 mx.example.org ESMTP\r\n")
EHLO = ("C", b"EHLO client.example.org\r\n")
OFFER = ("S", b"250-mx.example.org\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN\r\n")
PLAIN_OFFER = ("S", b"250-mx.example.org\r\n250 AUTH PLAIN LOGIN\r\n")
STARTTLS = ("C", b"STARTTLS\r\n")
READY = ("S", b"220 Ready to start TLS\r\n")
MAIL = ("C", b"MAIL FROM:<a@example.org>\r\n")


def test_a_session_without_an_offer_is_cleartext(verdict_of: Play) -> None:
    verdict = verdict_of(GREETING, EHLO, PLAIN_OFFER, MAIL)
    assert (verdict.protocol, verdict.encryption) == (Protocol.SMTP, Encryption.NONE)
    assert not verdict.credentials_exposed


def test_an_offer_the_client_passes_by_is_not_used(verdict_of: Play) -> None:
    assert verdict_of(GREETING, EHLO, OFFER, MAIL).encryption is Encryption.OFFERED_NOT_USED


def test_tls_after_starttls_is_an_upgrade(verdict_of: Play, client_hello: bytes, server_hello: bytes) -> None:
    verdict = verdict_of(GREETING, EHLO, OFFER, STARTTLS, READY, ("C", client_hello), ("S", server_hello))
    assert (verdict.protocol, verdict.encryption) == (Protocol.SMTP, Encryption.UPGRADED)


def test_starttls_alone_is_no_upgrade_yet(verdict_of: Play) -> None:
    assert verdict_of(GREETING, EHLO, OFFER, STARTTLS, READY).encryption is Encryption.UNKNOWN


def test_a_declined_starttls_is_refused(verdict_of: Play) -> None:
    declined = ("S", b"454 TLS not available due to temporary reason\r\n")
    assert verdict_of(GREETING, EHLO, OFFER, STARTTLS, declined).encryption is Encryption.REFUSED


def test_a_client_that_goes_on_in_cleartext_after_starttls_did_not_upgrade(verdict_of: Play) -> None:
    assert verdict_of(GREETING, EHLO, OFFER, STARTTLS, READY, MAIL).encryption is Encryption.REFUSED


@pytest.mark.parametrize(
    "turns",
    [
        [("C", b"AUTH PLAIN AHVzZXIAcGFzcw==\r\n")],
        [("C", b"AUTH LOGIN\r\n"), ("S", b"334 VXNlcm5hbWU6\r\n"), ("C", b"dXNlcg==\r\n")],
        [("C", b"auth xoauth2 dXNlcj1h\r\n")],
    ],
)
def test_readable_mechanisms_expose_the_credential(verdict_of: Play, turns: list[tuple[str, bytes]]) -> None:
    assert verdict_of(GREETING, EHLO, PLAIN_OFFER, *turns).credentials_exposed


@pytest.mark.parametrize(
    "command", [b"AUTH CRAM-MD5\r\n", b"AUTH SCRAM-SHA-256 biwsbj11c2Vy\r\n", b"AUTH GSSAPI\r\n"]
)
def test_proofs_do_not(verdict_of: Play, command: bytes) -> None:
    answer = ("C", b"cGVyaGFwcyBhIHByb29m\r\n")
    assert not verdict_of(GREETING, EHLO, PLAIN_OFFER, ("C", command), answer).credentials_exposed


def test_a_challenge_given_up_exposes_nothing(verdict_of: Play) -> None:
    verdict = verdict_of(GREETING, EHLO, PLAIN_OFFER, ("C", b"AUTH PLAIN\r\n"), ("S", b"334 \r\n"), ("C", b"*\r\n"))
    assert not verdict.credentials_exposed


def test_lmtp_is_smtp(verdict_of: Play) -> None:
    assert verdict_of(("S", b"220 foo ready\r\n"), ("C", b"LHLO foo\r\n")).protocol is Protocol.SMTP


def test_a_220_greeting_that_names_nothing_is_not_told(verdict_of: Play) -> None:
    assert verdict_of(("S", b"220 ready\r\n")).protocol is Protocol.UNKNOWN


def test_an_enhanced_status_code_is_smtps(verdict_of: Play) -> None:
    quit_at_once = [("S", b"220 ready\r\n"), ("C", b"QUIT\r\n")]
    assert verdict_of(*quit_at_once, ("S", b"221 2.0.0 Bye\r\n")).protocol is Protocol.SMTP
    assert verdict_of(*quit_at_once, ("S", b"221 Bye\r\n")).protocol is Protocol.UNKNOWN
    assert verdict_of(*quit_at_once, ("S", b"221 5.0.0 Bye\r\n")).protocol is Protocol.UNKNOWN


def test_a_220_greeting_of_ftp_is_ftp(verdict_of: Play) -> None:
    assert verdict_of(("S", b"220 (vsFTPd 3.0.3)\r\n")).protocol is Protocol.FTP


def test_one_side_alone_is_enough(verdict_of: Play) -> None:
    assert verdict_of(EHLO, MAIL).protocol is Protocol.SMTP
    assert verdict_of(GREETING, OFFER).protocol is Protocol.SMTP


def test_a_client_that_speaks_tls_at_once_to_a_greeting_in_text_upgraded_nothing(
    verdict_of: Play, client_hello: bytes
) -> None:
    assert verdict_of(("C", client_hello), GREETING).encryption is not Encryption.UPGRADED


def test_commands_inside_a_mail_are_not_commands(verdict_of: Play) -> None:
    body = ("C", b"DATA\r\nSTARTTLS\r\nAUTH PLAIN abc\r\n.\r\n")
    verdict = verdict_of(GREETING, EHLO, PLAIN_OFFER, MAIL, body)
    assert (verdict.encryption, verdict.credentials_exposed) == (Encryption.NONE, False)


def test_a_mail_that_is_no_text_is_no_security_layer(verdict_of: Play) -> None:
    mail = ("C", b"DATA\r\n\x00\x00\x00\x13Blah blah blah...\r\n.\r\n")
    verdict = verdict_of(GREETING, EHLO, OFFER, MAIL, ("S", b"354 Start \x00\x00mail input; end with <CRLF>"), mail)
    assert verdict.encryption is Encryption.OFFERED_NOT_USED


def test_over_udp_it_does_not_exist(verdict_of: Play) -> None:
    assert verdict_of(GREETING, EHLO, transport=Transport.UDP).protocol is Protocol.UNKNOWN


def test_both_sides_that_go_over_to_tls_upgraded_whatever_the_word_was(
    verdict_of: Play, client_hello: bytes, server_hello: bytes
) -> None:
    exchange = [GREETING, EHLO, ("S", b"250-mx\r\n250 X-ANONYMOUSTLS\r\n"), ("C", b"X-ANONYMOUSTLS\r\n")]
    accepted = ("S", b"220 2.0.0 SMTP server ready\r\n")
    assert verdict_of(*exchange, accepted).encryption is Encryption.NONE
    assert verdict_of(*exchange, accepted, ("C", client_hello)).encryption is Encryption.NONE
    both = verdict_of(*exchange, accepted, ("C", client_hello), ("S", server_hello))
    assert both.encryption is Encryption.UPGRADED


def test_what_comes_behind_a_mail_changes_nothing() -> None:
    """Once a mail follows in the clear the flow is decided; found by generated flows."""
    session = Session(FlowHint(transport=Transport.TCP))
    up = b"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"
    down = b"220 mx\r\n250 mx\r\n250 ok\r\n250 ok\r\n"
    session.segment(Direction.TO_SERVER, 0, up, len(up))
    session.segment(Direction.TO_CLIENT, 0, down, len(down))
    assert not session.decided
    go_on = b"354 go on\r\n" + b"250-STARTTLS\r\n" * 6
    for number in range(6):
        session.segment(Direction.TO_CLIENT, len(down) + number * 14, go_on[number * 14 :][:14], 14)
    assert session.verdict().encryption is Encryption.NONE
    assert session.decided
