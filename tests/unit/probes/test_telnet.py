"""Telnet: who negotiates, or asks for a name. Greetings of inetutils telnetd and BusyBox."""

import pytest
from tests.unit.probes.playing import Said, play

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes import telnet

DO_SGA = b"\xff\xfd\x03"


def answer(authentication: Authentication = Authentication.UNKNOWN) -> ProbeAnswer:
    return ProbeAnswer(protocol="telnet", acceptance=Acceptance.CLEARTEXT_ONLY, authentication=authentication)


@pytest.mark.parametrize(
    ("greeting", "authentication"),
    [
        (b"\xff\xfd\x18\xff\xfd\x20\xff\xfd\x23\xff\xfd\x27", Authentication.UNKNOWN),  # inetutils: DO TTYPE …
        (b"\xff\xfd\x01\xff\xfb\x01\xff\xfb\x03\r\nrouter login: ", Authentication.REQUIRED),  # BusyBox
        (b"Welcome.\r\nUsername: ", Authentication.REQUIRED),
    ],
)
def test_a_server_that_speaks_first(greeting: bytes, authentication: Authentication) -> None:
    assert play(telnet.converse(greeting)) == answer(authentication)


def test_one_that_waits_answers_an_option() -> None:
    assert play(telnet.converse(b""), (DO_SGA, b"\xff\xfb\x03")) == answer()


@pytest.mark.parametrize("said", [b"", DO_SGA, b"\x15\x03\x01\x00\x02\x02\x0a", b"login: "])
def test_who_does_not_is_no_telnet(said: bytes) -> None:
    assert play(telnet.converse(b""), Said(DO_SGA, said)) is None
