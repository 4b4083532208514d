"""MQTT: CONNECT without credentials. Packets after MQTT 3.1.1, 3.1 and 3.2."""

import pytest
from tests.unit.probes.playing import Said, play

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes import mqtt

CONNECT = bytes.fromhex("10 0c 0004 4d515454 04 02 000a 0000")


@pytest.mark.parametrize(
    ("connack", "authentication"),
    [
        ("20 02 00 00", Authentication.NONE),
        ("20 02 00 05", Authentication.REQUIRED),  # not authorized
        ("20 02 00 04", Authentication.REQUIRED),  # bad user name or password
        ("20 03 00 87 00", Authentication.REQUIRED),  # not authorized, of 5.0
        ("20 02 00 02", Authentication.UNKNOWN),  # identifier rejected
    ],
)
def test_the_return_code_decides(connack: str, authentication: Authentication) -> None:
    found = play(mqtt.converse(b""), (CONNECT, bytes.fromhex(connack)))
    assert found == ProbeAnswer(
        protocol="mqtt", acceptance=Acceptance.CLEARTEXT_ONLY, authentication=authentication
    )


def test_who_was_let_in_takes_leave() -> None:
    play(mqtt.converse(b""), (CONNECT, bytes.fromhex("20 02 00 00")), Said(bytes.fromhex("e0 00")))


@pytest.mark.parametrize("said", [b"", CONNECT, b"\x20\x02", b"\x20\x02\x07\x00", b"HTTP/1.1 400 Bad Request\r\n"])
def test_what_answers_otherwise_is_not_mqtt(said: bytes) -> None:
    assert play(mqtt.converse(b""), Said(CONNECT, said)) is None
