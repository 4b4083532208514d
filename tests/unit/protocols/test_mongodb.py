"""MongoDB: headers and operations."""

from collections.abc import Callable

import pytest

from javert.model.telemetry import Encryption, Transport
from javert.protocols.interface import Protocol, Verdict

Play = Callable[..., Verdict]

# length 58, id 1, answers 0, OP_QUERY 2004, flags 0, "admin.$cmd", skip 0, return -1, { ismaster: 1 }
QUERY = (
    bytes.fromhex("3a000000 01000000 00000000 d4070000 00000000")
    + b"admin.$cmd\x00"
    + bytes.fromhex("00000000 ffffffff 13000000 10 69736d6173746572 00 01000000 00")
)
# OP_MSG 2013, flags 0, section kind 0, a document
MESSAGE = bytes.fromhex("24000000 02000000 00000000 dd070000 00000000 00 0f000000 10 68656c6c6f 00 01000000 00")


@pytest.mark.parametrize("message", [QUERY, MESSAGE])
def test_operations(verdict_of: Play, message: bytes) -> None:
    verdict = verdict_of(("C", message))
    assert (verdict.protocol, verdict.encryption) == (Protocol.MONGODB, Encryption.NONE)
    assert not verdict.credentials_exposed


def test_sasl_plain(verdict_of: Play) -> None:
    start = MESSAGE + b"\x02mechanism\x00\x06\x00\x00\x00PLAIN\x00"
    assert verdict_of(("C", start)).credentials_exposed


@pytest.mark.parametrize(
    "message",
    [
        QUERY[:12],  # half a header
        QUERY[:12] + b"\x99\x99\x00\x00" + QUERY[16:],
        QUERY.replace(b"admin.$cmd", b"admin $cmd"),
        b"\x05\x00\x00\x00" + QUERY[4:],
        MESSAGE[:20] + b"\x07" + MESSAGE[21:],
    ],
)
def test_look_alikes(verdict_of: Play, message: bytes) -> None:
    assert verdict_of(("C", message)).protocol is Protocol.UNKNOWN
    assert verdict_of(("C", QUERY), transport=Transport.UDP).protocol is Protocol.UNKNOWN
