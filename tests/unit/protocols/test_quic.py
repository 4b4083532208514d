"""QUIC: long headers, version negotiation, Google's."""

from collections.abc import Callable

import pytest

from javert.model.telemetry import Encryption, Transport
from javert.protocols.interface import Protocol, Verdict

Play = Callable[..., Verdict]

# type Initial, version 1, ids of 8 and 0 octets, no token, length
INITIAL = bytes.fromhex("c3 00000001 08 8394c8f03e515708 00 00 449e") + bytes(40)


@pytest.mark.parametrize(
    "datagram",
    [
        INITIAL,
        INITIAL.replace(bytes.fromhex("00000001"), bytes.fromhex("6b3343cf")),
        INITIAL.replace(bytes.fromhex("00000001"), bytes.fromhex("709a50c4")),
        INITIAL.replace(bytes.fromhex("00000001"), bytes.fromhex("ff00001d")),
        bytes.fromhex("80 00000000 08 8394c8f03e515708 00 00000001 6b3343cf"),  # version negotiation
        b"\x0d" + bytes(8) + b"Q043\x01" + bytes(30),
        b"\xc3Q046\x50" + bytes(40),
    ],
)
def test_versions(verdict_of: Play, datagram: bytes) -> None:
    for side in ("C", "S"):
        verdict = verdict_of((side, datagram), transport=Transport.UDP)
        assert (verdict.protocol, verdict.encryption) == (Protocol.QUIC, Encryption.FULL)


@pytest.mark.parametrize(
    "datagram",
    [
        INITIAL.replace(bytes.fromhex("00000001"), bytes.fromhex("12345678")),
        bytes.fromhex("c3 00000001 15") + bytes(60),  # an id of 21 octets
        bytes.fromhex("43 8394c8f03e515708") + bytes(40),  # a short header tells nothing
        bytes.fromhex("80 00000000 08"),
    ],
)
def test_look_alikes(verdict_of: Play, datagram: bytes) -> None:
    assert verdict_of(("C", datagram), transport=Transport.UDP).protocol is Protocol.UNKNOWN
    assert verdict_of(("C", INITIAL)).protocol is Protocol.UNKNOWN
