"""ONC RPC as NFS uses it."""

from collections.abc import Callable

import pytest

from javert.model.telemetry import Encryption, Transport
from javert.protocols.interface import Direction, FlowHint, Protocol, Verdict
from javert.protocols.session import Session

Play = Callable[..., Verdict]


def call(program: int, flavor: int = 0, body: bytes = b"\0\0\0\0") -> bytes:
    # xid, CALL, RPC version 2, program, version 3, procedure 0, credential flavor and body, verifier
    words = (7, 0, 2, program, 3, 0, flavor)
    return b"".join(word.to_bytes(4, "big") for word in words) + body + bytes(8)


def marked(message: bytes) -> bytes:
    return (0x80000000 | len(message)).to_bytes(4, "big") + message


@pytest.mark.parametrize("program", [100000, 100003, 100005, 100021])
def test_programs(verdict_of: Play, program: int) -> None:
    verdict = verdict_of(("C", call(program)), transport=Transport.UDP)
    assert (verdict.protocol, verdict.encryption) == (Protocol.NFS, Encryption.NONE)
    assert verdict_of(("C", marked(call(program)))).protocol is Protocol.NFS


def test_privacy(verdict_of: Play) -> None:
    gss = call(100003, 6, bytes.fromhex("00000014 00000001 00000000 00000001 00000003 00000000"))
    assert verdict_of(("C", marked(gss))).encryption is Encryption.FULL


def test_rpc_with_tls(verdict_of: Play, client_hello: bytes) -> None:
    probe = marked(call(100003, 7))
    assert verdict_of(("C", probe)).encryption is Encryption.UNKNOWN
    assert verdict_of(("C", probe + client_hello)).encryption is Encryption.UPGRADED


@pytest.mark.parametrize("message", [call(100017), call(100003)[:20], b"\0" * 40])
def test_look_alikes(verdict_of: Play, message: bytes) -> None:
    assert verdict_of(("C", message), transport=Transport.UDP).protocol is Protocol.UNKNOWN
    assert verdict_of(("C", marked(message))).protocol is Protocol.UNKNOWN


def privately(service: int) -> bytes:
    body = b"".join(word.to_bytes(4, "big") for word in (20, 1, 0, 1, service, 0))
    return call(100003, 6, body)


@pytest.mark.parametrize("transport", list(Transport))
def test_privacy_that_begins_after_other_calls(verdict_of: Play, transport: Transport) -> None:
    """Mounts with sec=krb5p ping without credentials first, and look after their lease with integrity."""
    frame = marked if transport is Transport.TCP else bytes
    calls = [("C", frame(each)) for each in (call(100003), privately(2), privately(3))]
    assert verdict_of(*calls[:2], transport=transport).encryption is Encryption.NONE
    assert verdict_of(*calls, transport=transport).encryption is Encryption.FULL


def test_only_the_portmapper_is_told_for_good_by_one_call() -> None:
    for program, decided in ((100000, True), (100003, False)):
        session = Session(FlowHint(transport=Transport.UDP))
        session.datagram(Direction.TO_SERVER, call(program), 40)
        assert session.decided is decided
