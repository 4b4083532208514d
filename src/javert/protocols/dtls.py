"""DTLS. References: RFC 6347 4.1 and RFC 9147 4 (records); version 0x0100 is OpenSSL's before the RFC."""

from javert.protocols.conversation import FULL_READINGS, Conversation, Reading
from javert.protocols.interface import Protocol

_VERSIONS = frozenset((b"\xfe\xff", b"\xfe\xfd", b"\xfe\xfc", b"\x01\x00"))
_LARGEST = (1 << 14) + 2048


def identify(talk: Conversation) -> Reading | None:
    """First datagrams of both sides, as far as seen, that begin with a record whose length fits the datagram.

    Too short: never; a datagram cut after the record header counts.
    """
    firsts = [side[0] for side in (talk.client, talk.server) if side]
    return FULL_READINGS[Protocol.DTLS] if firsts and all(map(_is_record, firsts)) else None


def _is_record(data: bytes) -> bool:
    # type(1) version(2) epoch(2) sequence(6) length(2)
    if len(data) < 13 or not 20 <= data[0] <= 26 or data[1:3] not in _VERSIONS:
        return False
    length = data[11] << 8 | data[12]
    if not 0 < length <= _LARGEST:
        return False
    if data[0] == 22 and data[3:5] == b"\0\0":  # a handshake message in the clear: RFC 6347 4.2.2
        return length >= 12 and data[13:14] in _HANDSHAKES
    return True


_HANDSHAKES = {bytes((kind,)) for kind in (0, 1, 2, 3, 4, 11, 12, 13, 14, 15, 16, 20, 22, 23)} | {b""}
