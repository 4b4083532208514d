"""rlogin, rsh, rexec: how they refuse. Words of netkit-rsh 0.17 and rsh-redone 85."""

import pytest
from tests.unit.probes.playing import Said, play

from javert.model.telemetry import Acceptance, ProbeAnswer
from javert.probes import rcommands


def clear(protocol: str) -> ProbeAnswer:
    return ProbeAnswer(protocol=protocol, acceptance=Acceptance.CLEARTEXT_ONLY)


def test_rlogin_refuses_an_ordinary_port_after_one_nul() -> None:
    said = b"\x01rlogind: Permission denied.\r\n"
    assert play(rcommands.converse_rlogin(b""), (b"\0", said)) == clear("rlogin")


def test_rexec_refuses_a_name_for_its_length() -> None:
    found = play(rcommands.converse_rexec(b""), (b"\0xxxxxxxxxxxxxxxx", b"\x01username too long\n"))
    assert found == clear("rexec")


@pytest.mark.parametrize(
    ("said", "protocol"),
    [
        (b"\0Password: ", "rlogin"),
        (b"\x01Permission denied.\n", "rsh"),
        (b"\0Authentication failure\n", "rsh"),
        (b"\x01rlogind: Host address mismatch.\r\n", "rlogin"),
    ],
)
def test_from_a_reserved_port_four_empty_strings_tell_them_apart(said: bytes, protocol: str) -> None:
    assert play(rcommands.converse_from_reserved_port(b""), (b"\0\0\0\0", said)) == clear(protocol)


@pytest.mark.parametrize(
    ("greeting", "suggested", "protocol"),
    [
        (b"\x01Where are you?\n", (), "rexec"),
        (b"\x01getnameinfo: Temporary failure in name resolution\n", (), "rsh"),
        (b"\x01Permission denied.\n", (), "rsh"),
        (b"\x01Permission denied.\n", ("http", "rexec"), "rexec"),
    ],
)
def test_a_refusal_before_any_question(greeting: bytes, suggested: tuple[str, ...], protocol: str) -> None:
    assert rcommands.is_refusal(greeting)
    assert rcommands.refused(greeting, suggested) == clear(protocol)


@pytest.mark.parametrize("said", [b"", b"\0", b"\0\0\0\0", b"\x01\x02\x03\n", b"HTTP/1.1 400 Bad Request\r\n"])
def test_what_answers_otherwise_is_none_of_them(said: bytes) -> None:
    assert play(rcommands.converse_rlogin(b""), Said(b"\0", said)) is None
    assert play(rcommands.converse_rexec(b""), Said(b"\0xxxxxxxxxxxxxxxx", said)) is None
    assert play(rcommands.converse_from_reserved_port(b""), Said(b"\0\0\0\0", said)) is None
