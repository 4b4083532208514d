"""POP3. References: RFC 1939, RFC 2449 (CAPA), RFC 2595 4 (STLS), RFC 5034 (AUTH)."""

import re

from javert.errors import NeedsMoreData
from javert.protocols.conversation import Conversation, Reading, sealed, tls_began, upgrade_state
from javert.protocols.interface import Protocol, Verdict
from javert.protocols.sasl import READABLE

_COMMAND = re.compile(
    rb"(?:USER|PASS|APOP|AUTH|CAPA|STLS|STAT|LIST|RETR|DELE|NOOP|RSET|QUIT|TOP|UIDL|UTF8|LANG|XTND|XSENDER)(?: |$)",
    re.IGNORECASE,
)
# IRC's USER has four parameters (RFC 2812 3.1.3).
_IRC_USER = re.compile(rb"USER +\S+ +\S+ +\S+ +:?\S", re.IGNORECASE)
# Redis and NATS say "+OK" too, but nothing behind it; a POP3 greeting always has text (RFC 1939 4).
_GREETING = re.compile(rb"(?:\+OK|-ERR) +\S", re.IGNORECASE)
_STATUS = re.compile(rb"(?:\+OK|-ERR)(?: |$)", re.IGNORECASE)
_POP3_OFFERED = re.compile(rb"STLS\s*$", re.IGNORECASE)


def identify(talk: Conversation) -> Reading | None:
    """A server that greets with ``+OK`` and text, and a client, if it spoke, that gives POP3's commands.

    Too short: no whole line of the server.
    """
    client, server = talk.client_lines, talk.server_lines
    if client.complete and (not _COMMAND.match(client.complete[0]) or _IRC_USER.match(client.complete[0])):
        return None
    if len(client.complete) > 1 and not server.complete and not _plausible(client.complete):
        return None
    if server.complete:
        first = server.complete[0]
        if not _STATUS.match(first):
            return None
        if first[3:].strip() == b"" and first[:1] == b"+" and not (talk.midstream or _logs_in(client.complete)):
            return None
        if client.complete or (_GREETING.match(first) and first[:1] == b"+" and not client.rest):
            return _read(talk)
        if not client.rest and first[:1] == b"-":
            return None
        raise NeedsMoreData("POP3 greeting")
    if client.complete and not server.rest:
        if any(line[:4].upper() in (b"CAPA", b"STLS", b"UIDL", b"APOP") for line in client.complete):
            return _read(talk)
        raise NeedsMoreData("POP3 answer")
    rest = server.rest[:4].upper()
    if rest and not b"+OK ".startswith(rest) and not b"-ERR".startswith(rest):
        return None
    if client.rest and not client.rest[:1].isalpha():
        return None
    raise NeedsMoreData("POP3 greeting")


def _plausible(commands: list[bytes]) -> bool:
    # Lines behind AUTH answer its challenges and may be anything.
    return bool(_COMMAND.match(commands[1])) or commands[0][:4].upper() == b"AUTH"


def _logs_in(commands: list[bytes]) -> bool:
    return bool(commands) and commands[0][:4].upper() in (b"USER", b"CAPA", b"STLS", b"APOP")


def _read(talk: Conversation) -> Reading:
    client, server = talk.client_lines, talk.server_lines
    asked = refused = exposed = awaiting = False
    for line in client.complete:
        if awaiting and not _COMMAND.match(line):
            # RFC 5034 4: the client's answer to "+ "; "*" gives up.
            exposed, awaiting = exposed or line != b"*", False
            continue
        awaiting = False
        if asked:
            refused = True
        word, _, argument = line.partition(b" ")
        word = word.upper()
        if word == b"STLS":
            asked, refused = True, False
        elif word == b"PASS":
            exposed = True
        elif word == b"AUTH" and argument:
            mechanism, _, initial = argument.strip().partition(b" ")
            readable = mechanism.upper() in READABLE
            exposed = exposed or (readable and initial not in (b"", b"="))
            awaiting = readable and initial in (b"", b"=")
    if asked and not refused:
        statuses = [line for line in server.complete if _STATUS.match(line)]
        refused = bool(statuses) and statuses[-1][:1] == b"-"
    began = tls_began(talk, asked=asked)
    offered = any(map(_POP3_OFFERED.match, server.complete))
    encryption = upgrade_state(offered=offered, asked=asked, refused=refused, began=began, sealed=sealed(talk))
    verdict = Verdict(protocol=Protocol.POP3, encryption=encryption, credentials_exposed=exposed)
    return Reading(verdict, final=talk.both_tls)
