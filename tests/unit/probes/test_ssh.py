"""SSH: its identification string is all it takes."""

import pytest
from tests.unit.probes.playing import play

from javert.model.telemetry import Acceptance, ProbeAnswer
from javert.probes import ssh


@pytest.mark.parametrize(
    ("greeting", "product"),
    [
        (b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n", "OpenSSH"),
        (b"SSH-2.0-dropbear_2022.83\r\n", "Dropbear"),
        (b"SSH-2.0-Go\r\n", ""),
    ],
)
def test_nothing_is_sent(greeting: bytes, product: str) -> None:
    expected = ProbeAnswer(protocol="ssh", acceptance=Acceptance.TLS_ONLY, product=product)
    assert play(ssh.converse(greeting)) == expected
