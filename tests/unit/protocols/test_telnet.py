"""Telnet: option negotiation, prompts that are answered, START_TLS."""

from collections.abc import Callable

import pytest

from javert.model.telemetry import Encryption, Transport
from javert.protocols.interface import Protocol, Verdict

Play = Callable[..., Verdict]

NEGOTIATION = ("S", bytes.fromhex("fffd18 fffd20 fffd23 fffd27"))  # DO TERMINAL-TYPE, SPEED, XDISPLOC, NEW-ENVIRON


def test_a_side_that_negotiates(verdict_of: Play) -> None:
    verdict = verdict_of(NEGOTIATION)
    assert (verdict.protocol, verdict.encryption) == (Protocol.TELNET, Encryption.NONE)
    assert not verdict.credentials_exposed


def test_an_answered_prompt_exposes_and_an_open_one_does_not(verdict_of: Play) -> None:
    prompt = [NEGOTIATION, ("S", b"login: ")]
    assert not verdict_of(*prompt).credentials_exposed
    answered = [*prompt, ("C", b"joe\r\n"), ("S", b"joe\r\nPassword: "), ("C", b"secret\r\n"), ("S", b"\r\n$ ")]
    assert verdict_of(*answered).credentials_exposed


def test_start_tls(verdict_of: Play, client_hello: bytes) -> None:
    follows = bytes.fromhex("fffa2e01fff0")  # IAC SB START_TLS FOLLOWS IAC SE
    do_tls = ("S", bytes.fromhex("fffd2e"))
    assert verdict_of(do_tls, ("C", follows)).encryption is Encryption.UNKNOWN
    assert verdict_of(do_tls, ("C", follows + client_hello)).encryption is Encryption.UPGRADED


@pytest.mark.parametrize("data", ["ff", "fffd", "fffa18"])
def test_half_a_command_is_not_told(verdict_of: Play, data: str) -> None:
    assert verdict_of(("S", bytes.fromhex(data))).protocol is Protocol.UNKNOWN


@pytest.mark.parametrize("data", ["ffd8ffe000104a46", "fffb9064000000", "fffffffffe"])
def test_look_alikes(verdict_of: Play, data: str) -> None:
    # a JPEG picture, an MPEG audio frame, an integer
    assert verdict_of(("S", bytes.fromhex(data))).protocol is Protocol.UNKNOWN


def test_binary_from_the_other_side_speaks_against_it(verdict_of: Play) -> None:
    assert verdict_of(NEGOTIATION, ("C", b"\x01\x02\x03\x04")).protocol is Protocol.UNKNOWN
    assert verdict_of(NEGOTIATION, transport=Transport.UDP).protocol is Protocol.UNKNOWN


def test_one_side_may_begin_with_another_command(verdict_of: Play) -> None:
    are_you_there = ("C", b"\xff\xf6")
    assert verdict_of(NEGOTIATION, are_you_there).protocol is Protocol.TELNET
