"""AMQP: headers, PLAIN, TLS."""

from collections.abc import Callable

import pytest

from javert.model.telemetry import Encryption, Transport
from javert.protocols.interface import Protocol, Verdict

Play = Callable[..., Verdict]

HEADER = b"AMQP\x00\x00\x09\x01"
# method frame, channel 0, Connection.Start-Ok: no properties, mechanism PLAIN, a response, locale
START_OK = (
    bytes.fromhex("01 0000 00000022 000a 000b 00000000 05 504c41494e 0000000a")
    + b"\x00joe\x00secret"[:10]
    + b"\x00\xce"
)


@pytest.mark.parametrize(
    "header", [HEADER, b"AMQP\x01\x01\x00\x0a", b"AMQP\x00\x01\x00\x00", b"AMQP\x03\x01\x00\x00"]
)
def test_headers(verdict_of: Play, header: bytes) -> None:
    verdict = verdict_of(("C", header))
    assert (verdict.protocol, verdict.encryption) == (Protocol.AMQP, Encryption.NONE)
    assert not verdict.credentials_exposed


def test_plain(verdict_of: Play) -> None:
    assert verdict_of(("C", HEADER + START_OK)).credentials_exposed


def test_tls_header(verdict_of: Play, client_hello: bytes) -> None:
    header = b"AMQP\x02\x01\x00\x00"
    assert verdict_of(("C", header), ("S", header)).encryption is Encryption.UNKNOWN
    assert verdict_of(("C", header + client_hello), ("S", header)).encryption is Encryption.UPGRADED


@pytest.mark.parametrize(
    "data", [b"AMQP", b"AMQP\x09\x09\x09\x09", b"\x01\x00\x00\x00\x00\x00\x04\x00\x0a\x00\x0b\x00\x00"]
)
def test_look_alikes(verdict_of: Play, data: bytes) -> None:
    assert verdict_of(("C", data)).protocol is Protocol.UNKNOWN
    assert verdict_of(("C", HEADER), transport=Transport.UDP).protocol is Protocol.UNKNOWN
