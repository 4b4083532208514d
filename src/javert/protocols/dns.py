"""DNS over UDP and TCP, multicast DNS and LLMNR included; not NetBIOS names, whose messages look alike.

References: RFC 1035 4.1 and 4.2.2 (message, TCP length), RFC 6762 18 (mDNS), RFC 4795 2.1 (LLMNR), RFC 1002 4.2
(NetBIOS: first-level encoded names of 32 letters A to P).
"""

import re

from javert.errors import NeedsMoreData, ParseError
from javert.model.telemetry import Encryption
from javert.protocols.conversation import Conversation, Reading
from javert.protocols.interface import Protocol, Verdict

_READING = Reading(Verdict(protocol=Protocol.DNS, encryption=Encryption.NONE), final=True)
_CLASSES = frozenset((1, 2, 3, 4, 254, 255))
_NETBIOS_TYPES = frozenset((0x20, 0x21))
_NETBIOS_NAME = re.compile(rb"\x20[A-P]{32}")
_HOST_NAME = re.compile(rb"(?:[\x01-\x3f][A-Za-z0-9_-]{1,63}){2,}(?:\x00.{0,3})?", re.DOTALL)
_LONG_MESSAGE = 4096
_MOST_RECORDS = 4096


def identify_udp(talk: Conversation) -> Reading | None:
    """A datagram that parses as a message: header, and the first question or record.

    A message cut after its first question counts. Too short: never; a datagram is whole or is not DNS.
    """
    first = next(iter((*talk.client, *talk.server)), b"")
    return _READING if _is_message(first) else None


def identify_tcp(talk: Conversation) -> Reading | None:
    """A length of two octets before the message, and that many octets, or the same from the server.

    Too short: the question is not whole.
    """
    for data in (talk.opening, talk.greeting):
        if len(data) >= 14:
            length = data[0] << 8 | data[1]
            if length < 12:
                return None
            if length + 2 <= len(data):
                return _READING if _is_message(data[2 : 2 + length]) else None
            if length > _LONG_MESSAGE or not _begins_message(data[2:]):
                return None
            raise NeedsMoreData("DNS message over TCP")
        if data and (len(data) < 2 or data[0] << 8 | data[1] >= 12):
            raise NeedsMoreData("DNS message over TCP")
    return None


def _is_message(data: bytes) -> bool:
    if not _header_fits(data):
        return False
    try:
        return _first_entry_fits(data)
    except NeedsMoreData:
        return _cut_after_host_name(data)
    except ParseError:
        return False


def _begins_message(data: bytes) -> bool:
    try:
        return _header_fits(data) and _first_entry_fits(data)
    except NeedsMoreData:
        return True
    except ParseError:
        return False


def _header_fits(data: bytes) -> bool:
    if len(data) < 12:
        return False
    flags = data[2] << 8 | data[3]
    opcode, response = flags >> 11 & 15, flags >> 15
    records = sum(data[at] << 8 | data[at + 1] for at in (4, 6, 8, 10))
    # RFC 6895 2.2: queries 0 to 2, notify 4, update 5, stateful 6; bit 6 must be zero.
    if opcode not in (0, 1, 2, 4, 5, 6) or flags & 0x0040 or records >= _MOST_RECORDS:
        return False
    if records == 0:  # an error may come without the question
        return bool(response) and len(data) == 12 and flags & 0x0F != 0
    return bool(response) or not flags & 0x000F


def _first_entry_fits(data: bytes) -> bool:
    """Whether the first question or record is one. Raises NeedsMoreData if it is not whole, or ParseError."""
    if data[4:12] == bytes(8):
        return True
    at = _name(data, 12)
    if at + 4 > len(data):
        raise NeedsMoreData("type and class")
    kind, class_ = data[at] << 8 | data[at + 1], data[at + 2] << 8 | data[at + 3]
    if kind in _NETBIOS_TYPES and _NETBIOS_NAME.match(data, 12):
        return False
    if data[4:6] != b"\0\0":
        return class_ & 0x7FFF in _CLASSES and kind != 0
    return class_ & 0x7FFF in _CLASSES or kind == 41  # an OPT record's class is a size, RFC 6891 6.1.2


def _cut_after_host_name(data: bytes) -> bool:
    # A fragment or a short capture: what there is of the question must be a host name, and the counts small.
    return (
        data[4:6] == b"\0\1" and data[6] == data[8] == data[10] == 0 and _HOST_NAME.fullmatch(data, 12) is not None
    )


def _name(data: bytes, at: int) -> int:
    """Where the name at ``at`` ends. Raises ParseError if it is none."""
    for _ in range(128):
        if at >= len(data):
            raise NeedsMoreData("domain name")
        length = data[at]
        if length == 0:
            return at + 1
        if length >= 0xC0:
            return at + 2
        if length > 63:
            raise ParseError("no domain name")
        at += 1 + length
    raise ParseError("domain name too long")
