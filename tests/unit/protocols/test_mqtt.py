"""MQTT: CONNECT."""

from collections.abc import Callable

import pytest

from javert.model.telemetry import Encryption, Transport
from javert.protocols.interface import Protocol, Verdict

Play = Callable[..., Verdict]

CONNACK = ("S", bytes.fromhex("20020000"))


@pytest.mark.parametrize(
    ("connect", "exposed"),
    [
        ("1010 0004 4d515454 04 02 003c 0004 44494749", False),
        ("101a 0004 4d515454 05 c2 003c 00 0002 6161 0001 62 0006 736563726574", True),
        ("1012 0006 4d5149736470 03 02 003c 0004 44494749", False),
    ],
)
def test_connect_of_every_version(verdict_of: Play, connect: str, exposed: bool) -> None:
    verdict = verdict_of(("C", bytes.fromhex(connect)), CONNACK)
    assert (verdict.protocol, verdict.encryption) == (Protocol.MQTT, Encryption.NONE)
    assert verdict.credentials_exposed is exposed


@pytest.mark.parametrize("data", ["1010 0004 4d5154", "1010 0004 4d515455 04 02 003c", "2010 0004 4d515454 04 02"])
def test_look_alikes(verdict_of: Play, data: str) -> None:
    assert verdict_of(("C", bytes.fromhex(data))).protocol is Protocol.UNKNOWN


def test_an_answer_that_is_no_acknowledgment_speaks_against_it(verdict_of: Play) -> None:
    connect = ("C", bytes.fromhex("1010 0004 4d515454 04 02 003c 0004 44494749"))
    assert verdict_of(connect, ("S", b"HTTP/1.1 400 Bad Request\r\n\r\n")).protocol is Protocol.HTTP
    assert verdict_of(connect, transport=Transport.UDP).protocol is Protocol.UNKNOWN
