"""The Berkeley r-commands: rlogin, rsh and rexec.

References: RFC 1282 (rlogin), and for the two without an RFC the manual pages rshd(8), rcmd(3), rexecd(8) and
rexec(3). rsh and rexec begin alike: ``port NUL name NUL (name | password) NUL command NUL``. What tells them apart
is the port for standard error (rcmd(3) binds a reserved one, rexec(3) any), and, where there is none, the server's
port: the only place in Javert where a port number identifies a protocol.
"""

import re

from javert.errors import NeedsMoreData
from javert.model.telemetry import Encryption
from javert.protocols.conversation import Conversation, Reading
from javert.protocols.interface import Protocol, Verdict
from javert.protocols.prompts import password_answered

_REXEC_PORT, _RSH_PORT = 512, 514
_NAME = rb"[\x21-\x7e]{1,64}\x00"
_RLOGIN = re.compile(rb"\x00" + _NAME + _NAME + rb"[\w+.-]{1,40}/\d{1,7}(?:,\d{1,7})?\x00")
_RLOGIN_START = re.compile(
    rb"\x00?(?:[\x21-\x7e]{1,64}(?:\x00(?:[\x21-\x7e]{1,64}(?:\x00(?:[\w+./-]{1,48})?)?)?)?)?$"
)
_COMMAND = re.compile(
    rb"(\d{0,5})\x00([\x20-\x7e]{1,64})\x00([\x20-\x7e]{1,128})\x00([\x09\x0a\x0d\x20-\xff]{1,4096}?)\x00"
)
_LOGIN_NAME = re.compile(rb"[a-z_][a-z0-9_.-]{0,31}\$?")
_COMMAND_START = re.compile(
    rb"\d{0,5}(?:\x00(?:[\x20-\x7e]{1,64}(?:\x00(?:[\x20-\x7e]{1,128}(?:\x00[\x09\x0a\x0d\x20-\xff]{0,4096})?)?)?)?)?$"
)


def identify_rlogin(talk: Conversation) -> Reading | None:
    """``NUL client-user NUL server-user NUL terminal/speed NUL`` (RFC 1282), answered by NUL.

    Too short: the last NUL has not come.
    """
    opening, greeting = talk.opening, talk.greeting
    if greeting and greeting[0] not in (0, 1):
        return None
    if _RLOGIN.match(opening):
        exposed = password_answered(talk.server)
        return Reading(Verdict(protocol=Protocol.RLOGIN, encryption=Encryption.NONE, credentials_exposed=exposed))
    if opening[:1] == b"\x00" and _RLOGIN_START.match(opening):
        raise NeedsMoreData("rlogin opening")
    return None


def identify_rcmd(talk: Conversation) -> Reading | None:
    """Rsh or rexec: a decimal port, two names and a command, each ended by NUL; the server answers NUL or an error.

    rexec's second name is the password. Too short: the command's NUL has not come.
    """
    opening, greeting = talk.opening, talk.greeting
    if greeting and greeting[0] not in (0, 1):
        return None
    command = _COMMAND.match(opening)
    if command is None:
        if opening[:1].isdigit() and _COMMAND_START.match(opening):
            raise NeedsMoreData("rsh or rexec opening")
        return None
    error_port = int(command[1] or b"0")
    if error_port > 0xFFFF:
        return None
    if _is_rexec(error_port, command[3], talk.server_port):
        verdict = Verdict(protocol=Protocol.REXEC, encryption=Encryption.NONE, credentials_exposed=True)
    else:
        verdict = Verdict(protocol=Protocol.RSH, encryption=Encryption.NONE)
    return Reading(verdict, final=bool(greeting))


def _is_rexec(error_port: int, second: bytes, server_port: int) -> bool:
    if server_port in (_REXEC_PORT, _RSH_PORT):
        return server_port == _REXEC_PORT
    # rsh's second name is a login name (useradd(8)); what cannot be one is a password.
    return error_port >= 1024 or (error_port == 0 and not _LOGIN_NAME.fullmatch(second))
