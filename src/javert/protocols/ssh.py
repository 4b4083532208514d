"""SSH, version 1 and 2. Reference: RFC 4253 4.2 (protocol version exchange)."""

import re

from javert.errors import NeedsMoreData
from javert.protocols.conversation import FULL_READINGS, Conversation, Reading
from javert.protocols.interface import Protocol

_IDENTIFICATION = re.compile(rb"SSH-[12]\.\d{1,2}-")
_START = b"SSH-"
_BANNER = re.compile(rb"(?:[\t\x20-\xff]{0,1024}\r?\n){1,50}?SSH-[12]\.\d{1,2}-")


def identify(talk: Conversation) -> Reading | None:
    """An identification string ``SSH-protoversion-softwareversion`` from either side.

    The server may send other lines before it (RFC 4253 4.2), the client not; behind an HTTP proxy's answer it is
    what goes through the proxy. Too short: fewer octets than reach
    the second hyphen.
    """
    opening, greeting = talk.opening, talk.greeting
    if _IDENTIFICATION.match(opening) or _IDENTIFICATION.match(greeting):
        return FULL_READINGS[Protocol.SSH]
    if greeting.find(_START, 0, 8192) > 0 and _BANNER.match(greeting) and not greeting.startswith(b"HTTP/"):
        return FULL_READINGS[Protocol.SSH]
    for data in (opening, greeting):
        if data and len(data) < 9 and talk.textual and _START.startswith(data[:4]):
            raise NeedsMoreData("SSH identification string")
    return None
