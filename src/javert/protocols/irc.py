"""IRC. References: RFC 1459, RFC 2812, and ircv3.net (CAP, STARTTLS 3.1, SASL, message tags, WEBIRC)."""

import re

from javert.errors import NeedsMoreData
from javert.protocols.conversation import Conversation, Reading, tls_began, upgrade_state
from javert.protocols.interface import Protocol, Verdict

_OPENING = re.compile(
    rb"(?:NICK +:?\S{1,64}|USER +\S+ +\S+ +\S+ +:.*|CAP +(?:LS|REQ|END|LIST)\b.*|STARTTLS|"
    rb"SERVER +\S+\.\S+ +\S.* :.*|PASS +\S+ +TS +\d.*|WEBIRC +\S+ +\S+ +\S+ +[0-9a-f.:]+.*)\s*$",
    re.IGNORECASE,
)
_LATER = re.compile(
    rb"(?:(?:JOIN|PART) +[#&+!]|(?:PRIVMSG|NOTICE) +\S+ +:?|PONG\b|PING\b|PASS +\S|MODE +\S|WHO(?:IS)? |OPER |"
    rb"ISON |USERHOST |QUIT\b|USER +\S+ +\S+ +\S+ +\S|CAPAB +\S)",
    re.IGNORECASE,
)
# A message of a server, with tags before it or not; or the beginning of a link to another server.
_SERVER = re.compile(
    rb"(?:@[^ ]{1,4096} +)?:[^ ]{1,128} (?:\d{3}|NOTICE|PRIVMSG|PING|MODE|JOIN|PART|QUIT|NICK|CAP|TOPIC|KICK) |"
    rb"NOTICE (?:AUTH|\*) :|ERROR :|PING +:?\S|PASS +\S+ +TS +\d|CAPAB +\S",
    re.IGNORECASE,
)
_EXPOSES = re.compile(
    rb"PASS +\S|OPER +\S+ +\S|(?:PRIVMSG +|)NICKSERV +:? *(?:IDENTIFY|LOGIN|GHOST|REGISTER) +\S|IDENTIFY +\S",
    re.IGNORECASE,
)
_OFFER = re.compile(rb":\S+ CAP \S+ LS (?:\* )?:.*\btls\b", re.IGNORECASE)


def identify(talk: Conversation) -> Reading | None:
    """A client that registers (NICK, USER with four parameters, CAP), or a server that speaks in IRC's messages.

    PASS alone is FTP's and POP3's as well. Too short: no whole line of either side.
    """
    client, server = talk.client_lines, talk.server_lines
    if server.complete and not _SERVER.match(server.complete[0]):
        return None
    for line in client.complete[:3]:
        if _OPENING.match(line):
            return _read(talk)
        if not _LATER.match(line):
            return None
    if server.complete and (client.complete or server.complete[0][:1] in (b":", b"@", b"N")):
        return _read(talk)
    if client.complete and len(client.complete) >= 3:
        return _read(talk) if talk.midstream else None
    rest = client.rest
    if rest and not client.complete and not rest[:1].isalpha():
        return None
    raise NeedsMoreData("IRC message")


def _read(talk: Conversation) -> Reading:
    client, server = talk.client_lines, talk.server_lines
    asked = refused = exposed = awaiting = False
    for line in client.complete:
        upper = line.upper()
        refused = refused or asked
        if awaiting:
            exposed = exposed or (upper.startswith(b"AUTHENTICATE ") and upper != b"AUTHENTICATE *")
            awaiting = False
        if upper.startswith(b"STARTTLS"):
            asked, refused = True, False
        elif upper.startswith(b"AUTHENTICATE PLAIN"):
            awaiting = True
        elif _EXPOSES.match(line):
            exposed = True
    offered = any(map(_OFFER.match, server.complete))
    if asked and not refused:
        refused = any(b" 691 " in line[:160] for line in server.complete)
    began = tls_began(talk, asked=asked)
    encryption = upgrade_state(offered=offered, asked=asked, refused=refused, began=began)
    verdict = Verdict(protocol=Protocol.IRC, encryption=encryption, credentials_exposed=exposed)
    return Reading(verdict, final=talk.both_tls)
