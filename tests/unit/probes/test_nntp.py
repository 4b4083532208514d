"""NNTP: what a group is refused for. Dialogues of RFC 3977 5.2, RFC 4642 2.2 and RFC 4643 2.3."""

import pytest
from tests.unit.probes.playing import Said, Tls, play

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes import nntp

GREETING = b"200 news.example InterNetNews server INN 2.7.1 ready (posting ok)\r\n"
CAPABILITIES = b"CAPABILITIES\r\n"
OFFER = b"101 Capability list:\r\nVERSION 2\r\nREADER\r\nSTARTTLS\r\n.\r\n"
GROUP = b"GROUP javert.probe\r\n"
GO_AHEAD = (b"STARTTLS\r\n", b"382 Continue with TLS negotiation\r\n")


@pytest.mark.parametrize(
    ("refusal", "acceptance", "authentication"),
    [
        (b"411 No such group\r\n", Acceptance.TLS_OPTIONAL, Authentication.UNKNOWN),
        (b"480 Authentication required\r\n", Acceptance.TLS_OPTIONAL, Authentication.REQUIRED),
        (b"483 Strong encryption layer is required\r\n", Acceptance.TLS_REQUIRED, Authentication.UNKNOWN),
    ],
)
def test_what_a_group_is_refused_for(refusal, acceptance, authentication) -> None:
    turns = [(CAPABILITIES, OFFER), (GROUP, refusal), GO_AHEAD, Tls(True), (b"QUIT\r\n", b"205 Bye!\r\n")]
    assert play(nntp.converse(GREETING), *turns) == ProbeAnswer(
        protocol="nntp", acceptance=acceptance, authentication=authentication, product="INN"
    )


@pytest.mark.parametrize("offer", [b"500 What?\r\n", b"101 Capability list:\r\nVERSION 2\r\nREADER\r\n.\r\n"])
def test_a_server_without_starttls_is_cleartext_only(offer: bytes) -> None:
    found = play(nntp.converse(b"201 news\r\n"), (CAPABILITIES, offer), (GROUP, b"411 No such group\r\n"))
    assert found == ProbeAnswer(protocol="nntp", acceptance=Acceptance.CLEARTEXT_ONLY)


def test_a_server_that_is_closed_is_not_judged() -> None:
    expected = ProbeAnswer(protocol="nntp", acceptance=Acceptance.UNDECIDED)
    assert play(nntp.converse(b"400 Service temporarily unavailable\r\n")) == expected


def test_what_answers_without_a_code_is_not_nntp() -> None:
    assert play(nntp.converse(b"200 ok\r\n"), Said(CAPABILITIES, b"what?\r\n")) is None
