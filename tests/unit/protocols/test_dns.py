"""DNS, multicast DNS, LLMNR; not NetBIOS."""

from collections.abc import Callable

import pytest

from javert.model.telemetry import Encryption, Transport
from javert.protocols.conversation import Conversation
from javert.protocols.interface import Direction, FlowHint, Protocol, Verdict
from javert.protocols.session import Session, ask

Play = Callable[..., Verdict]

# id, recursion desired, one question: example.com A IN
QUERY = bytes.fromhex("1234 0100 0001 0000 0000 0000 07 6578616d706c65 03 636f6d 00 0001 0001")
ANSWER = bytes.fromhex(
    "1234 8180 0001 0001 0000 0000 07 6578616d706c65 03 636f6d 00 0001 0001 c00c 0001 0001 00000e10 0004 5db8d822"
)


@pytest.mark.parametrize(
    "message",
    [
        QUERY,
        ANSWER,
        ANSWER[:40],  # cut by a short capture
        QUERY.replace(bytes.fromhex("0100 0001"), bytes.fromhex("2800 0001")),  # update
        bytes.fromhex(
            "0000 8400 0000 0001 0000 0000 03 666f6f 05 6c6f63616c 00 0001 8001 00000078 0004 c0000201"
        ),  # mDNS
    ],
)
def test_messages(verdict_of: Play, message: bytes) -> None:
    verdict = verdict_of(("C", message), transport=Transport.UDP)
    assert (verdict.protocol, verdict.encryption) == (Protocol.DNS, Encryption.NONE)


def test_over_tcp_with_its_length(verdict_of: Play) -> None:
    framed = len(QUERY).to_bytes(2, "big") + QUERY
    assert verdict_of(("C", framed)).protocol is Protocol.DNS
    assert verdict_of(("C", framed[:-4])).protocol is Protocol.UNKNOWN
    assert verdict_of(("C", QUERY)).protocol is Protocol.UNKNOWN


@pytest.mark.parametrize(
    "message",
    [
        bytes.fromhex("1234 0110 0001 0000 0000 0000 20")
        + b"CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        + bytes.fromhex("00 0021 0001"),
        QUERY.replace(bytes.fromhex("0001 0001"), bytes.fromhex("0001 0777"), 2),  # no such class
        bytes.fromhex("1234 0100 0001 0000 0000 0000 47") + bytes(90),  # label type 01
        bytes.fromhex("1234 7900") + QUERY[4:],  # no such opcode
        bytes.fromhex("0001 0000 2112a442") + bytes(12),  # STUN
        bytes(48),  # NTP-like
    ],
)
def test_look_alikes(verdict_of: Play, message: bytes) -> None:
    assert verdict_of(("C", message), transport=Transport.UDP).protocol is Protocol.UNKNOWN


def test_over_tcp_a_question_that_is_not_whole_is_waited_for(verdict_of: Play) -> None:
    whole = bytes.fromhex("0021 1234 0100 0001 0000 0000 0000 03777777 076578616d706c65 036f7267 00 0001 0001")
    for end in range(1, len(whole)):
        session = Session(FlowHint(transport=Transport.TCP))
        session.segment(Direction.TO_SERVER, 0, whole[:end], end)
        assert session.verdict().protocol is Protocol.UNKNOWN
        assert ask(Conversation((whole[:end],), ()), Transport.TCP) is not None
    assert verdict_of(("C", whole)).protocol is Protocol.DNS


def test_an_error_without_a_question(verdict_of: Play) -> None:
    refused, question = (
        bytes.fromhex("1234 8105 0000 0000 0000 0000"),
        bytes.fromhex("1234 8105 0001 0000 0000 0000"),
    )
    assert verdict_of(("S", refused), transport=Transport.UDP).protocol is Protocol.DNS
    assert verdict_of(("S", question), transport=Transport.UDP).protocol is Protocol.UNKNOWN
