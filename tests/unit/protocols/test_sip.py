"""SIP over both transports."""

from collections.abc import Callable

import pytest

from javert.model.telemetry import Encryption, Transport
from javert.protocols.interface import Protocol, Verdict

Play = Callable[..., Verdict]

REGISTER = b"REGISTER sip:registrar.biloxi.com SIP/2.0\r\nVia: SIP/2.0/UDP bobspc.biloxi.com\r\n\r\n"


@pytest.mark.parametrize("transport", list(Transport))
@pytest.mark.parametrize("message", [REGISTER, b"SIP/2.0 200 OK\r\n\r\n", b"INVITE tel:+1 SIP/2.0\r\n\r\n"])
def test_messages(verdict_of: Play, message: bytes, transport: Transport) -> None:
    verdict = verdict_of(("C", message), transport=transport)
    assert (verdict.protocol, verdict.encryption) == (Protocol.SIP, Encryption.NONE)


def test_keep_alives_first(verdict_of: Play) -> None:
    turns = [("C", b"\r\n\r\n"), ("C", b"\x00"), ("C", REGISTER)]
    assert verdict_of(*turns, transport=Transport.UDP).protocol is Protocol.SIP


def test_digest_is_not_readable(verdict_of: Play) -> None:
    digest = REGISTER.replace(b"\r\n\r\n", b'\r\nAuthorization: Digest username="bob"\r\n\r\n')
    basic = REGISTER.replace(b"\r\n\r\n", b"\r\nAuthorization: Basic Ym9iOng=\r\n\r\n")
    assert not verdict_of(("C", digest)).credentials_exposed
    assert verdict_of(("C", basic)).credentials_exposed


@pytest.mark.parametrize(
    "message", [b"REGISTER sip:a SIP/3.0\r\n", b"OPTIONS * HTTP/1.1\r\n\r\n", b"SIP/2.0 9\r\n"]
)
def test_look_alikes(verdict_of: Play, message: bytes) -> None:
    assert verdict_of(("C", message), transport=Transport.UDP).protocol is Protocol.UNKNOWN
    assert verdict_of(("C", message)).protocol is not Protocol.SIP


def test_keep_alives_of_a_few_octets_are_passed_over(verdict_of: Play) -> None:
    assert verdict_of(("C", b"jaK"), ("C", REGISTER), transport=Transport.UDP).protocol is Protocol.SIP
    assert verdict_of(("C", b"hello"), ("C", REGISTER), transport=Transport.UDP).protocol is Protocol.UNKNOWN
