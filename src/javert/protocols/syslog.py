"""Syslog over UDP and TCP. References: RFC 3164 4.1, RFC 5424 6, RFC 5426, RFC 6587 3.4 (framing on TCP)."""

import re

from javert.errors import NeedsMoreData
from javert.model.telemetry import Encryption
from javert.protocols.conversation import Conversation, Reading
from javert.protocols.interface import Protocol, Verdict

_READING = Reading(Verdict(protocol=Protocol.SYSLOG, encryption=Encryption.NONE))
# priority: facility 0 to 23 times 8 plus severity 0 to 7
_PRIORITY = rb"<(?:1[0-8]\d|19[01]|[1-9]?\d)>"
_FRAMED = re.compile(rb"(?:[1-9]\d{0,5} )?" + _PRIORITY + rb"(?=[^\x00-\x08\x0e-\x1f<>]{2})")
_START = re.compile(rb"(?:[1-9]\d{0,5} )?(?:<\d{0,3}>?.?)?\Z|[1-9]\d{0,5}\Z")


def identify_udp(talk: Conversation) -> Reading | None:
    """Datagrams that begin with a priority in angle brackets and go on in text.

    Some clients (logger of util-linux) can be told to count octets here as well.
    """
    firsts = [side[0] for side in (talk.client, talk.server) if side]
    return _READING if firsts and all(map(_FRAMED.match, firsts)) else None


def identify_tcp(talk: Conversation) -> Reading | None:
    """A client that sends messages, with or without octet counts, to a server that says nothing in text.

    Too short: the priority has not ended.
    """
    if talk.greeting:
        return None
    if _FRAMED.match(talk.opening):
        return _READING
    if talk.opening and _START.match(talk.opening):
        raise NeedsMoreData("syslog priority")
    return None
