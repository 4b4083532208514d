"""SSH: the identification string."""

from collections.abc import Callable

import pytest

from javert.model.telemetry import Encryption, Transport
from javert.protocols.interface import Protocol, Verdict

Play = Callable[..., Verdict]


@pytest.mark.parametrize(
    "line", [b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", b"SSH-1.99-Cisco-1.25\n", b"SSH-1.5-1.2.27\n"]
)
def test_either_side_is_enough(verdict_of: Play, line: bytes) -> None:
    for side in ("C", "S"):
        verdict = verdict_of((side, line))
        assert (verdict.protocol, verdict.encryption) == (Protocol.SSH, Encryption.FULL)


def test_lines_before_the_identification(verdict_of: Play) -> None:
    # RFC 4253 4.2: the server may send other lines of data before the version string
    assert verdict_of(("S", b"Welcome to example.org\r\nBehave.\r\nSSH-2.0-x\r\n")).protocol is Protocol.SSH


@pytest.mark.parametrize("line", [b"SSH-3.0-x\r\n", b"SSHFS-2.0-x\r\n", b"SSH 2.0\r\n", b"SSH-2"])
def test_look_alikes_and_half_lines(verdict_of: Play, line: bytes) -> None:
    assert verdict_of(("S", line)).protocol is Protocol.UNKNOWN
    assert verdict_of(("S", b"SSH-2.0-x\r\n"), transport=Transport.UDP).protocol is Protocol.UNKNOWN
