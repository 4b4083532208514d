"""SNMP v1, v2c and v3, over UDP or TCP.

References: RFC 1157 4 (v1 message), RFC 1901 3 (v2c), RFC 3412 6 (v3: msgFlags bit 2 is privacy), RFC 3430 (TCP).
"""

from collections.abc import Iterator

from javert.errors import NeedsMoreData, ParseError
from javert.model.telemetry import Encryption
from javert.protocols import ber
from javert.protocols.conversation import Conversation, Reading
from javert.protocols.interface import Protocol, Verdict

_PRIVACY = 0x02
_COMMUNITY = {0: Protocol.SNMPV1, 1: Protocol.SNMPV2C}
# RFC 1157 and RFC 3416: GetRequest 0xA0 to Report 0xA8.
_PDUS = range(0xA0, 0xA9)
_MOST_MESSAGES = 32


def identify(talk: Conversation) -> Reading | None:
    """A BER message ``{version, community, PDU}`` or ``{3, {id, size, flags, model}, …}`` from either side.

    The community string always crosses readable, so v1 and v2c expose a credential. A version 3 manager asks who
    the agent is without privacy, and goes on with it: one message with privacy is enough. Too short: fewer octets
    than reach the PDU's tag (v1, v2c) or the flags (v3). A datagram cut after that is enough.
    """
    verdict: Verdict | None = None
    for message in (message for piece in (*talk.client, *talk.server) for message in _split(piece)):
        try:
            found = _message(message)
        except NeedsMoreData:
            if verdict is None:
                raise
            continue
        except ParseError:
            if verdict is None:
                return None
            continue
        if verdict is None or found.encryption is Encryption.FULL:
            verdict = found
    return None if verdict is None else Reading(verdict, final=verdict.encryption is Encryption.FULL)


def _split(piece: bytes) -> Iterator[bytes]:
    # Over TCP messages follow each other without anything between them (RFC 3430 2.1); a datagram holds one.
    at = 0
    for _ in range(_MOST_MESSAGES):
        try:
            _, start, length = ber.header(piece, at)
        except ParseError:
            yield piece[at:]
            return
        yield piece[at : start + length]
        at = start + length
        if at >= len(piece):
            return


def _message(data: bytes) -> Verdict:
    tag, at, length = ber.header(data, 0)
    end = at + length
    if tag != 0x30 or length < 10:
        raise ParseError("no SNMP message")
    version, at = ber.integer(data, at)
    if version == 3:
        return _version3(data, at)
    protocol = _COMMUNITY.get(version)
    if protocol is None:
        raise ParseError("no SNMP version")
    tag, start, length = ber.header(data, at)
    if tag != 0x04:
        raise ParseError("no community")
    if start + length >= len(data):
        raise NeedsMoreData("SNMP community")
    pdu, start, length = ber.header(data, start + length)
    if pdu not in _PDUS or start + length != end:
        raise ParseError("no SNMP PDU")
    return Verdict(protocol=protocol, encryption=Encryption.NONE, credentials_exposed=True)


def _version3(data: bytes, at: int) -> Verdict:
    tag, at, _ = ber.header(data, at)
    if tag != 0x30:
        raise ParseError("no msgGlobalData")
    _, at = ber.integer(data, at)
    size, at = ber.integer(data, at)
    if size < 484:  # RFC 3412 6.2
        raise ParseError("no msgMaxSize")
    tag, at, length = ber.header(data, at)
    if tag != 0x04 or length != 1:
        raise ParseError("no msgFlags")
    if at >= len(data):
        raise NeedsMoreData("msgFlags")
    encryption = Encryption.FULL if data[at] & _PRIVACY else Encryption.NONE
    return Verdict(protocol=Protocol.SNMPV3, encryption=encryption)
