"""IMAP. References: RFC 9051 and RFC 3501 (IMAP4rev2, rev1), RFC 2595 3 (STARTTLS), RFC 1176 (IMAP2)."""

import re

from javert.errors import NeedsMoreData
from javert.protocols.conversation import Conversation, Reading, sealed, tls_began, upgrade_state
from javert.protocols.interface import Protocol, Verdict
from javert.protocols.sasl import READABLE

_GREETING = re.compile(rb"\* (?:OK|PREAUTH|BYE)(?: |$)", re.IGNORECASE)
_UNTAGGED = re.compile(
    rb"\* (?:CAPABILITY |FLAGS \(|LIST \(|LSUB \(|STATUS |SEARCH\b|NAMESPACE |ID |ENABLED\b|"
    rb"\d+ (?:EXISTS|RECENT|EXPUNGE|FETCH))",
    re.IGNORECASE,
)
_COMMAND = re.compile(
    rb"([^\x00-\x20(){%*\"\\+]{1,32}) (?:UID )?(CAPABILITY|NOOP|LOGOUT|STARTTLS|AUTHENTICATE|LOGIN|ENABLE|"
    rb"SELECT|EXAMINE|CREATE|DELETE|RENAME|SUBSCRIBE|UNSUBSCRIBE|LIST|LSUB|NAMESPACE|STATUS|APPEND|IDLE|CLOSE|UNSELECT|EXPUNGE|SEARCH|"
    rb"FETCH|STORE|COPY|MOVE|CHECK|ID|"
    rb"GETQUOTA|GETQUOTAROOT|GETACL|SORT|THREAD|COMPRESS|XLIST|UNAUTHENTICATE)(?: (.*))?$",
    re.IGNORECASE | re.DOTALL,
)
_COMMAND_START = re.compile(rb"[^\x00-\x20(){%*\"\\+]{1,32}(?: (?:[A-Za-z]+(?: .*)?)?)?\r?\Z", re.DOTALL)
# What a client alone says that is no sentence: commands with as many arguments as they take.
_DECISIVE = re.compile(
    rb"[^: ]\S* (?:CAPABILITY|LOGOUT|STARTTLS|LOGIN (?:\"[^\"]*\"|\S+) (?:\"[^\"]*\"|\S+)|LOGIN \{\d+\+?\}|"
    rb"AUTHENTICATE \S+(?: \S+)?|(?:SELECT|EXAMINE) (?:\"[^\"]*\"|\S+)(?: \(.*\))?)$",
    re.IGNORECASE,
)
_OFFER = re.compile(rb"(?:\* |.*\[)CAPABILITY\b.* STARTTLS\b", re.IGNORECASE)


def identify(talk: Conversation) -> Reading | None:
    """An untagged greeting from the server, or tagged commands from the client.

    Too short: no whole line of either side.
    """
    client, server = talk.client_lines, talk.server_lines
    if server.complete:
        first = server.complete[0]
        if _GREETING.match(first) or _UNTAGGED.match(first):
            return _read(talk)
        if not talk.midstream:
            return None
    if client.complete and not server.complete and _DECISIVE.match(client.complete[0]):
        return _read(talk)
    if server.rest and not server.complete:
        if server.rest[:2] in (b"*", b"* "):
            raise NeedsMoreData("IMAP greeting")
        return None
    if client.complete:
        command = _COMMAND.match(client.complete[0])
        return _read(talk) if command and _answers(command[1], server.complete) else None
    if client.rest and not _COMMAND_START.match(client.rest):
        return None
    raise NeedsMoreData("IMAP greeting or command")


def _answers(tag: bytes, lines: list[bytes]) -> bool:
    answer = re.compile(re.escape(tag) + rb" (?:OK|NO|BAD)\b", re.IGNORECASE)
    return any(map(answer.match, lines))


def _read(talk: Conversation) -> Reading:
    client, server = talk.client_lines, talk.server_lines
    asked = refused = exposed = awaiting = False
    tag = b""
    for line in client.complete:
        if awaiting:
            # RFC 9051 6.2.2: the client's answer to "+"; "*" gives up.
            exposed, awaiting = exposed or line != b"*", False
            continue
        command = _COMMAND.match(line)
        if command is None:
            continue
        if asked:
            refused = True
        word, argument = command[2].upper(), command[3] or b""
        if word == b"STARTTLS":
            asked, refused, tag = True, False, command[1]
        elif word == b"LOGIN":
            exposed = True
        elif word == b"AUTHENTICATE":
            mechanism, _, initial = argument.partition(b" ")
            readable = mechanism.upper() in READABLE
            exposed = exposed or (readable and bool(initial))
            awaiting = readable and not initial
    if asked and not refused:
        declined = re.compile(re.escape(tag) + rb" (?:NO|BAD)\b", re.IGNORECASE)
        refused = any(map(declined.match, server.complete))
    began = tls_began(talk, asked=asked)
    offered = any(map(_OFFER.match, server.complete))
    encryption = upgrade_state(offered=offered, asked=asked, refused=refused, began=began, sealed=sealed(talk))
    verdict = Verdict(protocol=Protocol.IMAP, encryption=encryption, credentials_exposed=exposed)
    return Reading(verdict, final=talk.both_tls)
