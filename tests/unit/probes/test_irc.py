"""IRC: CAP LS, and STARTTLS where it is offered. Answers of InspIRCd 3 and ngIRCd 26."""

import pytest
from tests.unit.probes.playing import Said, Tls, Turn, play

from javert.model.telemetry import Acceptance, ProbeAnswer
from javert.probes import irc

CAP = b"CAP LS 302\r\n"
LOOKING = b":irc.test.net NOTICE * :*** Looking up your hostname...\r\n"
CLEAR = ProbeAnswer(protocol="irc", acceptance=Acceptance.CLEARTEXT_ONLY)


@pytest.mark.parametrize(
    "said",
    [
        b":irc.test.net CAP * LS :inspircd.org/poison inspircd.org/standard-replies \r\n",
        b":irc.test.net CAP * LS * :multi-prefix\r\n:irc.test.net CAP * LS :sasl=PLAIN,EXTERNAL\r\n",
        b":irc.test.net 421 * CAP :Unknown command\r\n",
        b"451 * :Connection not registered\r\n",
    ],
)
def test_a_server_without_starttls_is_cleartext_only(said: bytes) -> None:
    assert play(irc.converse(b""), (CAP, said), (b"QUIT\r\n", b"ERROR :Closing link\r\n")) == CLEAR


def test_a_server_that_only_greets_is_told_by_that() -> None:
    assert play(irc.converse(LOOKING), Said(CAP)) == CLEAR


def test_starttls_that_works_makes_it_optional() -> None:
    offer = b":irc.test.net CAP * LS :multi-prefix tls\r\n"
    go_ahead = (b"STARTTLS\r\n", b":irc.test.net 670 * :STARTTLS successful, go ahead with TLS handshake\r\n")
    found = play(irc.converse(LOOKING), (CAP, offer), go_ahead, Tls(True))
    assert found == ProbeAnswer(protocol="irc", acceptance=Acceptance.TLS_OPTIONAL)


@pytest.mark.parametrize(
    "turn", [(b"STARTTLS\r\n", b":irc.test.net 691 * :STARTTLS failed\r\n"), Said(b"STARTTLS\r\n")]
)
def test_an_offer_that_does_not_work_is_no_offer(turn: Turn) -> None:
    assert play(irc.converse(b""), (CAP, b":irc.test.net CAP * LS :tls\r\n"), turn) == CLEAR


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 400 Bad Request\r\n", CAP, b"\x15\x03\x01\x00\x02\x02\x0a"])
def test_what_does_not_answer_like_irc_is_not(said: bytes) -> None:
    assert play(irc.converse(b""), Said(CAP, said)) is None
