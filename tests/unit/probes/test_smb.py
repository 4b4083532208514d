"""SMB: whether version 1 is accepted. Messages of Samba 4.17, after [MS-CIFS] 2.2.4.52 and [MS-SMB2] 2.2.4."""

import pytest
from tests.unit.probes.playing import Again, Said, Turn, play

from javert.model.telemetry import Acceptance, ProbeAnswer
from javert.probes import smb

# session message, 47 octets | FF SMB, negotiate, status, flags | … | no words, 12 octets: the one dialect
SMB1 = (
    bytes.fromhex("0000002f ff534d42 72 00000000 18 01c8 000000000000000000000000 ffff 0100 0000 0000 00 0c00 02")
    + b"NT LM 0.12\0"
)
SMB2 = (
    bytes.fromhex("00000068 fe534d42 4000")
    + bytes(58)
    + bytes.fromhex("2400 0200 0100 0000 00000000")
    + b"javert-probe-000"
    + bytes(8)
    + bytes.fromhex("0202 1002")
)


def negotiated(words: str) -> bytes:
    message = bytes.fromhex("ff534d42 72 00000000 88 01c8 000000000000000000000000 ffff 0100 0000 0000" + words)
    return len(message).to_bytes(4, "big") + message


TAKEN = negotiated("11 0000 03 3200 0100 04410000 00000100 1a000000 fdf38080 21c674c5907bdd01 0000 00 0000")
DECLINED = negotiated("01 ffff 0000")
LATER = bytes.fromhex("00000046 fe534d42 4000") + bytes(64)


def test_version_1_accepted() -> None:
    expected = ProbeAnswer(protocol="smb1", acceptance=Acceptance.CLEARTEXT_ONLY)
    assert play(smb.converse(b""), (SMB1, TAKEN)) == expected


@pytest.mark.parametrize(
    "turns",
    [
        [(SMB1, DECLINED), Again(), (SMB2, LATER)],
        [Said(SMB1), Again(), (SMB2, LATER)],
        [(SMB1, LATER)],
    ],
)
def test_version_1_refused_by_a_server_of_later_ones(turns: list[Turn]) -> None:
    expected = ProbeAnswer(protocol="smb2", acceptance=Acceptance.UNDECIDED)
    assert play(smb.converse(b""), *turns) == expected


@pytest.mark.parametrize("said", [b"", SMB1, b"HTTP/1.1 400 Bad Request\r\n"])
def test_what_answers_otherwise_is_not_smb(said: bytes) -> None:
    assert play(smb.converse(b""), Said(SMB1, said), Again(), Said(SMB2)) is None
    assert play(smb.converse(b""), Said(SMB1, said), Again(refused=True)) is None
