"""PostgreSQL. Reference: PostgreSQL manual, "Frontend/Backend Protocol": message flow, message formats."""

import re

from javert.errors import NeedsMoreData
from javert.model.telemetry import Encryption
from javert.protocols.conversation import Conversation, Reading
from javert.protocols.interface import Protocol, Verdict

_SSL_REQUEST = bytes.fromhex("00000008 04d2162f")
_GSS_REQUEST = bytes.fromhex("00000008 04d21630")
# The key is 4 octets long, since protocol 3.2 up to 256.
_CANCEL = re.compile(rb"\x00\x00[\x00\x01].\x04\xd2\x16\x2e", re.DOTALL)
_CANCEL_START = bytes.fromhex("00000010 04d2162e")
_STARTUP = re.compile(
    rb"\x00\x00[\x00-\x27].\x00(?:\x03\x00[\x00-\x02](?:user|database|options|application_name|replication|"
    rb"client_encoding|[A-Za-z_.]{1,32})\x00|\x02\x00\x00(?=[ -~]))",
    re.DOTALL,
)
_STARTUP_START = re.compile(
    rb"\x00(?:\x00(?:[\x00-\x27](?:.(?:\x00(?:\x03(?:\x00(?:[\x00-\x02][A-Za-z_.]{0,32})?)?)?)?)?)?)?\Z", re.DOTALL
)
_HELLO = re.compile(rb"\x16\x03[\x00-\x04]")
_FRONTEND = re.compile(rb"[QPBDECSHXFp]\x00[\x00-\x0f]..", re.DOTALL)
_BACKEND = re.compile(rb"[TCEZDIRKSN123nstG]\x00[\x00-\x0f]..", re.DOTALL)
_ASKS_CLEARTEXT = re.compile(rb"R\x00\x00\x00\x08\x00\x00\x00\x03")
_PASSWORD = re.compile(rb"p\x00\x00..[^\x00]+\x00", re.DOTALL)


def identify(talk: Conversation) -> Reading | None:
    """A startup, SSL, GSS or cancel request from the client, or, in a flow joined later, messages of both sides.

    Too short: fewer octets than reach the name of the first parameter.
    """
    opening, greeting = talk.opening, talk.greeting
    if opening.startswith((_SSL_REQUEST, _GSS_REQUEST)) or _STARTUP.match(opening):
        return _read(talk)
    if _CANCEL.match(opening) and len(opening) == int.from_bytes(opening[:4], "big"):
        return _read(talk)
    if (
        len(opening) < 8
        and opening[:1] == b"\0"
        and (any(request.startswith(opening) for request in (_SSL_REQUEST, _GSS_REQUEST, _CANCEL_START)))
    ):
        raise NeedsMoreData("PostgreSQL request")
    if opening[:1] == b"\0" and _STARTUP_START.match(opening) and not greeting:
        raise NeedsMoreData("PostgreSQL startup")
    if _messages(opening, _FRONTEND) and _messages(greeting, _BACKEND):
        return Reading(_verdict(Encryption.NONE, exposed=_exposed(talk)))
    return None


def _messages(data: bytes, shape: re.Pattern[bytes]) -> bool:
    """Whether ``data`` is messages of a type octet and a length that includes itself, as far as it was kept."""
    at = count = 0
    while at + 5 <= len(data) and count < 16:
        length = int.from_bytes(data[at + 1 : at + 5], "big")
        if length < 4 or not shape.match(data, at):
            return False
        at += 1 + length
        count += 1
    return count > 0


def _read(talk: Conversation) -> Reading:
    client, server = talk.opening, talk.greeting
    asked = False
    at = 0
    answers = server
    encryption = Encryption.NONE
    while client.startswith((_SSL_REQUEST, _GSS_REQUEST), at) and at < 32:
        asked = True
        answer, answers = answers[:1], answers[1:]
        at += 8
        behind = client[at:]
        if _HELLO.match(behind) or _HELLO.match(answers) or (answer == b"G" and behind[:2] == b"\0\0"):
            encryption = Encryption.UPGRADED
            break
        if answer in (b"N", b"E"):
            encryption = Encryption.REFUSED
        elif answer in (b"S", b"G", b""):
            encryption = Encryption.UNKNOWN
    if asked and encryption is not Encryption.UPGRADED and _STARTUP.match(client, at):
        encryption = Encryption.REFUSED
    exposed = encryption is not Encryption.UPGRADED and _exposed(talk)
    return Reading(_verdict(encryption, exposed=exposed), final=encryption is Encryption.UPGRADED)


def _exposed(talk: Conversation) -> bool:
    return any(map(_ASKS_CLEARTEXT.search, talk.server)) and any(map(_PASSWORD.search, talk.client))


def _verdict(encryption: Encryption, *, exposed: bool) -> Verdict:
    return Verdict(protocol=Protocol.POSTGRESQL, encryption=encryption, credentials_exposed=exposed)
