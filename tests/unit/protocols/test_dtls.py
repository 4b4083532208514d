"""DTLS records."""

from collections.abc import Callable

import pytest

from javert.model.telemetry import Encryption, Transport
from javert.protocols.interface import Protocol, Verdict

Play = Callable[..., Verdict]

# handshake, version 1.0, epoch 0, sequence 0, length 54 | ClientHello …
HELLO = bytes.fromhex("16 feff 0000 000000000000 0036 01 00002a 0000 000000 00002a fefd") + bytes(40)


@pytest.mark.parametrize("version", ["feff", "fefd", "0100"])
def test_versions(verdict_of: Play, version: str) -> None:
    hello = HELLO[:1] + bytes.fromhex(version) + HELLO[3:]
    verdict = verdict_of(("C", hello), transport=Transport.UDP)
    assert (verdict.protocol, verdict.encryption) == (Protocol.DTLS, Encryption.FULL)


@pytest.mark.parametrize(
    "datagram",
    [HELLO[:12], HELLO[:1] + b"\x03\x03" + HELLO[3:], HELLO[:11] + b"\x00\x00" + HELLO[13:], HELLO[:13] + b"\x99"],
)
def test_look_alikes(verdict_of: Play, datagram: bytes) -> None:
    assert verdict_of(("C", datagram), transport=Transport.UDP).protocol is Protocol.UNKNOWN


def test_both_sides_must_speak_it(verdict_of: Play) -> None:
    stun = bytes.fromhex("0101 0000 2112a442") + bytes(12)
    assert verdict_of(("C", HELLO), ("S", stun), transport=Transport.UDP).protocol is Protocol.UNKNOWN
    assert verdict_of(("C", HELLO)).protocol is Protocol.UNKNOWN
