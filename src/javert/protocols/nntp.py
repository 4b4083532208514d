"""NNTP. References: RFC 3977, RFC 4642 (STARTTLS), RFC 4643 (AUTHINFO)."""

import re

from javert.errors import NeedsMoreData
from javert.protocols.conversation import Conversation, Reading, sealed, tls_began, upgrade_state
from javert.protocols.interface import Protocol, Verdict

_COMMAND = re.compile(
    rb"(?:CAPABILITIES|MODE READER|MODE STREAM|AUTHINFO|GROUP|LISTGROUP|ARTICLE|HEAD|BODY|XOVER|OVER|XHDR|HDR|POST|"
    rb"IHAVE|NEWNEWS|NEWGROUPS|DATE|XZVER|XFEATURE|TAKETHIS|CHECK|LIST|STAT|NEXT|LAST|STARTTLS|XREFS|SLAVE)(?: |$)",
    re.IGNORECASE,
)
_NEUTRAL = re.compile(rb"(?:HELP|QUIT)$", re.IGNORECASE)
_GREETING = re.compile(rb"(?:200|201|400|502)[ -]")
_NAMES_ITSELF = re.compile(
    rb"NNTP|InterNetNews|\bINN\b|news ?server|usenet|posting (?:allowed|ok)|no posting", re.IGNORECASE
)
_OFFER = re.compile(rb"STARTTLS\s*$", re.IGNORECASE)


def identify(talk: Conversation) -> Reading | None:
    """A server that greets with 200 or 201, and a client that gives NNTP's commands, or a greeting that names news.

    Too short: no whole line of the server.
    """
    client, server = talk.client_lines, talk.server_lines
    greeting = server.complete[0] if server.complete else b""
    if greeting and not _GREETING.match(greeting):
        return None
    commands = [line for line in client.complete if not _NEUTRAL.match(line)]
    if commands and not _COMMAND.match(commands[0]):
        return None
    if greeting and (commands or _NAMES_ITSELF.search(greeting)):
        return _read(talk)
    if not greeting and commands and re.match(rb"MODE READER|AUTHINFO|CAPABILITIES", commands[0], re.IGNORECASE):
        return _read(talk)
    if client.rest and not client.rest[:1].isalpha():
        return None
    raise NeedsMoreData("NNTP greeting or command")


def _read(talk: Conversation) -> Reading:
    client, server = talk.client_lines, talk.server_lines
    asked = refused = exposed = False
    for line in client.complete:
        upper = line.upper()
        refused = refused or asked
        if upper == b"STARTTLS":
            asked, refused = True, False
        elif upper.startswith((b"AUTHINFO PASS ", b"AUTHINFO SIMPLE ", b"AUTHINFO SASL PLAIN ")):
            exposed = True
    if asked and not refused and server.complete:
        refused = server.complete[-1][:1] in (b"4", b"5")  # RFC 4642 2.2.2: 382 accepts
    offered = any(map(_OFFER.match, server.complete))
    began = tls_began(talk, asked=asked)
    encryption = upgrade_state(offered=offered, asked=asked, refused=refused, began=began, sealed=sealed(talk))
    verdict = Verdict(protocol=Protocol.NNTP, encryption=encryption, credentials_exposed=exposed)
    return Reading(verdict, final=talk.both_tls)
