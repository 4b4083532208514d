"""TFTP: requests and transfers."""

from collections.abc import Callable

import pytest

from javert.model.telemetry import Encryption, Transport
from javert.protocols.interface import Protocol, Verdict

Play = Callable[..., Verdict]


@pytest.mark.parametrize(
    "request_",
    [
        b"\x00\x01boot/pxelinux.0\x00octet\x00",
        b"\x00\x02a\x00NETASCII\x00",
        b"\x00\x01a\x00octet\x00blksize\x001428\x00",
    ],
)
def test_requests(verdict_of: Play, request_: bytes) -> None:
    verdict = verdict_of(("C", request_), transport=Transport.UDP)
    assert (verdict.protocol, verdict.encryption) == (Protocol.TFTP, Encryption.NONE)


def data(number: int, size: int = 512) -> bytes:
    return b"\x00\x03" + number.to_bytes(2, "big") + b"x" * size


def acknowledge(number: int) -> bytes:
    return b"\x00\x04" + number.to_bytes(2, "big")


@pytest.mark.parametrize(("sender", "receiver"), [("S", "C"), ("C", "S")])
def test_transfers(verdict_of: Play, sender: str, receiver: str) -> None:
    turns = [(sender, data(1)), (receiver, acknowledge(1)), (sender, data(2, 30)), (receiver, acknowledge(2))]
    assert verdict_of(*turns, transport=Transport.UDP).protocol is Protocol.TFTP


def test_two_blocks_are_enough_where_one_side_was_seen(verdict_of: Play) -> None:
    assert verdict_of(("S", data(1)), ("S", data(2)), transport=Transport.UDP).protocol is Protocol.TFTP
    assert verdict_of(("S", data(1)), transport=Transport.UDP).protocol is Protocol.UNKNOWN


def test_an_error_from_a_new_port_stands_alone(verdict_of: Play) -> None:
    error = b"\x00\x05\x00\x01File not found\x00"
    for turns in ([("C", error)], [("S", error), ("S", error)]):
        assert verdict_of(*turns, transport=Transport.UDP).protocol is Protocol.TFTP
    for odd in (error[:-1], b"\x00\x05\x00\x01\x00", b"\x00\x05\x00\x09no\x00", error + b"\x01"):
        assert verdict_of(("C", odd), transport=Transport.UDP).protocol is Protocol.UNKNOWN
    assert verdict_of(("C", error), ("S", b"\x00\x05"), transport=Transport.UDP).protocol is Protocol.UNKNOWN


@pytest.mark.parametrize(
    "turns",
    [
        [("C", b"\x00\x01file\x00binary\x00")],
        [("C", b"\x00\x09file\x00octet\x00")],
        [("S", data(1)), ("S", data(7)), ("C", acknowledge(1))],
        [("S", data(1)), ("C", b"\x00\x04\x00\x01more")],
    ],
)
def test_look_alikes(verdict_of: Play, turns: list[tuple[str, bytes]]) -> None:
    assert verdict_of(*turns, transport=Transport.UDP).protocol is Protocol.UNKNOWN
    assert verdict_of(*turns, transport=Transport.TCP).protocol is Protocol.UNKNOWN
    assert verdict_of(*turns).encryption is Encryption.UNKNOWN
