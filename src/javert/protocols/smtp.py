"""SMTP and LMTP. References: RFC 5321 (SMTP), RFC 2033 (LMTP), RFC 3207 (STARTTLS), RFC 4954 (AUTH)."""

import re

from javert.errors import NeedsMoreData
from javert.protocols.conversation import Conversation, Reading, sealed, tls_began, upgrade_state
from javert.protocols.interface import Protocol, Verdict
from javert.protocols.sasl import READABLE

_HELLO = re.compile(rb"(?:EHLO|HELO|LHLO)(?: |$)", re.IGNORECASE)
_ENVELOPE = re.compile(rb"(?:MAIL FROM|RCPT TO) ?:", re.IGNORECASE)
# Where nothing of the server was heard: commands with what belongs to them, not the beginning of a sentence.
_ALONE = re.compile(rb"(?:EHLO|HELO|LHLO)(?: \S+)?\s*$|MAIL FROM ?: ?<|RCPT TO ?: ?<", re.IGNORECASE)
_NEUTRAL = re.compile(rb"(?:NOOP|QUIT|HELP|RSET|VRFY|EXPN|STARTTLS|XCLIENT|PROXY)\b", re.IGNORECASE)
_GREETING = re.compile(rb"(?:220|421|450|521|554)[ -]")
_NAMES_ITSELF = re.compile(rb"\b(?:E?SMTP|LMTP)\b", re.IGNORECASE)
_FTP_NAMES = re.compile(rb"FTP|FileZilla", re.IGNORECASE)
_EXTENSION = re.compile(
    rb"250[ -](?:PIPELINING|SIZE|8BITMIME|STARTTLS|ENHANCEDSTATUSCODES|VRFY|ETRN|AUTH[ =]|DSN|CHUNKING|SMTPUTF8)",
    re.IGNORECASE,
)
# RFC 2034 and RFC 3463: SMTP and LMTP say in three numbers again what the code says; FTP and NNTP never do.
_ENHANCED = re.compile(rb"([245])\d\d[ -]\1\.\d{1,3}\.\d{1,3} ")
_OFFER = re.compile(rb"250[ -]STARTTLS\s*$", re.IGNORECASE)
_AUTH = re.compile(rb"AUTH +(\S+)(?: +(\S+))?", re.IGNORECASE)


def identify(talk: Conversation) -> Reading | None:
    """A client that says EHLO, HELO or LHLO, or a server whose greeting names SMTP.

    Too short: no whole line yet, or a 220 greeting that FTP could send as well and a client that said nothing.
    """
    client, server = talk.client_lines, talk.server_lines
    greeting = server.complete[0] if server.complete else b""
    if greeting and not greeting[:1].isdigit():
        return None
    commands = client.complete
    if commands and _is_smtp(commands, alone=not talk.server):
        return _read(talk)
    if commands and not _NEUTRAL.match(commands[0]):
        return None
    if (
        any(map(_EXTENSION.match, server.complete))
        or any(map(_ENHANCED.match, server.complete))
        or (_GREETING.match(greeting) and any(map(_NAMES_ITSELF.search, _greeting_lines(server.complete))))
    ):
        return _read(talk)
    if server.complete and (not _GREETING.match(greeting) or _FTP_NAMES.search(greeting)):
        return None
    rest = client.rest[:8].upper()
    if (
        not commands
        and rest
        and not any(word.startswith(rest[:4]) for word in (b"EHLO", b"HELO", b"LHLO", b"MAIL"))
    ):
        return None
    raise NeedsMoreData("SMTP greeting or command")


def _is_smtp(commands: list[bytes], *, alone: bool) -> bool:
    # Commands that FTP and NNTP share come first now and then; the first that is not neutral decides.
    for line in commands[:8]:
        if _ALONE.match(line) if alone else (_HELLO.match(line) or _ENVELOPE.match(line)):
            return True
        if not _NEUTRAL.match(line):
            return False
    return False


def _greeting_lines(lines: list[bytes]) -> list[bytes]:
    code = lines[0][:3]
    end = next((at for at, line in enumerate(lines) if line[:3] == code and line[3:4] != b"-"), len(lines))
    return lines[: end + 1]


def _read(talk: Conversation) -> Reading:
    client, server = talk.client_lines, talk.server_lines
    answers = server.complete
    asked = went_on = exposed = awaiting = envelope = False
    for line in client.complete:
        if awaiting and not _HELLO.match(line):
            # RFC 4954 4: the client's answer to a 334 challenge; "*" gives up.
            exposed, awaiting = exposed or line != b"*", False
            continue
        word = line[:8].upper()
        went_on = went_on or asked
        if word == b"STARTTLS":
            asked, went_on = True, False
        elif auth := _AUTH.match(line):
            readable = auth[1].upper() in READABLE
            exposed = exposed or (readable and auth[2] is not None and auth[2] != b"=")
            awaiting = readable and auth[2] is None
        elif word[:4] in (b"DATA", b"BDAT"):
            envelope = True
            break
    mail = envelope and len(answers) > 2 and not asked
    accepted = next((at for at, line in enumerate(answers) if mail and line.startswith(b"354")), len(answers))
    told = accepted < len(answers)  # RFC 5321 4.1.1.4: a mail follows in the clear, and what was to be told was
    offered = any(map(_OFFER.match, answers[:accepted]))
    refused = went_on or (asked and _refused(answers))
    began = not told and tls_began(talk, asked=asked)
    # What looks like a security layer behind DATA in the clear is a mail in eight bits (RFC 3030, RFC 6152).
    layer = not mail and sealed(talk)
    encryption = upgrade_state(offered=offered, asked=asked, refused=refused, began=began, sealed=layer)
    verdict = Verdict(protocol=Protocol.SMTP, encryption=encryption, credentials_exposed=exposed)
    return Reading(verdict, final=talk.both_tls or told)


def _refused(server: list[bytes]) -> bool:
    # RFC 3207 4: 220 accepts; 454, 501 and every other 4yz or 5yz declines. The last answer is the one to STARTTLS.
    return bool(server) and server[-1][:1] in (b"4", b"5")
