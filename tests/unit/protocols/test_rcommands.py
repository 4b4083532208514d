"""rlogin, rsh and rexec."""

from collections.abc import Callable

import pytest

from javert.model.telemetry import Encryption, Transport
from javert.protocols.interface import Protocol, Verdict

Play = Callable[..., Verdict]

ACCEPTED = ("S", b"\x00")


def test_rlogin(verdict_of: Play) -> None:
    # RFC 1282: <null>bostic<null>kbostic<null>vt100/9600<null>
    verdict = verdict_of(("C", b"\x00bostic\x00kbostic\x00vt100/9600\x00"), ACCEPTED)
    assert (verdict.protocol, verdict.encryption) == (Protocol.RLOGIN, Encryption.NONE)
    assert not verdict.credentials_exposed


def test_rlogin_that_asks_for_a_password(verdict_of: Play) -> None:
    turns = [("C", b"\x00a\x00b\x00xterm/38400\x00"), ACCEPTED, ("S", b"Password: "), ("C", b"x\r"), ("S", b"\r\n")]
    assert verdict_of(*turns).credentials_exposed


@pytest.mark.parametrize(("port", "protocol", "exposed"), [(514, Protocol.RSH, False), (512, Protocol.REXEC, True)])
def test_the_port_tells_rsh_from_rexec(verdict_of: Play, port: int, protocol: Protocol, exposed: bool) -> None:
    verdict = verdict_of(("C", b"0\x00joe\x00joe\x00ls -l\x00"), ACCEPTED, server_port=port)
    assert (verdict.protocol, verdict.credentials_exposed) == (protocol, exposed)


def test_on_another_port_the_error_port_tells(verdict_of: Play) -> None:
    reserved = verdict_of(("C", b"1021\x00joe\x00joe\x00ls\x00"), ACCEPTED, server_port=9999)
    assert reserved.protocol is Protocol.RSH
    free = verdict_of(("C", b"40000\x00joe\x00secret\x00ls\x00"), ACCEPTED, server_port=9999)
    assert free.protocol is Protocol.REXEC


def test_without_an_error_port_what_cannot_be_a_login_name_is_a_password(verdict_of: Play) -> None:
    assert verdict_of(("C", b"0\x00joe\x00S3cret!\x00ls\x00"), ACCEPTED).protocol is Protocol.REXEC
    assert verdict_of(("C", b"0\x00joe\x00joe\x00ls\x00"), ACCEPTED).protocol is Protocol.RSH


@pytest.mark.parametrize(
    "turns",
    [
        [("C", b"0\x00joe\x00joe\x00ls")],  # the command has not ended
        [("C", b"0\x00joe\x00joe\x00ls\x00"), ("S", b"HTTP/1.1 400 Bad Request\r\n")],
        [("C", b"70000\x00joe\x00joe\x00ls\x00"), ACCEPTED],  # no port
        [("C", b"\x00\x01\x02\x00abc\x00")],
    ],
)
def test_what_is_none_of_them(verdict_of: Play, turns: list[tuple[str, bytes]]) -> None:
    assert verdict_of(*turns, server_port=514).protocol in (Protocol.UNKNOWN, Protocol.HTTP)
    assert verdict_of(*turns, transport=Transport.UDP).protocol is Protocol.UNKNOWN
