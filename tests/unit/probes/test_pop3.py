"""POP3: whether there is a way in before STLS. Answers of Dovecot 2.3."""

import pytest
from tests.unit.probes.playing import Said, Tls, Turn, play

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes import pop3

GREETING = b"+OK Dovecot (Debian) ready.\r\n"
GO_AHEAD = (b"STLS\r\n", b"+OK Begin TLS negotiation now.\r\n")


def capa(*words: bytes) -> Turn:
    return b"CAPA\r\n", b"+OK\r\nCAPA\r\nTOP\r\nUIDL\r\n" + b"".join(word + b"\r\n" for word in words) + b".\r\n"


def answer(acceptance: Acceptance) -> ProbeAnswer:
    return ProbeAnswer(
        protocol="pop3", acceptance=acceptance, authentication=Authentication.REQUIRED, product="Dovecot"
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((b"STLS", b"SASL"), Acceptance.TLS_REQUIRED),
        ((b"STLS",), Acceptance.TLS_REQUIRED),
        ((b"STLS", b"SASL EXTERNAL"), Acceptance.TLS_REQUIRED),
        ((b"STLS", b"USER"), Acceptance.TLS_OPTIONAL),
        ((b"STLS", b"SASL CRAM-MD5"), Acceptance.TLS_OPTIONAL),
    ],
)
def test_the_capabilities_before_tls_decide(words: tuple[bytes, ...], expected: Acceptance) -> None:
    bye = (b"QUIT\r\n", b"+OK Logging out\r\n")
    assert play(pop3.converse(GREETING), capa(*words), GO_AHEAD, Tls(True), bye) == answer(expected)


def test_a_greeting_with_a_time_stamp_offers_apop() -> None:
    greeting = b"+OK Dovecot ready. <1896.697170952@dbc.mtview.ca.us>\r\n"  # RFC 1939 7
    found = play(pop3.converse(greeting), capa(b"STLS"), GO_AHEAD, Tls(True))
    assert found == answer(Acceptance.TLS_OPTIONAL)


@pytest.mark.parametrize(
    "turns",
    [
        [capa(b"USER")],
        [(b"CAPA\r\n", b"-ERR Unknown command.\r\n")],
        [capa(b"USER", b"STLS"), (b"STLS\r\n", b"-ERR TLS is broken.\r\n")],
        [capa(b"USER", b"STLS"), GO_AHEAD, Tls(False)],
    ],
)
def test_a_server_without_tls_that_works_is_cleartext_only(turns: list[Turn]) -> None:
    assert play(pop3.converse(GREETING), *turns) == answer(Acceptance.CLEARTEXT_ONLY)


def test_what_does_not_answer_like_pop3_is_not() -> None:
    assert play(pop3.converse(b"+OK hello\r\n"), Said(b"CAPA\r\n", b"what?\r\n")) is None


def test_a_server_that_says_no_at_once_is_not_judged() -> None:
    expected = ProbeAnswer(protocol="pop3", acceptance=Acceptance.UNDECIDED)
    assert play(pop3.converse(b"-ERR Too many connections\r\n")) == expected
