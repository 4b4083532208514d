"""SIP: OPTIONS. Answers after RFC 3261 11.2 and 21."""

import pytest
from tests.unit.probes.playing import Said, play

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer, Transport
from javert.probes import sip

OPTIONS = (
    b"OPTIONS sip:localhost SIP/2.0\r\nVia: SIP/2.0/%s localhost;branch=z9hG4bKjavert;rport\r\nMax-Forwards: 70\r\n"
    b"From: <sip:javert@localhost>;tag=javert\r\nTo: <sip:localhost>\r\nCall-ID: javert\r\nCSeq: 1 OPTIONS\r\n"
    b"Content-Length: 0\r\n\r\n"
)


@pytest.mark.parametrize("transport", list(Transport))
@pytest.mark.parametrize(
    ("status", "authentication"),
    [
        (b"200 OK", Authentication.UNKNOWN),
        (b"404 Not Found", Authentication.UNKNOWN),
        (b"401 Unauthorized", Authentication.REQUIRED),
        (b"407 Proxy Authentication Required", Authentication.REQUIRED),
    ],
)
def test_any_status_is_an_answer(transport: Transport, status: bytes, authentication: Authentication) -> None:
    question = OPTIONS % transport.value.upper().encode()
    said = b"SIP/2.0 " + status + b"\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    assert play(sip.converse(b"", transport), (question, said)) == ProbeAnswer(
        protocol="sip", acceptance=Acceptance.CLEARTEXT_ONLY, authentication=authentication
    )


@pytest.mark.parametrize("said", [b"", OPTIONS % b"TCP", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_what_answers_otherwise_is_not_sip(said: bytes) -> None:
    assert play(sip.converse(b""), Said(OPTIONS % b"TCP", said)) is None
