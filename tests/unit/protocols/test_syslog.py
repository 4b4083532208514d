"""Syslog over both transports."""

from collections.abc import Callable

import pytest

from javert.model.telemetry import Encryption, Transport
from javert.protocols.interface import Protocol, Verdict

Play = Callable[..., Verdict]

OLD = b"<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8"
NEW = b"<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 - An application event"


@pytest.mark.parametrize("message", [OLD, NEW, b"%d %s" % (len(NEW), NEW)])
def test_datagrams(verdict_of: Play, message: bytes) -> None:
    verdict = verdict_of(("C", message), transport=Transport.UDP)
    assert (verdict.protocol, verdict.encryption) == (Protocol.SYSLOG, Encryption.NONE)


@pytest.mark.parametrize("stream", [OLD + b"\n" + NEW + b"\n", b"%d %s" % (len(NEW), NEW)])
def test_framing_on_tcp(verdict_of: Play, stream: bytes) -> None:
    assert verdict_of(("C", stream)).protocol is Protocol.SYSLOG


@pytest.mark.parametrize("message", [b"<192>too much", b"<html><body>", b"<1><2>", b"<-1>x y", b"34> hello"])
def test_look_alikes(verdict_of: Play, message: bytes) -> None:
    assert verdict_of(("C", message), transport=Transport.UDP).protocol is Protocol.UNKNOWN
    assert verdict_of(("C", message)).protocol is Protocol.UNKNOWN


def test_a_server_that_talks_back_is_something_else(verdict_of: Play) -> None:
    assert verdict_of(("C", OLD + b"\n"), ("S", b"hello\r\n")).protocol is Protocol.UNKNOWN
