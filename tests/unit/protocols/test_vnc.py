"""VNC: the version, and which security type was chosen."""

from collections.abc import Callable

import pytest

from javert.model.telemetry import Encryption, Transport
from javert.protocols.interface import Protocol, Verdict

Play = Callable[..., Verdict]

VERSIONS = [("S", b"RFB 003.008\n"), ("C", b"RFB 003.008\n")]


def test_the_version_is_enough(verdict_of: Play) -> None:
    verdict = verdict_of(*VERSIONS)
    assert (verdict.protocol, verdict.encryption) == (Protocol.VNC, Encryption.NONE)


def test_plain_vnc_where_tls_was_offered(verdict_of: Play) -> None:
    assert verdict_of(*VERSIONS, ("S", b"\x02\x02\x13"), ("C", b"\x02")).encryption is Encryption.OFFERED_NOT_USED


def test_vencrypt(verdict_of: Play, client_hello: bytes) -> None:
    chosen = [*VERSIONS, ("S", b"\x01\x13"), ("C", b"\x13"), ("S", b"\x00\x02")]
    assert verdict_of(*chosen).encryption is Encryption.UNKNOWN
    x509 = [*chosen, ("C", b"\x00\x02"), ("S", b"\x00\x01\x00\x00\x01\x05"), ("C", b"\x00\x00\x01\x05")]
    assert verdict_of(*x509, ("S", b"\x01"), ("C", client_hello)).encryption is Encryption.UPGRADED
    plain = verdict_of(*chosen, ("C", b"\x00\x02\x00\x00\x01\x00"))
    assert (plain.encryption, plain.credentials_exposed) == (Encryption.NONE, True)


@pytest.mark.parametrize("data", [b"RFB 003", b"RFB 3.8\n padded", b"RFC 003.008\n"])
def test_look_alikes(verdict_of: Play, data: bytes) -> None:
    assert verdict_of(("S", data)).protocol is Protocol.UNKNOWN
    assert verdict_of(*VERSIONS, transport=Transport.UDP).protocol is Protocol.UNKNOWN
