"""LDAP: binds, StartTLS, sealed sessions."""

from collections.abc import Callable

import pytest

from javert.model.telemetry import Encryption, Transport
from javert.protocols.interface import Protocol, Verdict

Play = Callable[..., Verdict]

ANONYMOUS = bytes.fromhex("300c 020101 6007 020103 0400 8000")
SIMPLE = bytes.fromhex("3012 020101 600d 020103 0402 636e 8004 70617373")  # name "cn", password "pass"
BOUND = bytes.fromhex("300c 020101 6107 0a0100 0400 0400")
SEARCH = bytes.fromhex("3025 020102 6320 0400 0a0100 0a0100 020100 020100 010100 870b 6f626a656374436c617373 3000")
START_TLS = bytes.fromhex("301d 020101 7718 8016") + b"1.3.6.1.4.1.1466.20037"
ACCEPTED = bytes.fromhex("300c 020101 7807 0a0100 0400 0400")
DECLINED = bytes.fromhex("300c 020101 7807 0a0134 0400 0400")


def test_a_simple_bind_exposes_its_password_and_an_anonymous_one_has_none(verdict_of: Play) -> None:
    verdict = verdict_of(("C", SIMPLE), ("S", BOUND))
    assert (verdict.protocol, verdict.encryption) == (Protocol.LDAP, Encryption.NONE)
    assert verdict.credentials_exposed
    assert not verdict_of(("C", ANONYMOUS), ("S", BOUND)).credentials_exposed


def test_start_tls(verdict_of: Play, client_hello: bytes, server_hello: bytes) -> None:
    turns = [("C", START_TLS), ("S", ACCEPTED)]
    assert verdict_of(*turns).encryption is Encryption.UNKNOWN
    assert verdict_of(*turns, ("C", client_hello), ("S", server_hello)).encryption is Encryption.UPGRADED
    assert verdict_of(*turns, ("S", server_hello)).encryption is Encryption.UPGRADED


def test_start_tls_declined_or_dropped(verdict_of: Play) -> None:
    assert verdict_of(("C", START_TLS), ("S", DECLINED)).encryption is Encryption.REFUSED
    assert verdict_of(("C", START_TLS), ("S", ACCEPTED), ("C", SIMPLE)).encryption is Encryption.REFUSED


def test_sasl_plain_exposes_and_gssapi_that_seals_is_no_cleartext(verdict_of: Play) -> None:
    plain = bytes.fromhex("301a 020101 6015 020103 0400 a30e 0405 504c41494e 0405 0061007062")
    assert verdict_of(("C", plain), ("S", BOUND)).credentials_exposed
    gssapi = bytes.fromhex("3019 020101 6014 020103 0400 a30d 0406 475353415049 0403 608201")
    sealed = bytes.fromhex("00000020") + bytes(range(32))
    assert verdict_of(("C", gssapi + sealed), ("S", BOUND)).encryption is Encryption.UNKNOWN
    assert verdict_of(("C", gssapi + SEARCH), ("S", BOUND)).encryption is Encryption.NONE


@pytest.mark.parametrize(
    "message",
    [
        bytes.fromhex("300c 020101 6007 020109 0400 8000"),  # no such version
        bytes.fromhex("300c 020101 6a07 020103 0400 8000"),  # no such operation
        bytes.fromhex("300c 020101 607f 020103 0400 8000"),  # longer than its message
        bytes.fromhex("300c 0401 01 6007 020103 0400 8000"),
    ],
)
def test_look_alikes(verdict_of: Play, message: bytes) -> None:
    assert verdict_of(("C", message)).protocol is Protocol.UNKNOWN
    assert verdict_of(("C", SIMPLE), transport=Transport.UDP).protocol is Protocol.UNKNOWN
