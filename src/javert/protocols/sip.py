"""SIP over UDP and TCP. References: RFC 3261 7 (messages), 18.3; RFC 5626 4.4.1 (keep-alive: CR LF CR LF)."""

import re

from javert.errors import NeedsMoreData
from javert.model.telemetry import Encryption
from javert.protocols.conversation import Conversation, Reading
from javert.protocols.interface import Protocol, Verdict

_MESSAGE = re.compile(rb"[\r\n\x00]{0,16}(?:SIP/2\.0 [1-6]\d\d |[A-Z]{3,16} \S{1,1024} SIP/2\.0\r?\n)")
_START = re.compile(
    rb"[\r\n]{0,16}(?:[A-Z]{1,16}(?: (?:s(?:i(?:ps?(?::\S*(?: [SIP/.20\r]{0,9})?)?)?)?)?)?|SIP/2[.0-9 ]*)?\Z"
)
_BASIC = re.compile(rb"\n(?:proxy-)?authorization:[ \t]*(?:basic|bearer)[ \t]", re.IGNORECASE)
_FIRST_DATAGRAMS = 6
_LONGEST_KEEP_ALIVE = 4


def identify_udp(talk: Conversation) -> Reading | None:
    """A datagram with a request or status line among the first of either side.

    Keep-alives of a few octets may come before, whatever they are: line ends, NUL, "jaK".
    """
    for datagram in (*talk.client[:_FIRST_DATAGRAMS], *talk.server[:_FIRST_DATAGRAMS]):
        if _MESSAGE.match(datagram):
            return _read(talk)
        if len(datagram.strip(b"\r\n\0 ")) > _LONGEST_KEEP_ALIVE:
            return None
    return None


def identify_tcp(talk: Conversation) -> Reading | None:
    """A request line with a SIP URI, or a status line. Too short: the line is not whole."""
    for data in (talk.opening, talk.greeting):
        if _MESSAGE.match(data):
            return _read(talk)
    if talk.opening and not talk.greeting and len(talk.opening) < 1024 and _START.match(talk.opening):
        raise NeedsMoreData("SIP request line")
    return None


def _read(talk: Conversation) -> Reading:
    exposed = any(_BASIC.search(piece) for piece in (*talk.client, *talk.server))
    return Reading(Verdict(protocol=Protocol.SIP, encryption=Encryption.NONE, credentials_exposed=exposed))
