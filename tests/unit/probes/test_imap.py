"""IMAP: whether there is a way in before STARTTLS. Answers of Dovecot 2.3."""

import pytest
from tests.unit.probes.playing import Said, Tls, Turn, play

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes import imap

GREETING = b"* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] Dovecot (Debian) ready.\r\n"
GO_AHEAD = (b"a2 STARTTLS\r\n", b"a2 OK Begin TLS negotiation now.\r\n")


def capabilities(words: bytes) -> Turn:
    done = b"a1 OK Pre-login capabilities listed, post-login capabilities have more.\r\n"
    return b"a1 CAPABILITY\r\n", b"* CAPABILITY IMAP4rev1 ID " + words + b"\r\n" + done


def answer(acceptance: Acceptance, authentication: Authentication = Authentication.REQUIRED) -> ProbeAnswer:
    return ProbeAnswer(protocol="imap", acceptance=acceptance, authentication=authentication, product="Dovecot")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (b"STARTTLS LOGINDISABLED", Acceptance.TLS_REQUIRED),
        (b"STARTTLS LOGINDISABLED AUTH=EXTERNAL", Acceptance.TLS_REQUIRED),
        (b"STARTTLS AUTH=PLAIN", Acceptance.TLS_OPTIONAL),
        (b"STARTTLS", Acceptance.TLS_OPTIONAL),
        (b"STARTTLS LOGINDISABLED AUTH=CRAM-MD5", Acceptance.TLS_OPTIONAL),  # mail in the clear, if not passwords
    ],
)
def test_the_capabilities_before_tls_decide(words: bytes, expected: Acceptance) -> None:
    bye = (b"a3 LOGOUT\r\n", b"* BYE Logging out\r\n")
    assert play(imap.converse(GREETING), capabilities(words), GO_AHEAD, Tls(True), bye) == answer(expected)


def test_a_server_without_starttls_is_cleartext_only() -> None:
    assert play(imap.converse(GREETING), capabilities(b"AUTH=PLAIN")) == answer(Acceptance.CLEARTEXT_ONLY)


@pytest.mark.parametrize(
    "turns",
    [
        [(b"a2 STARTTLS\r\n", b"a2 NO TLS is broken.\r\n")],
        [GO_AHEAD, Tls(False)],
    ],
)
def test_an_offer_that_does_not_work_is_no_offer(turns: list[Turn]) -> None:
    open_to_all = capabilities(b"STARTTLS AUTH=PLAIN")
    assert play(imap.converse(GREETING), open_to_all, *turns) == answer(Acceptance.CLEARTEXT_ONLY)
    closed = capabilities(b"STARTTLS LOGINDISABLED")
    assert play(imap.converse(GREETING), closed, *turns) == answer(Acceptance.TLS_REQUIRED)


def test_who_is_let_in_without_asking() -> None:
    greeting = b"* PREAUTH Dovecot ready.\r\n"
    expected = answer(Acceptance.CLEARTEXT_ONLY, Authentication.NONE)
    assert play(imap.converse(greeting), capabilities(b"")) == expected
    assert play(imap.converse(GREETING), capabilities(b"AUTH=ANONYMOUS")) == expected


def test_who_is_let_in_already_need_not_log_in_whatever_the_capabilities_say() -> None:
    turns = (capabilities(b"STARTTLS LOGINDISABLED"), (b"a2 STARTTLS\r\n", b"a2 BAD Already authenticated.\r\n"))
    expected = answer(Acceptance.CLEARTEXT_ONLY, Authentication.NONE)
    assert play(imap.converse(b"* PREAUTH Dovecot ready.\r\n"), *turns) == expected


def test_a_server_that_says_goodbye_is_not_judged() -> None:
    expected = ProbeAnswer(protocol="imap", acceptance=Acceptance.UNDECIDED)
    assert play(imap.converse(b"* BYE Too many connections\r\n")) == expected


def test_a_server_that_falls_silent_is_told_by_its_greeting() -> None:
    assert play(imap.converse(GREETING), Said(b"a1 CAPABILITY\r\n")) == answer(Acceptance.CLEARTEXT_ONLY)
