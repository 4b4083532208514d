"""ONC RPC: procedure 0 of NFS and its helpers. Messages after RFC 5531 9, of rpcbind 1.2."""

import pytest
from tests.unit.probes.playing import Said, Turn, play

from javert.model.telemetry import Acceptance, ProbeAnswer
from javert.probes import rpc

NFS = ProbeAnswer(protocol="nfs", acceptance=Acceptance.CLEARTEXT_ONLY)


def call(program: int, version: int) -> bytes:
    # last fragment, 40 octets | id, call, RPC 2, program, version, procedure 0 | no credential, no verifier
    head = bytes.fromhex("80000028 4a617672 00000000 00000002")
    return head + program.to_bytes(4, "big") + version.to_bytes(4, "big") + bytes(20)


def reply(state: int) -> bytes:
    # last fragment, 24 octets | id, reply, accepted, no verifier | state
    return bytes.fromhex("80000018 4a617672 00000001 00000000 00000000 00000000") + state.to_bytes(4, "big")


DONE, UNAVAILABLE, OTHER_VERSIONS = reply(0), reply(1), reply(2)
CALLS = [call(100000, 2), call(100003, 3), call(100005, 3), call(100021, 4), call(100024, 1)]


@pytest.mark.parametrize("number", range(5))
@pytest.mark.parametrize("said", [DONE, OTHER_VERSIONS])
def test_the_first_program_that_is_served_tells(number: int, said: bytes) -> None:
    turns: list[Turn] = [(one, UNAVAILABLE) for one in CALLS[:number]]
    assert play(rpc.converse(b""), *turns, (CALLS[number], said)) == NFS


def test_other_programs_are_not_nfs() -> None:
    assert play(rpc.converse(b""), *((one, UNAVAILABLE) for one in CALLS)) is None


@pytest.mark.parametrize("said", [b"", CALLS[0], b"HTTP/1.1 400 Bad Request\r\n", bytes(28)])
def test_what_answers_otherwise_is_not_rpc(said: bytes) -> None:
    assert play(rpc.converse(b""), Said(CALLS[0], said)) is None
