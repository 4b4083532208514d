"""RTSP: OPTIONS. Answers after RFC 2326 10.1."""

import pytest
from tests.unit.probes.playing import Said, play

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes import rtsp

OPTIONS = b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: javert\r\n\r\n"


@pytest.mark.parametrize(
    ("status", "authentication"),
    [
        (b"200 OK", Authentication.UNKNOWN),
        (b"401 Unauthorized", Authentication.REQUIRED),
        (b"454 Session Not Found", Authentication.UNKNOWN),
    ],
)
def test_any_status_is_an_answer(status: bytes, authentication: Authentication) -> None:
    said = b"RTSP/1.0 " + status + b"\r\nCSeq: 1\r\nPublic: DESCRIBE, SETUP\r\n\r\n"
    assert play(rtsp.converse(b""), (OPTIONS, said)) == ProbeAnswer(
        protocol="rtsp", acceptance=Acceptance.CLEARTEXT_ONLY, authentication=authentication
    )


@pytest.mark.parametrize("said", [b"", OPTIONS, b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_what_answers_otherwise_is_not_rtsp(said: bytes) -> None:
    assert play(rtsp.converse(b""), Said(OPTIONS, said)) is None
