"""TLS and SSL: hellos, SSLv2 framing, flows joined later."""

from collections.abc import Callable

import pytest

from javert.model.telemetry import Encryption, Transport
from javert.protocols.interface import Protocol, Verdict

Play = Callable[..., Verdict]

# length 46 with the top bit, CLIENT-HELLO, version 3.1, 21 octets of ciphers, no session, 16 of challenge
SSLV2_HELLO = bytes.fromhex("802e 01 0301 0015 0000 0010") + bytes(37)


def test_hellos_of_either_side(verdict_of: Play, client_hello: bytes, server_hello: bytes) -> None:
    for turns in ([("C", client_hello)], [("S", server_hello)], [("C", client_hello), ("S", server_hello)]):
        verdict = verdict_of(*turns)
        assert (verdict.protocol, verdict.encryption) == (Protocol.TLS, Encryption.FULL)


def test_a_hello_in_sslv2_framing(verdict_of: Play) -> None:
    assert verdict_of(("C", SSLV2_HELLO)).protocol is Protocol.TLS


@pytest.mark.parametrize("octets", [1, 5, 8])
def test_a_short_hello_is_not_told(verdict_of: Play, client_hello: bytes, octets: int) -> None:
    assert verdict_of(("C", client_hello[:octets])).protocol is Protocol.UNKNOWN


@pytest.mark.parametrize(
    "opening",
    [
        bytes.fromhex("16 0301 ffff 01 0000c4 0303") + bytes(80),  # a record longer than 2^14 + 2048
        bytes.fromhex("16 0401 00c8 01 0000c4 0303") + bytes(80),  # no such version
        bytes.fromhex("16 0301 00c8 09 0000c4 0303") + bytes(80),  # no hello
        bytes.fromhex("802e 01 0301 0014 0000 0010") + bytes(37),  # ciphers are three octets each
    ],
)
def test_look_alikes(verdict_of: Play, opening: bytes) -> None:
    assert verdict_of(("C", opening)).protocol is not Protocol.TLS


def test_a_hello_answered_in_text_is_not_tls(verdict_of: Play, client_hello: bytes) -> None:
    verdict = verdict_of(("C", client_hello), ("S", b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    assert (verdict.protocol, verdict.encryption) == (Protocol.HTTP, Encryption.NONE)


def test_records_of_a_flow_joined_later(verdict_of: Play) -> None:
    record = bytes.fromhex("17 0303 0020") + bytes(32)
    assert verdict_of(("C", record + record), midstream=True).protocol is Protocol.TLS
    assert verdict_of(("C", record), ("S", record), midstream=True).protocol is Protocol.TLS
    assert verdict_of(("C", record), midstream=True).protocol is Protocol.UNKNOWN


def test_the_same_bytes_in_datagrams_are_not(verdict_of: Play, client_hello: bytes) -> None:
    assert verdict_of(("C", client_hello), transport=Transport.UDP).protocol is Protocol.UNKNOWN
