"""MongoDB: isMaster, and listDatabases. Messages after the wire protocol's specification; error 13 of MongoDB 6."""

import pytest
from tests.unit.probes.playing import Again, Said, Tls, play

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes import mongodb

# length, id 1, answer to none, OP_QUERY | no flags, collection, skip 0, return -1 | {isMaster: 1}
HELLO = (
    bytes.fromhex("3a000000 01000000 00000000 d4070000 00000000") + b"admin.$cmd\0" + bytes(4) + b"\xff\xff\xff\xff"
    b"\x13\0\0\0\x10isMaster\0\x01\0\0\0\0"
)
# length, id 2, answer to none, OP_MSG | no flags, a body | {listDatabases: 1, nameOnly, filter that fits none, $db}
LIST = bytes.fromhex("6b000000 02000000 00000000 dd070000 00000000 00 56000000") + (
    b"\x10listDatabases\0\x01\0\0\0\x08nameOnly\0\x01\x03filter\0\x1c\0\0\0\x02name\0\x0d\0\0\0javert-probe\0\0"
    b"\x02$db\0\x06\0\0\0admin\0\0"
)
ONE = b"\0\0\0\0\0\0\xf0\x3f"


def packet(operation: int, body: bytes) -> bytes:
    return (16 + len(body)).to_bytes(4, "little") + bytes(8) + operation.to_bytes(4, "little") + body


MASTER = packet(1, bytes(20) + b"\x40\0\0\0\x08ismaster\0\x01\x01ok\0" + ONE + b"\0")
MASTER_NOW = packet(2013, bytes(5) + b"\x40\0\0\0\x08isWritablePrimary\0\x01\x01ok\0" + ONE + b"\0")
EMPTY = packet(2013, bytes(5) + b"\x20\0\0\0\x04databases\0\x05\0\0\0\0\x01ok\0" + ONE + b"\0")
DENIED = packet(2013, bytes(5) + b"\x20\0\0\0\x01ok\0" + bytes(8) + b"\x10code\0\x0d\0\0\0\0")
OTHER = packet(2013, bytes(5) + b"\x20\0\0\0\x01ok\0" + bytes(8) + b"\x10code\0\x3b\0\0\0\0")


@pytest.mark.parametrize("hello", [MASTER, MASTER_NOW])
@pytest.mark.parametrize(
    ("listed", "authentication"),
    [(EMPTY, Authentication.NONE), (DENIED, Authentication.REQUIRED), (OTHER, Authentication.UNKNOWN)],
)
def test_what_a_list_is_answered_with(hello: bytes, listed: bytes, authentication: Authentication) -> None:
    found = play(mongodb.converse(b""), (HELLO, hello), (LIST, listed), Again(), Tls(False))
    assert found == ProbeAnswer(
        protocol="mongodb", acceptance=Acceptance.CLEARTEXT_ONLY, authentication=authentication
    )


def test_tls_on_the_same_port_is_optional() -> None:
    found = play(mongodb.converse(b""), (HELLO, MASTER), (LIST, DENIED), Again(), Tls(True))
    assert found == ProbeAnswer(
        protocol="mongodb", acceptance=Acceptance.TLS_OPTIONAL, authentication=Authentication.REQUIRED
    )


@pytest.mark.parametrize("said", [b"", HELLO, b"HTTP/1.1 400 Bad Request\r\n", packet(1, bytes(40))])
def test_what_answers_otherwise_is_not_mongodb(said: bytes) -> None:
    assert play(mongodb.converse(b""), Said(HELLO, said)) is None
