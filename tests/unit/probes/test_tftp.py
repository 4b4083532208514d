"""TFTP: a file that does not exist. Packets after RFC 1350 5, of tftpd-hpa 5.2."""

import pytest
from tests.unit.probes.playing import Said, play

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes import tftp

READ = b"\0\1javert-probe-no-such-file\0octet\0"


@pytest.mark.parametrize("said", [b"\0\5\0\1File not found\0", b"\0\5\0\2Access violation\0", b"\0\3\0\1it exists"])
def test_an_error_or_a_first_block(said: bytes) -> None:
    assert play(tftp.converse(b""), (READ, said)) == ProbeAnswer(
        protocol="tftp", acceptance=Acceptance.CLEARTEXT_ONLY, authentication=Authentication.NONE
    )


@pytest.mark.parametrize("said", [b"", READ, b"\0\4\0\1", b"\0\5\0\x09x\0", b"\0\3\0\2late"])
def test_what_answers_otherwise_is_not_tftp(said: bytes) -> None:
    assert play(tftp.converse(b""), Said(READ, said)) is None
