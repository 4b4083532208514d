"""SNMP: v1 and v2c with the well-known community strings, discovery of v3. Messages of Net-SNMP 5.9, in BER."""

import pytest
from tests.unit.probes.playing import Said, Turn, play

from javert.model.telemetry import Acceptance, ProbeAnswer
from javert.probes import snmp


def get(version: int, community: bytes, identity: int) -> bytes:
    # {version, community, GetRequest {id, 0, 0, {{sysObjectID.0, NULL}}}}
    binding = bytes.fromhex("300c 0608 2b06010201010200 0500")
    pdu = bytes.fromhex("02044a6176") + bytes((identity,)) + bytes.fromhex("020100 020100 300e") + binding
    body = bytes((2, 1, version, 4, len(community))) + community + bytes((0xA0, len(pdu))) + pdu
    return bytes((0x30, len(body))) + body


def response(question: bytes) -> bytes:
    # the same with GetResponse, and the value 1.3.6.1.4.1.8072.3.2.10, Net-SNMP on Linux
    value = bytes.fromhex("060a 2b06010401bf0803020a")
    grown = bytearray(question[:-2] + value)
    for at in (
        1,
        question.index(b"\xa0\x1c") + 1,
        question.index(b"\x30\x0e\x30") + 1,
        question.index(b"\x30\x0c\x06") + 1,
    ):
        grown[at] += len(value) - 2
    grown[question.index(b"\xa0\x1c")] = 0xA2
    return bytes(grown)


QUESTIONS = {
    ("v1", "public"): get(0, b"public", 0),
    ("v1", "private"): get(0, b"private", 1),
    ("v2c", "public"): get(1, b"public", 2),
    ("v2c", "private"): get(1, b"private", 3),
}
# {3, {id, 65507, reportable, USM}, {"", 0, 0, "", "", ""}, {"", "", GetRequest {id, 0, 0, {}}}}
DISCOVERY = bytes.fromhex(
    "303e 020103 3011 02044a617604 020300ffe3 040104 020103 0410 300e 0400 020100 020100 0400 0400 0400"
    "3014 0400 0400 a00e 02044a617604 020100 020100 3000"
)
REPORT = bytes.fromhex(
    "306a 020103 3011 02044a617604 020300ffe3 040100 020103"
    "0421 301f 0411 80001f8880 0102030405060708090a0b0c 020101 020110 0400 0400 0400"
    "302f 0411 80001f8880 0102030405060708090a0b0c 0400"
    "a818 02044a617604 020100 020100 300a 3008 0604 2b060106 4100"
)


def conversation(*answered: tuple[str, str], discovery: bytes | None = None) -> tuple[ProbeAnswer, ...]:
    found: list[ProbeAnswer] = []
    turns: list[Turn] = [
        (question, response(question)) if who in answered else Said(question) for who, question in QUESTIONS.items()
    ]
    if discovery is not None:
        turns.append((DISCOVERY, discovery) if discovery else Said(DISCOVERY))
    play(snmp.converse(found), *turns)
    return tuple(found)


def v1(*communities: str) -> ProbeAnswer:
    return ProbeAnswer(
        protocol="snmpv1", acceptance=Acceptance.SNMP_V1, communities=communities, product="Net-SNMP"
    )


def v2c(*communities: str) -> ProbeAnswer:
    return ProbeAnswer(
        protocol="snmpv2c", acceptance=Acceptance.SNMP_V2C, communities=communities, product="Net-SNMP"
    )


@pytest.mark.parametrize(
    ("answered", "expected"),
    [
        ([("v1", "public"), ("v2c", "public")], (v1("public"), v2c("public"))),
        ([("v1", "private"), ("v2c", "private")], (v1("private"), v2c("private"))),
        ([("v2c", "public"), ("v2c", "private")], (v2c("public", "private"),)),
        ([("v1", "public")], (v1("public"),)),
    ],
)
def test_each_version_is_told_with_its_communities(answered, expected) -> None:
    assert conversation(*answered) == expected


def test_v3_is_asked_where_neither_answers() -> None:
    expected = ProbeAnswer(protocol="snmpv3", acceptance=Acceptance.SNMP_V3_ONLY, product="Net-SNMP")
    assert conversation(discovery=REPORT) == (expected,)
    assert conversation(discovery=b"") == ()


@pytest.mark.parametrize(
    "said",
    [
        QUESTIONS["v1", "public"],  # an echo
        response(QUESTIONS["v2c", "public"]),  # late, and to another question
        response(QUESTIONS["v1", "public"])[:20],
        b"\x30\x02\x02\x01",
        b"garbage",
    ],
)
def test_another_datagram_is_no_answer(said: bytes) -> None:
    found: list[ProbeAnswer] = []
    first, *rest = QUESTIONS.values()
    play(snmp.converse(found), Said(first, said), *map(Said, rest), Said(DISCOVERY, DISCOVERY))
    assert not found
