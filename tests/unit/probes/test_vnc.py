"""VNC: the security types offered. Messages after RFC 6143 7.1 and rfbproto's VeNCrypt."""

import pytest
from tests.unit.probes.playing import Said, play

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes import vnc

NEW, MIDDLE, OLD = b"RFB 003.008\n", b"RFB 003.007\n", b"RFB 003.003\n"
CLEAR, OPTIONAL, REQUIRED = Acceptance.CLEARTEXT_ONLY, Acceptance.TLS_OPTIONAL, Acceptance.TLS_REQUIRED
OPEN, PASSWORD = Authentication.NONE, Authentication.REQUIRED


def answer(acceptance: Acceptance, authentication: Authentication) -> ProbeAnswer:
    return ProbeAnswer(protocol="vnc", acceptance=acceptance, authentication=authentication)


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        ([1], answer(CLEAR, OPEN)),
        ([2, 16], answer(CLEAR, PASSWORD)),
        ([2, 1], answer(CLEAR, OPEN)),
        ([2, 18], answer(OPTIONAL, PASSWORD)),
        ([2, 19], answer(OPTIONAL, PASSWORD)),
        ([18], answer(REQUIRED, PASSWORD)),
        ([5, 129], answer(REQUIRED, PASSWORD)),
    ],
)
def test_the_security_types_decide(types: list[int], expected: ProbeAnswer) -> None:
    said = bytes((len(types), *types))
    assert play(vnc.converse(NEW), (NEW, said)) == expected
    assert play(vnc.converse(MIDDLE), (MIDDLE, said)) == expected
    assert play(vnc.converse(b"RFB 005.000\n"), (NEW, said)) == expected  # RealVNC Enterprise


@pytest.mark.parametrize(
    ("subtypes", "expected"),
    [
        ([261, 258], answer(REQUIRED, PASSWORD)),
        ([257], answer(REQUIRED, OPEN)),
        ([256, 262], answer(OPTIONAL, PASSWORD)),
        ([256], answer(CLEAR, PASSWORD)),
    ],
)
def test_vencrypt_alone_is_asked_for_what_it_offers(subtypes: list[int], expected: ProbeAnswer) -> None:
    offered = bytes((0, len(subtypes))) + b"".join(one.to_bytes(4, "big") for one in subtypes)
    turns = [(NEW, b"\x01\x13"), (b"\x13", b"\0\2"), (b"\0\2", offered)]
    assert play(vnc.converse(NEW), *turns) == expected


def test_vencrypt_that_does_not_say_encrypts_for_all_that_is_known() -> None:
    assert play(vnc.converse(NEW), (NEW, b"\x01\x13"), Said(b"\x13")) == answer(REQUIRED, PASSWORD)
    turns = [(NEW, b"\x01\x13"), (b"\x13", b"\0\2"), (b"\0\2", b"\x01\x00")]
    assert play(vnc.converse(NEW), *turns) == answer(REQUIRED, PASSWORD)


@pytest.mark.parametrize(("chosen", "authentication"), [(1, OPEN), (2, PASSWORD)])
def test_an_old_server_chooses_itself(chosen: int, authentication: Authentication) -> None:
    assert play(vnc.converse(OLD), (OLD, chosen.to_bytes(4, "big"))) == answer(CLEAR, authentication)


@pytest.mark.parametrize("said", [b"", b"\x00\x00\x00\x00\x16Too many security failures"])
def test_a_server_that_refuses_is_not_judged(said: bytes) -> None:
    expected = ProbeAnswer(protocol="vnc", acceptance=Acceptance.UNDECIDED)
    assert play(vnc.converse(NEW), Said(NEW, said)) == expected
    assert play(vnc.converse(OLD), Said(OLD, said[:4])) == expected


def test_another_greeting_is_not_vnc() -> None:
    assert play(vnc.converse(b"RFB 3.8\n")) is None
