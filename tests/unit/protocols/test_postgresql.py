"""PostgreSQL: startup, SSLRequest, GSSENCRequest, passwords."""

from collections.abc import Callable

import pytest

from javert.model.telemetry import Encryption, Transport
from javert.protocols.interface import Protocol, Verdict

Play = Callable[..., Verdict]

STARTUP = ("C", b"\x00\x00\x00\x13\x00\x03\x00\x00user\x00joe\x00\x00\x00\x00")
SSL = ("C", bytes.fromhex("00000008 04d2162f"))
GSS = ("C", bytes.fromhex("00000008 04d21630"))
CLEARTEXT = ("S", bytes.fromhex("52 00000008 00000003"))
MD5 = ("S", bytes.fromhex("52 0000000c 00000005 01020304"))
PASSWORD = ("C", b"p\x00\x00\x00\x0bsecret\x00")


def test_a_cleartext_password_is_exposed_and_md5_is_not(verdict_of: Play) -> None:
    verdict = verdict_of(STARTUP, CLEARTEXT, PASSWORD)
    assert (verdict.protocol, verdict.encryption) == (Protocol.POSTGRESQL, Encryption.NONE)
    assert verdict.credentials_exposed
    assert not verdict_of(STARTUP, MD5, PASSWORD).credentials_exposed


def test_ssl_request(verdict_of: Play, client_hello: bytes) -> None:
    assert verdict_of(SSL, ("S", b"S")).encryption is Encryption.UNKNOWN
    assert verdict_of(SSL, ("S", b"S"), ("C", client_hello)).encryption is Encryption.UPGRADED
    assert verdict_of(SSL, ("S", b"N")).encryption is Encryption.REFUSED
    assert verdict_of(SSL, ("S", b"N"), STARTUP).encryption is Encryption.REFUSED


def test_gss_declined_then_ssl_accepted(verdict_of: Play, client_hello: bytes) -> None:
    turns = [GSS, ("S", b"N"), SSL, ("S", b"S"), ("C", client_hello)]
    assert verdict_of(*turns).encryption is Encryption.UPGRADED


def test_gss_accepted(verdict_of: Play) -> None:
    assert verdict_of(GSS, ("S", b"G"), ("C", b"\x00\x00\x02\x00token")).encryption is Encryption.UPGRADED


def test_messages_of_a_flow_joined_later(verdict_of: Play) -> None:
    turns = [("C", b"Q\x00\x00\x00\x0dselect 1\x00"), ("S", b"C\x00\x00\x00\x0dSELECT 1\x00Z\x00\x00\x00\x05I")]
    assert verdict_of(*turns, midstream=True).protocol is Protocol.POSTGRESQL


@pytest.mark.parametrize(
    "data", [b"\x00\x00\x00\x13\x00\x04\x00\x00user\x00", bytes.fromhex("00000008 04d21600"), b"Quit\r\n"]
)
def test_look_alikes(verdict_of: Play, data: bytes) -> None:
    assert verdict_of(("C", data)).protocol is not Protocol.POSTGRESQL
    assert verdict_of(STARTUP, transport=Transport.UDP).protocol is Protocol.UNKNOWN


@pytest.mark.parametrize("length", [16, 44, 268])
def test_a_request_to_cancel_has_a_key_of_its_own_length(verdict_of: Play, length: int) -> None:
    request = length.to_bytes(4, "big") + bytes.fromhex("04d2162e") + bytes(length - 8)
    assert verdict_of(("C", request)).protocol is Protocol.POSTGRESQL
    assert verdict_of(("C", request[:-1])).protocol is Protocol.UNKNOWN


def test_a_startup_whose_first_parameter_has_capitals(verdict_of: Play) -> None:
    startup = b"\x00\x00\x00\x1d\x00\x03\x00\x00DateStyle\x00ISO\x00user\x00a\x00\x00"
    assert verdict_of(("C", startup)).protocol is Protocol.POSTGRESQL
