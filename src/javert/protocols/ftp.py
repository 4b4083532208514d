"""FTP's control connection. References: RFC 959, RFC 2228 and RFC 4217 (AUTH TLS), RFC 2389 (FEAT)."""

import re

from javert.errors import NeedsMoreData
from javert.protocols.conversation import Conversation, Reading, tls_began, upgrade_state
from javert.protocols.interface import Protocol, Verdict

_REPLY = re.compile(rb"[1-5]\d\d(?:[ -]|$)")
_GREETING = re.compile(rb"(?:120|220|421|5\d\d)[ -]")
# The commands no other line protocol of the list opens with; USER and PASS also belong to POP3 and IRC.
_OWN = re.compile(
    rb"(?:USER|PASS|ACCT|REIN|PORT|PASV|TYPE|STRU|MODE|RETR|STOR|STOU|APPE|ALLO|REST|RNFR|RNTO|ABOR|DELE|RMD|MKD|PWD|"
    rb"CWD|CDUP|LIST|NLST|SITE|SYST|STAT|FEAT|OPTS|ADAT|PBSZ|PROT|CCC|EPRT|EPSV|LANG|MLSD|MLST|MDTM|SIZE|CLNT|HOST|"
    rb"XPWD|XCWD|CSID|AUTH +(?:TLS|SSL|TLS-[CP]|GSSAPI|KERBEROS_V4))(?: |$)",
    re.IGNORECASE,
)
_SHARED = re.compile(rb"(?:USER|PASS|LIST|RETR|STAT|DELE|MODE|QUIT|NOOP|HELP|HOST)\b", re.IGNORECASE)
_NEUTRAL = re.compile(rb"(?:QUIT|NOOP|HELP)\b", re.IGNORECASE)
_NAMES_ITSELF = re.compile(rb"FTP|FileZilla", re.IGNORECASE)
# Replies only FTP gives: 331 password please, 227 and 229 passive modes, 215 system type, 257 directory, 226 done.
_OWN_REPLY = re.compile(rb"(?:331|332|227|229|215|257|226|234)[ -]|230[ -].*log|530[ -].*log", re.IGNORECASE)
_AUTH_TLS = re.compile(rb"AUTH +(?:TLS|SSL|TLS-[CP])\b", re.IGNORECASE)
_OFFER = re.compile(rb"(?: |211-)AUTH +.*(?:TLS|SSL)", re.IGNORECASE)
_ANONYMOUS = frozenset((b"anonymous", b"ftp"))


def identify(talk: Conversation) -> Reading | None:
    """A server that answers with reply codes and a client that gives FTP's commands.

    Too short: no whole line; a 220 greeting that does not name FTP with a client that said nothing; client lines
    that POP3 could send as well with a server that said nothing.
    """
    client, server = talk.client_lines, talk.server_lines
    greeting = server.complete[0] if server.complete else b""
    if greeting and not _REPLY.match(greeting):
        return None
    commands = client.complete
    if any(_OWN_REPLY.match(line) for line in server.complete[1:]) and (not commands or _plausible(commands)):
        return _read(talk)
    if commands:
        if not _plausible(commands):
            return None
        if greeting and (_GREETING.match(greeting) or talk.midstream):
            if not all(map(_NEUTRAL.match, commands)):
                return _read(talk)
        elif not greeting and not all(map(_SHARED.match, commands)):
            return _read(talk)
        elif greeting:
            return None
    if _GREETING.match(greeting) and _greeting_names_ftp(server.complete) and _rest_plausible(client.rest):
        return _read(talk)
    if (greeting and not _GREETING.match(greeting)) or not _rest_plausible(client.rest):
        return None
    raise NeedsMoreData("FTP greeting or command")


def _plausible(commands: list[bytes]) -> bool:
    for line in commands[:4]:
        if not _OWN.match(line) and not _NEUTRAL.match(line):
            return False
        if line[:5].upper() == b"USER " and line.count(b" ") >= 4 and b" :" in line:
            return False  # IRC's USER has four parameters (RFC 2812 3.1.3)
    return True


def _rest_plausible(rest: bytes) -> bool:
    return not rest or rest[:1].isalpha()


def _greeting_names_ftp(lines: list[bytes]) -> bool:
    code = lines[0][:3]
    for line in lines:
        if re.search(rb"\bE?SMTP\b", line):
            return False
        if _NAMES_ITSELF.search(line):
            return True
        if line[:3] == code and line[3:4] != b"-":
            return False
    return False


def final_replies(lines: list[bytes]) -> list[bytes]:
    """The codes of the replies that end a command, in order: not 1yz, and of a multi-line reply the last line."""
    codes: list[bytes] = []
    open_code = b""
    for line in lines:
        if open_code:
            if line[:3] == open_code and line[3:4] in (b" ", b""):
                codes.append(open_code)
                open_code = b""
        elif _REPLY.match(line):
            if line[3:4] == b"-":
                open_code = line[:3]
            elif line[:1] != b"1":
                codes.append(line[:3])
    return codes


def _read(talk: Conversation) -> Reading:
    client, server = talk.client_lines, talk.server_lines
    replies = final_replies(server.complete)
    user = b""
    exposed = account = asked = refused = False
    for number, line in enumerate(client.complete, start=1):
        word, _, argument = line.partition(b" ")
        word = word.upper()
        # RFC 959 5.4: one final reply a command, after that of the greeting; unknown where a gap upsets the count.
        reply = replies[number] if number < len(replies) and not talk.midstream else b""
        if asked and not refused:
            refused = True  # it went on in cleartext after AUTH
        if word == b"USER":
            user = argument.strip().lower()
        elif word == b"PASS" and user not in _ANONYMOUS:
            exposed = True
            account = account or reply == b"230" or (not reply and b"230" in replies)
        elif _AUTH_TLS.match(line):
            asked, refused = True, reply[:1] in (b"4", b"5")
    began = tls_began(talk, asked=asked)
    offered = any(map(_OFFER.match, server.complete))
    encryption = upgrade_state(offered=offered, asked=asked, refused=refused, began=began)
    verdict = Verdict(
        protocol=Protocol.FTP, encryption=encryption, credentials_exposed=exposed, account_login=account
    )
    return Reading(verdict, final=talk.both_tls)
