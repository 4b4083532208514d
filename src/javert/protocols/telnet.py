"""Telnet. References: RFC 854, RFC 855 (commands, options), RFC 2946 (ENCRYPT), draft-altman-telnet-starttls-02."""

import re

from javert.errors import NeedsMoreData
from javert.model.telemetry import Encryption
from javert.protocols.conversation import Conversation, Reading
from javert.protocols.interface import Protocol, Verdict
from javert.protocols.prompts import login_answered

_IAC = 0xFF
# Options of the IANA registry and the MUD ones in use (69 MSDP, 70 MSSP, 85/86 MCCP, 90 MSP, 91 MXP, 200/201 GMCP).
_OPTION = rb"[\x00-\x31\x45\x46\x55\x56\x5a\x5b\x5d\x66\x8a-\x8c\xc8\xc9\xff]"
_NEGOTIATION = re.compile(rb"\xff(?:[\xfb-\xfe]" + _OPTION + rb"|\xfa" + _OPTION + rb"[^\xff]{0,256}\xff\xf0)")
_START = re.compile(rb"\xff(?:[\xfb-\xfe]?|\xfa(?:" + _OPTION + rb"[^\xff]{0,256}\xff?)?)\Z", re.DOTALL)
_BOTH_PROMPTS = re.compile(rb"(?:login|user ?name) ?: ?.{0,256}?pass(?:word|code) ?:", re.IGNORECASE | re.DOTALL)
_COMMANDS = re.compile(rb"\xff(?:[\xfb-\xfe].|\xfa[^\xff]{0,512}\xff\xf0|[\xf1-\xf9])", re.DOTALL)
_ENCRYPT_START = re.compile(rb"\xff\xfa\x26\x03")
_STARTTLS = re.compile(rb"\xff\xfa\x2e\x01\xff\xf0(\x16\x03[\x00-\x04])?")


def identify(talk: Conversation) -> Reading | None:
    """A side that begins by negotiating options: ``IAC (DO|DONT|WILL|WONT) option`` or ``IAC SB … IAC SE``.

    The other side may send text. So is a text session that negotiates later, or that asks for a login name and a
    password. Too short: less than one whole negotiation.
    """
    for mine, other in ((talk.opening, talk.greeting), (talk.greeting, talk.opening)):
        if mine[:1] != b"\xff":
            continue
        if other and other[0] != _IAC and not _text(other):
            return None
        if _NEGOTIATION.match(mine):
            return _read(talk)
        if _START.match(mine):
            raise NeedsMoreData("telnet option")
        if not _COMMANDS.match(mine):
            return None
    if talk.textual and (_negotiates_later(talk) or _asks_for_a_login(talk)):
        return _read(talk)
    return None


def _negotiates_later(talk: Conversation) -> bool:
    # Some servers greet in text and negotiate behind it.
    sides = [side[0][:1024] for side in (talk.server, talk.client) if side]
    found = sum(len(_NEGOTIATION.findall(side)) for side in sides)
    return found >= 2 and all(_text(_COMMANDS.sub(b"", side)) for side in sides)


def _asks_for_a_login(talk: Conversation) -> bool:
    # A terminal without options is still one (RFC 854: they need not be negotiated): both prompts, and answers.
    server = talk.greeting[:4096]
    return _BOTH_PROMPTS.search(server) is not None and bool(talk.client_lines.complete or b"\r" in talk.opening)


def _text(data: bytes) -> bool:
    sample = data[:64]
    return all(octet in b"\r\n\t\x00\x07\x08\x1b\xff" or octet >= 0x20 for octet in sample)


def _read(talk: Conversation) -> Reading:
    server = [_COMMANDS.sub(b"", piece) for piece in talk.server]
    typed = any(_COMMANDS.sub(b"", piece).strip(b"\x00") for piece in talk.client)
    exposed = typed and login_answered(server)
    encryption = Encryption.NONE
    both = (*talk.client, *talk.server)
    follows = [match for piece in both for match in _STARTTLS.finditer(piece)]
    if any(match[1] for match in follows):
        encryption = Encryption.UPGRADED
    elif follows or any(map(_ENCRYPT_START.search, both)):
        encryption = Encryption.UNKNOWN
    verdict = Verdict(protocol=Protocol.TELNET, encryption=encryption, credentials_exposed=exposed)
    return Reading(verdict, final=encryption is Encryption.UPGRADED)
