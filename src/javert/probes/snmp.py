"""SNMP over UDP or TCP. References: RFC 1157 4 (v1), RFC 3416 4.2.1 (v2c), RFC 3414 4 (discovery of v3), RFC 3430.

Sent: GetRequest for sysObjectID.0 in v1 and v2c with the community strings "public" and "private", which vendors
ship; a discovery of v3, without a user. Safe: Get only reads, and sysObjectID names the kind of agent. An agent
that has authentication failure traps on sends one for a community string it does not have.
"""

from collections.abc import Callable

from javert.errors import ParseError
from javert.model.telemetry import Acceptance, ProbeAnswer
from javert.probes.dialogue import Dialogue
from javert.probes.encoding import (
    NULL,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    element,
    number,
)
from javert.probes.interface import Ask
from javert.protocols import ber

_V1, _V2C, _V3 = 0, 1, 3
_GET, _RESPONSE, _REPORT = 0xA0, 0xA2, 0xA8
_SYS_OBJECT_ID = bytes.fromhex("2b06010201010200")  # 1.3.6.1.2.1.1.2.0
# Net-SNMP's number among enterprises, 8072, in an object identifier and in an engine's identity (RFC 3411 5).
_NET_SNMP = (bytes.fromhex("2b06010401bf08"), bytes.fromhex("80001f88"))
_COMMUNITIES = ("public", "private")
_VERSIONS = ((_V1, "snmpv1", Acceptance.SNMP_V1), (_V2C, "snmpv2c", Acceptance.SNMP_V2C))
_WAIT_S = 0.7
_FIRST_IDENTITY = 0x4A617600


def _get(version: int, identity: int, community: str) -> bytes:
    binding = element(SEQUENCE, element(OBJECT_IDENTIFIER, _SYS_OBJECT_ID), element(NULL))
    pdu = element(_GET, number(identity), number(0), number(0), element(SEQUENCE, binding))
    return element(SEQUENCE, number(version), element(OCTET_STRING, community.encode()), pdu)


_QUESTIONS = tuple((version, community) for version, _, _ in _VERSIONS for community in _COMMUNITIES)
_IDENTITIES = {question: _FIRST_IDENTITY + at for at, question in enumerate(_QUESTIONS)}
_GETS = {question: _get(question[0], identity, question[1]) for question, identity in _IDENTITIES.items()}
_DISCOVERY_IDENTITY = _FIRST_IDENTITY + len(_QUESTIONS)
_DISCOVERY = element(
    SEQUENCE,
    number(_V3),
    # message, its largest size, flags: report what is wrong, no authentication, no privacy; user security model
    element(SEQUENCE, number(_DISCOVERY_IDENTITY), number(65507), element(OCTET_STRING, b"\4"), number(3)),
    # engine, boots, time, user, authentication, privacy: all unknown
    element(
        OCTET_STRING,
        element(
            SEQUENCE,
            element(OCTET_STRING),
            number(0),
            number(0),
            element(OCTET_STRING),
            element(OCTET_STRING),
            element(OCTET_STRING),
        ),
    ),
    element(
        SEQUENCE,
        element(OCTET_STRING),
        element(OCTET_STRING),
        element(_GET, number(_DISCOVERY_IDENTITY), number(0), number(0), element(SEQUENCE)),
    ),
)


def converse(found: list[ProbeAnswer]) -> Dialogue[None]:
    """Ask for v1 and v2c, and for v3 if neither accepts one of the community strings.

    Whether a user of v3 may do without privacy cannot be told without a user's name.

    Args:
        found: gets an answer for each version; also if the dialogue is not had to its end.
    """
    for version, protocol, acceptance in _VERSIONS:
        communities, product = [], ""
        for community in _COMMUNITIES:
            is_answer = _answers(version, _IDENTITIES[version, community])
            said = (yield Ask(_GETS[version, community], is_answer, _WAIT_S)).data
            if is_answer(said):
                communities.append(community)
                product = _product_of(said)
        if communities:
            found.append(
                ProbeAnswer(
                    protocol=protocol, acceptance=acceptance, communities=tuple(communities), product=product
                )
            )
    if not found:
        is_answer = _answers(_V3, _DISCOVERY_IDENTITY)
        said = (yield Ask(_DISCOVERY, is_answer, _WAIT_S)).data
        if is_answer(said):
            found.append(
                ProbeAnswer(protocol="snmpv3", acceptance=Acceptance.SNMP_V3_ONLY, product=_product_of(said))
            )


def _product_of(said: bytes) -> str:
    return "Net-SNMP" if any(sign in said for sign in _NET_SNMP) else ""


def _answers(version: int, identity: int) -> Callable[[bytes], bool]:
    """A test whether a message is the response (v3: a report as well) to the question with ``identity``."""

    def is_answer(data: bytes) -> bool:
        try:
            return _response_to(data) == (version, identity)
        except ParseError:
            return False

    return is_answer


def _response_to(data: bytes) -> tuple[int, int]:
    """Version and number of the request that ``data`` answers; the number is -1 if it is no answer.

    Raises:
        ParseError: it is no message of SNMP.
    """
    _, at, _ = ber.header(data, 0)
    version, at = ber.integer(data, at)
    if version == _V3:  # {id, …}, security parameters, {engine, name, PDU}
        _, start, length = ber.header(data, at)
        identity, _ = ber.integer(data, start)
        at = ber.header(data, _behind(data, start + length))[1]
        kind, _, _ = ber.header(data, _behind(data, _behind(data, at)))
    else:  # community, PDU
        kind, start, _ = ber.header(data, _behind(data, at))
        identity, _ = ber.integer(data, start)
    return version, identity if kind in (_RESPONSE, _REPORT) else -1


def _behind(data: bytes, at: int) -> int:
    _, start, length = ber.header(data, at)
    return start + length
