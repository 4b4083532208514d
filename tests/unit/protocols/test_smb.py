"""SMB 1, and that SMB 2 is something else."""

from collections.abc import Callable

import pytest

from javert.model.telemetry import Encryption, Transport
from javert.protocols.interface import Protocol, Verdict

Play = Callable[..., Verdict]

HEADER = b"\xffSMB\x72" + bytes(27)
DIALECTS = b"\x00\x62\x00\x02NT LM 0.12\x00"
NEGOTIATE = HEADER + DIALECTS


def session(message: bytes) -> bytes:
    return len(message).to_bytes(4, "big") + message


def response(security_mode: int) -> bytes:
    return session(HEADER + b"\x11\x00\x00" + bytes((security_mode,)) + bytes(40))


def test_version_1(verdict_of: Play) -> None:
    verdict = verdict_of(("C", session(NEGOTIATE)), ("S", response(3)))
    assert (verdict.protocol, verdict.encryption) == (Protocol.SMB1, Encryption.NONE)


def test_behind_a_netbios_session_request(verdict_of: Play) -> None:
    name = b"\x20" + b"CKFDENECFDEFFCFGEFFCCACACACACACA" + b"\x00"
    request = b"\x81\x00\x00\x44" + name + name
    assert (
        verdict_of(("C", request + session(NEGOTIATE)), ("S", b"\x82\0\0\0" + response(3))).protocol
        is Protocol.SMB1
    )


def test_plain_passwords(verdict_of: Play) -> None:
    setup = ("C", session(b"\xffSMB\x73" + bytes(40)))
    assert verdict_of(("C", session(NEGOTIATE)), ("S", response(1)), setup).credentials_exposed
    assert not verdict_of(("C", session(NEGOTIATE)), ("S", response(3)), setup).credentials_exposed


def test_an_offer_of_version_2_waits_for_the_answer(verdict_of: Play) -> None:
    both = ("C", session(NEGOTIATE + b"\x02SMB 2.002\x00"))
    assert verdict_of(both).protocol is Protocol.UNKNOWN
    assert verdict_of(both, ("S", session(b"\xfeSMB" + bytes(60)))).protocol is Protocol.UNKNOWN
    assert verdict_of(both, ("S", response(3))).protocol is Protocol.SMB1


@pytest.mark.parametrize(
    "data", [session(b"\xfeSMB" + bytes(60)), session(b"\xffSMC" + bytes(60)), b"\x00\x00\x00"]
)
def test_look_alikes(verdict_of: Play, data: bytes) -> None:
    assert verdict_of(("C", data)).protocol is Protocol.UNKNOWN
    assert verdict_of(("C", session(NEGOTIATE)), transport=Transport.UDP).protocol is Protocol.UNKNOWN
