"""MySQL and MariaDB. Reference: MySQL internals manual, "Client/Server Protocol" (handshakes, SSLRequest)."""

import re

from javert.errors import NeedsMoreData
from javert.model.telemetry import Encryption
from javert.protocols.conversation import Conversation, Reading, upgrade_state
from javert.protocols.interface import Protocol, Verdict

_CLIENT_SSL, _PROTOCOL_41 = 0x0800, 0x0200
_GREETING = re.compile(rb"...\x00[\x09\x0a]([ -~]{3,128})\x00", re.DOTALL)
_GREETING_START = re.compile(rb"..\x00\x00[\x09\x0a][ -~]{0,128}\Z", re.DOTALL)
_ERROR = re.compile(rb"..\x00[\x00-\x02]\xff..[#A-Za-z]", re.DOTALL)
_HELLO = re.compile(rb"\x16\x03[\x00-\x04]", re.DOTALL)
_SQL = re.compile(
    rb"...\x00\x03\s*(?:/\*.*?\*/\s*)?(?:select|insert|update|delete|set|show|create|drop|alter|begin|commit|rollback|"
    rb"use|replace|call|explain|truncate|lock|unlock|start|grant|desc|load|prepare|execute|with|kill|flush)\b",
    re.IGNORECASE | re.DOTALL,
)
_CLEAR_PLUGIN = b"mysql_clear_password"


def identify(talk: Conversation) -> Reading | None:
    """The server's initial handshake or its refusal, or, in a flow joined later, a COM_QUERY and its answer.

    Too short: the server's version has not ended.
    """
    greeting, opening = talk.greeting, talk.opening
    if _GREETING.match(greeting) and _length(greeting) >= 16:
        return _read(talk) if not opening or _is_login(opening) else None
    if _ERROR.match(greeting) and _length(greeting) + 4 == len(greeting) and not opening:
        return _read(talk)
    if not opening and (
        _GREETING_START.match(greeting) or (len(greeting) < 5 and greeting[2:4] in (b"", b"\0", b"\0\0"))
    ):
        raise NeedsMoreData("MySQL handshake")
    if _is_query(opening) and (not greeting or (greeting[3:4] == b"\x01" and 0 < _length(greeting) < 1 << 20)):
        return Reading(Verdict(protocol=Protocol.MYSQL, encryption=Encryption.NONE))
    return None


def _length(data: bytes) -> int:
    return int.from_bytes(data[:3], "little")


def _is_login(opening: bytes) -> bool:
    # HandshakeResponse or SSLRequest: the second packet of the connection.
    return len(opening) < 4 or (opening[3] == 1 and _length(opening) < 1 << 16)


def _is_query(opening: bytes) -> bool:
    return _SQL.match(opening) is not None and _length(opening) < 1 << 20


def _read(talk: Conversation) -> Reading:
    greeting, opening = talk.greeting, talk.opening
    version = _GREETING.match(greeting)
    offered = False
    if version is not None:
        # after the version: thread id(4), 8 octets of challenge, a zero, then capabilities(2)
        at = version.end() + 13
        offered = bool(int.from_bytes(greeting[at : at + 2], "little") & _CLIENT_SSL)
    asked = began = exposed = went_on = False
    if len(opening) >= 8:
        flags = int.from_bytes(opening[4:8], "little")
        # 32 octets, and before protocol 4.1 flags of two and a size of three; a whole login is longer.
        size = 32 if flags & _PROTOCOL_41 else 5
        asked = bool(flags & _CLIENT_SSL) and _length(opening) == size
        behind = opening[4 + size :] if asked else b""
        began = asked and _HELLO.match(behind) is not None
        went_on = asked and bool(behind) and not began and len(behind) >= 3
    if not began:
        exposed = any(_CLEAR_PLUGIN in piece for piece in (*talk.client, *talk.server)) and bool(opening)
    encryption = upgrade_state(offered=offered, asked=asked, refused=went_on, began=began)
    verdict = Verdict(protocol=Protocol.MYSQL, encryption=encryption, credentials_exposed=exposed)
    return Reading(verdict, final=encryption is Encryption.UPGRADED)
