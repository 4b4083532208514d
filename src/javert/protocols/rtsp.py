"""RTSP. References: RFC 2326 and RFC 7826 (messages), RFC 7617 (Basic)."""

import re

from javert.errors import NeedsMoreData
from javert.model.telemetry import Encryption
from javert.protocols.conversation import Conversation, Reading
from javert.protocols.interface import Protocol, Verdict

_MESSAGE = re.compile(
    rb"[\r\n]{0,4}(?:RTSP/[12]\.0 [1-5]\d\d|"
    rb"[A-Z_]{3,16} +(?:[Rr][Tt][Ss][Pp][SsUu]?:\S+|\*|/\S*) +RTSP/[12]\.0\r?\n)"
)
_START = re.compile(
    rb"[A-Z_]{1,16}(?: +(?:(?:r(?:t(?:s(?:p(?:[su]?:?[^\r\n]*)?)?)?)?|\*)[^\n]*)?)?\Z", re.IGNORECASE
)
_BASIC = re.compile(rb"\nauthorization:[ \t]*(?:basic|bearer)[ \t]+\S", re.IGNORECASE)


def identify(talk: Conversation) -> Reading | None:
    """A request line or status line with RTSP's version, behind interleaved media or not (RFC 2326 10.12).

    Too short: the request line is not whole.
    """
    opening, greeting = talk.opening, talk.greeting
    if _MESSAGE.match(opening, _behind_media(opening)) or _MESSAGE.match(greeting, _behind_media(greeting)):
        exposed = any(map(_BASIC.search, talk.client))
        return Reading(Verdict(protocol=Protocol.RTSP, encryption=Encryption.NONE, credentials_exposed=exposed))
    if opening and not greeting and len(opening) < 1024 and _START.match(opening):
        raise NeedsMoreData("RTSP request line")
    return None


def _behind_media(data: bytes) -> int:
    # Frames between messages: "$", a channel, a length of two octets, and so many octets of media.
    at = 0
    while data[at : at + 1] == b"$" and at + 4 <= len(data):
        at += 4 + (data[at + 2] << 8 | data[at + 3])
    return at
