"""SMTP: what MAIL before STARTTLS tells. Greetings and answers are those of Postfix 3.7 and Exim 4.96."""

import pytest
from tests.unit.probes.playing import Said, Tls, Turn, play

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes import smtp

GREETING = b"220 mail.example ESMTP Postfix (Debian/GNU)\r\n"
EHLO = b"EHLO localhost\r\n"
CLEAR = b"250-mail.example\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
OFFER = b"250-mail.example\r\n250-PIPELINING\r\n250-STARTTLS\r\n250 CHUNKING\r\n"
MAIL = b"MAIL FROM:<>\r\n"
ACCEPTED = [(MAIL, b"250 2.1.0 Ok\r\n"), (b"RSET\r\n", b"250 2.0.0 Ok\r\n")]
GO_AHEAD = (b"STARTTLS\r\n", b"220 2.0.0 Ready to start TLS\r\n")


def answer(acceptance: Acceptance, product: str = "Postfix", **more: Authentication) -> ProbeAnswer:
    return ProbeAnswer(protocol="smtp", acceptance=acceptance, product=product, **more)


def test_a_server_without_starttls_is_cleartext_only() -> None:
    assert play(smtp.converse(GREETING), (EHLO, CLEAR)) == answer(Acceptance.CLEARTEXT_ONLY)


def test_mail_accepted_before_starttls_makes_tls_optional_and_is_taken_back() -> None:
    turns = [(EHLO, OFFER), *ACCEPTED, GO_AHEAD, Tls(True), (b"QUIT\r\n", b"221 2.0.0 Bye\r\n")]
    assert play(smtp.converse(GREETING), *turns) == answer(Acceptance.TLS_OPTIONAL)


@pytest.mark.parametrize(
    "refusal",
    [
        b"530 5.7.0 Must issue a STARTTLS command first\r\n",  # RFC 3207 4; Postfix
        b"550 TLS is required\r\n",  # an Exim ACL
        b"523 5.7.10 Encryption needed\r\n",  # RFC 5248
        b"538 5.7.11 Not like this\r\n",  # RFC 4954 6
        b"530 5.7.0 Authentication required\r\n",  # and no AUTH to be had here
    ],
)
def test_mail_refused_before_starttls_makes_tls_required(refusal: bytes) -> None:
    found = play(smtp.converse(GREETING), (EHLO, OFFER), (MAIL, refusal), GO_AHEAD, Tls(True))
    assert isinstance(found, ProbeAnswer)
    assert found.acceptance is Acceptance.TLS_REQUIRED


def test_mail_refused_for_reasons_untold_is_tried_again_with_tls() -> None:
    refused = (MAIL, b"550 Administrative prohibition\r\n")
    turns = [(EHLO, OFFER), refused, GO_AHEAD, Tls(True), (EHLO, CLEAR)]
    assert play(smtp.converse(GREETING), *turns, *ACCEPTED) == answer(Acceptance.TLS_REQUIRED)
    assert play(smtp.converse(GREETING), *turns, refused) == answer(Acceptance.TLS_OPTIONAL)


def test_a_login_wanted_and_offered_in_the_clear_makes_tls_optional() -> None:
    offer = b"250-mail.example\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN\r\n"
    turns = [(EHLO, offer), (MAIL, b"530 5.7.0 Authentication required\r\n"), GO_AHEAD, Tls(True)]
    expected = answer(Acceptance.TLS_OPTIONAL, authentication=Authentication.REQUIRED)
    assert play(smtp.converse(GREETING), *turns) == expected


@pytest.mark.parametrize(
    "turns",
    [
        [(b"STARTTLS\r\n", b"454 4.7.0 TLS not available due to local problem\r\n")],
        [GO_AHEAD, Tls(False, bytes.fromhex("15 0301 0002 02 28"))],
        [GO_AHEAD, Tls(False)],
        [Said(b"STARTTLS\r\n")],
    ],
)
def test_an_offer_that_does_not_work_is_no_offer(turns: list[Turn]) -> None:
    assert play(smtp.converse(GREETING), (EHLO, OFFER), *ACCEPTED, *turns) == answer(Acceptance.CLEARTEXT_ONLY)


def test_a_server_that_wants_a_certificate_does_tls() -> None:
    hello = bytes.fromhex("16 0303 007a  02 000076 0303") + bytes(116)
    turns = [(EHLO, OFFER), *ACCEPTED, GO_AHEAD, Tls(False, hello)]
    assert play(smtp.converse(GREETING), *turns) == answer(Acceptance.TLS_OPTIONAL)


def test_lmtp_is_greeted_in_its_own_way() -> None:
    found = play(smtp.converse(b"220 mail.example Dovecot LMTP ready\r\n"), (b"LHLO localhost\r\n", CLEAR))
    assert found == answer(Acceptance.CLEARTEXT_ONLY, "Dovecot")


def test_helo_does_where_ehlo_is_not_known() -> None:
    turns = [(EHLO, b"502 unimplemented\r\n"), (b"HELO localhost\r\n", b"250 mail.example\r\n")]
    assert play(smtp.converse(b"220 mail.example\r\n"), *turns) == answer(Acceptance.CLEARTEXT_ONLY, "")


def test_a_greeting_of_several_lines_is_heard_to_its_end() -> None:
    rest = b"220 Exim gives a warm welcome\r\n"
    turns = [(b"", rest), (EHLO, CLEAR)]
    assert play(smtp.converse(b"220-mail.example\r\n"), *turns) == answer(Acceptance.CLEARTEXT_ONLY, "")


def test_mail_put_off_and_then_taken_with_tls_proves_nothing() -> None:
    turns = [(EHLO, OFFER), (MAIL, b"451 4.7.1 Greylisted, try again\r\n"), GO_AHEAD, Tls(True)]
    found = play(smtp.converse(GREETING), *turns, (EHLO, CLEAR), *ACCEPTED)
    assert found == answer(Acceptance.UNDECIDED)


def test_what_knows_neither_ehlo_nor_helo_is_not_smtp() -> None:
    denial = b"530 Please login with USER and PASS.\r\n"
    assert play(smtp.converse(b"220 ready\r\n"), (EHLO, denial), (b"HELO localhost\r\n", denial)) is None


@pytest.mark.parametrize("greeting", [b"554 No SMTP service here\r\n", b"421 4.3.2 Too busy\r\n"])
def test_who_turns_javert_away_is_not_judged(greeting: bytes) -> None:
    assert play(smtp.converse(greeting)) == answer(Acceptance.UNDECIDED, "")
