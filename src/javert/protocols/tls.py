"""TLS and SSL of every version, from the first byte or joined later.

References: RFC 8446 5.1 (records; versions 3.0 to 3.3 and the drafts' 3.4 in the record header), RFC 8446 4
(handshake types), RFC 5246 appendix E.2 (ClientHello in SSLv2 framing), and the SSL 2.0 draft (Hickman, 1995).
"""

import re

from javert.errors import NeedsMoreData
from javert.protocols.conversation import FULL_READINGS, Conversation, Reading
from javert.protocols.interface import Protocol

_CLIENT_HELLO, _SERVER_HELLO = 1, 2
_MAX_RECORD = (1 << 14) + 2048
_RECORD = re.compile(rb"[\x14-\x18]\x03[\x00-\x04]")


def is_client_hello(data: bytes) -> bool:
    """Whether ``data`` begins with a ClientHello in a TLS record or in SSLv2 framing.

    Raises:
        NeedsMoreData: a possible beginning shorter than the 11 octets that decide.
    """
    return _is_handshake(data, _CLIENT_HELLO) or _is_sslv2_client_hello(data)


def is_server_hello(data: bytes) -> bool:
    """Whether ``data`` begins with a ServerHello in a TLS record, or with an SSLv2 SERVER-HELLO.

    Raises:
        NeedsMoreData: a possible beginning shorter than the octets that decide.
    """
    return _is_handshake(data, _SERVER_HELLO) or _is_sslv2_server_hello(data)


def _is_handshake(data: bytes, kind: int) -> bool:
    # type(1)=22 version(2) length(2) | handshake type(1) length(3) version(2); a first record may hold less.
    if not b"\x16\x03".startswith(data[:2]) or (len(data) > 2 and data[2] > 4):
        return False
    if len(data) < 6:
        raise NeedsMoreData("TLS record header")
    length = int.from_bytes(data[3:5], "big")
    if not 1 <= length <= _MAX_RECORD or data[5] != kind:
        return False
    if length < 6:  # RFC 8446 5.1: a message may be spread over records, however short
        return True
    if len(data) < 11:
        raise NeedsMoreData("TLS hello header")
    return data[9] == 3 and data[10] <= 4


def _is_sslv2_client_hello(data: bytes) -> bool:
    # length(2, top bit set) msg(1)=1 version(2) cipher_spec(2) session_id(2) challenge(2); the parts add up.
    if not data or not 0x80 <= data[0] <= 0xBF:
        return False
    if len(data) > 2 and data[2] != _CLIENT_HELLO:
        return False
    if len(data) < 11:
        raise NeedsMoreData("SSLv2 ClientHello")
    version = int.from_bytes(data[3:5], "big")
    length = int.from_bytes(data[:2], "big") & 0x7FFF
    ciphers, session, challenge = (int.from_bytes(data[at : at + 2], "big") for at in (5, 7, 9))
    return (
        (version == 2 or 0x300 <= version <= 0x304)
        and ciphers > 0
        and ciphers % 3 == 0
        and session in (0, 16, 32)
        and 16 <= challenge <= 32
        and length == 9 + ciphers + session + challenge
    )


def _is_sslv2_server_hello(data: bytes) -> bool:
    # length(2, top bit set) msg(1)=4 session_hit(1) certificate_type(1) version(2)=2
    return len(data) >= 7 and data[0] & 0x80 != 0 and data[2] == 4 and data[3] <= 1 and data[5:7] == b"\x00\x02"


def records_follow(data: bytes, wanted: int) -> bool:
    """Whether ``data`` begins with at least ``wanted`` well-formed TLS records, headers looked at.

    Raises:
        NeedsMoreData: all headers that are there fit, and they are fewer.
    """
    at = 0
    for _ in range(wanted):
        if len(data) < at + 5:
            if not data or not _RECORD.match(data[at : at + 3] + b"\x14\x03\x00"[len(data[at : at + 3]) :]):
                return False
            raise NeedsMoreData("TLS record header")
        length = int.from_bytes(data[at + 3 : at + 5], "big")
        if not _RECORD.match(data, at) or length > _MAX_RECORD:
            return False
        at += 5 + length
    return True


def identify(talk: Conversation) -> Reading | None:
    """TLS from the first byte, or a flow joined later whose bytes are TLS records.

    What the server says decides where the sides disagree: a TLS hello that a server answers in text is no TLS, so
    the verdict is final only once both were heard. Too short: fewer than 11 octets of a hello; joined later: fewer
    than two record headers of one side and no record of the other.
    """
    opening, greeting = talk.opening, talk.greeting
    if not greeting:
        return _ONE_SIDED if _is_hello(opening) or records_follow(opening, 2) else None
    if not opening:
        return _ONE_SIDED if _is_hello(greeting) or records_follow(greeting, 2) else None
    if greeting[0] not in _FIRST_OF_SERVER or opening[0] not in _FIRST_OF_SERVER:
        return None
    return (
        _BOTH
        if _is_hello(opening) or _is_hello(greeting) or (records_follow(opening, 1) and records_follow(greeting, 1))
        else None
    )


def _is_hello(data: bytes) -> bool:
    # Either side: who is the client may not be known.
    return is_client_hello(data) or is_server_hello(data)


_BOTH = FULL_READINGS[Protocol.TLS]
_ONE_SIDED = Reading(_BOTH.verdict, final=False)
_FIRST_OF_SERVER = frozenset((*range(0x14, 0x19), *range(0x80, 0x100)))
