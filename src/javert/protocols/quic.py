"""QUIC, IETF's and Google's before it.

References: RFC 9000 17.2 and 17.2.1 (long header, version negotiation), RFC 8999 (invariants), RFC 9369 (version
2), RFC 9000 15 (versions reserved for greasing), draft-tsvwg-quic-protocol-02 and Chromium (Q024 to T051).
"""

import re

from javert.protocols.conversation import FULL_READINGS, Conversation, Reading
from javert.protocols.interface import Protocol

_QUIC = FULL_READINGS[Protocol.QUIC]
_GOOGLE_VERSION = re.compile(rb"[QT]0[0-9][0-9]")
_VERSIONS = frozenset((1, 0x6B3343CF, 0x709A50C4, 0x51303530, 0x54303530, 0x54303531))
"""1, 2 and its last draft, and Chromium's from the time of the IETF's drafts."""
_LONGEST_ID = 20


def identify(talk: Conversation) -> Reading | None:
    """A packet with a long header and a version in use from either side, or Google's public header with a version.

    Packets with short headers have nothing to be told by. Too short: never; a datagram is whole.
    """
    for side in (talk.client, talk.server):
        for datagram in side[:2]:
            if _long_header(datagram) or _google_header(datagram):
                return _QUIC
    return None


def _long_header(data: bytes) -> bool:
    # first octet: form 1, fixed 1 (not in version negotiation), type 2, and 4 bits; version(4); two connection ids.
    if len(data) < 7 or data[0] & 0x80 == 0:
        return False
    version = int.from_bytes(data[1:5], "big")
    if data[1:2] == b"Q" and _GOOGLE_VERSION.match(data, 1) and version not in _VERSIONS:
        return int(data[2:5]) >= 46  # Q046 packs the lengths of both ids into one octet
    destination = data[5]
    if destination > _LONGEST_ID or 6 + destination >= len(data):
        return False
    source = data[6 + destination]
    end = 7 + destination + source
    if source > _LONGEST_ID or end > len(data):
        return False
    if version == 0:
        rest = len(data) - end
        return rest > 0 and rest % 4 == 0 and any(_known(data[at : at + 4]) for at in range(end, len(data), 4))
    return _known(data[1:5]) and len(data) >= end + 2


def _known(octets: bytes) -> bool:
    version = int.from_bytes(octets, "big")
    return (
        version in _VERSIONS
        or 0xFF000001 <= version <= 0xFF0000FF  # IETF drafts
        or version & 0x0F0F0F0F == 0x0A0A0A0A  # greasing
        or version >> 8 == 0xFACEB0  # mvfst
        or _GOOGLE_VERSION.match(octets) is not None
    )


_GOOGLE_HANDSHAKE = re.compile(rb"(?:REJ\x00|SREJ|SHLO)[\x01-\x20]\x00\x00\x00")


def _google_header(data: bytes) -> bool:
    # flags: 0x01 version present, 0x02 reset, 0x0C length of the connection id, 0x30 of the packet number.
    if len(data) < 9 or data[0] & 0x83 != 0x01:
        # A server names no version, but its first handshake message crosses readable.
        return data[:1] < b"\x40" and _GOOGLE_HANDSHAKE.search(data, 10, 96) is not None
    at = 9 if data[0] & 0x0C else 1
    return _GOOGLE_VERSION.match(data, at) is not None and len(data) > at + 4
