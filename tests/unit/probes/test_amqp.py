"""AMQP: the header, and Connection.Start. Frames after AMQP 0-9-1 and of RabbitMQ 3.10."""

import pytest
from tests.unit.probes.playing import Said, play

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes import amqp

HEADER = b"AMQP\x00\x00\x09\x01"


def start(mechanisms: bytes, product: bytes = b"RabbitMQ") -> bytes:
    table = b"\x07productS" + len(product).to_bytes(4, "big") + product
    body = b"\x00\x0a\x00\x0a\x00\x09" + len(table).to_bytes(4, "big") + table
    body += len(mechanisms).to_bytes(4, "big") + mechanisms + b"\0\0\0\x05en_US"
    return b"\x01\0\0" + len(body).to_bytes(4, "big") + body + b"\xce"


def answer(
    acceptance: Acceptance = Acceptance.CLEARTEXT_ONLY, product: str = "", **more: Authentication
) -> ProbeAnswer:
    return ProbeAnswer(protocol="amqp", acceptance=acceptance, product=product, **more)


@pytest.mark.parametrize(
    ("mechanisms", "authentication"),
    [
        (b"PLAIN AMQPLAIN", Authentication.REQUIRED),
        (b"PLAIN ANONYMOUS", Authentication.NONE),
        (b"", Authentication.UNKNOWN),
    ],
)
def test_the_mechanisms_tell_who_is_let_in(mechanisms: bytes, authentication: Authentication) -> None:
    found = play(amqp.converse(b""), (HEADER, start(mechanisms)))
    assert found == answer(product="RabbitMQ", authentication=authentication)


def test_another_product() -> None:
    expected = answer(authentication=Authentication.REQUIRED)
    assert play(amqp.converse(b""), (HEADER, start(b"PLAIN", b"LavinMQ"))) == expected


@pytest.mark.parametrize(
    ("said", "acceptance"),
    [
        (b"AMQP\x00\x01\x00\x00", Acceptance.CLEARTEXT_ONLY),
        (b"AMQP\x03\x01\x00\x00", Acceptance.CLEARTEXT_ONLY),
        (b"AMQP\x02\x01\x00\x00", Acceptance.TLS_REQUIRED),  # AMQP 1.0 5.2: TLS first
    ],
)
def test_another_header_tells_what_is_wanted(said: bytes, acceptance: Acceptance) -> None:
    assert play(amqp.converse(b""), (HEADER, said)) == answer(acceptance)


@pytest.mark.parametrize("said", [b"", HEADER, b"AMQP", b"HTTP/1.1 400 Bad Request\r\n"])
def test_what_answers_otherwise_is_not_amqp(said: bytes) -> None:
    assert play(amqp.converse(b""), Said(HEADER, said)) is None
