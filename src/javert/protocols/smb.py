"""SMB 1, as long as it stays version 1.

References: [MS-CIFS] 2.2.3 and 2.2.4.52, [MS-SMB2] 3.3.5.3, RFC 1002 4.3.
"""

import re

from javert.errors import NeedsMoreData
from javert.model.telemetry import Encryption
from javert.protocols.conversation import Conversation, Reading
from javert.protocols.interface import Protocol, Verdict

# a NetBIOS session request or its positive response may come first, then a session message with the SMB header
_SMB1 = re.compile(
    rb"(?:\x81\x00\x00.[\x20-\x7f\x00]{4,96}?\x00|\x82\x00\x00\x00)?\x00[\x00\x01]..\xffSMB", re.DOTALL
)
_SMB2 = re.compile(rb"\x00[\x00\x01]..[\xfe\xfd\xfc]SMB", re.DOTALL)
_START = re.compile(
    rb"(?:\x81\x00\x00.[\x20-\x7f\x00]{0,96}|\x82\x00{0,3}|\x00(?:[\x00\x01].{0,2}(?:\xff(?:S(?:MB?)?)?)?)?)\Z",
    re.DOTALL,
)
_DIALECT_2 = b"\x02SMB 2."
_NEGOTIATE_RESPONSE = re.compile(rb"\xffSMB\x72.{27}\x11..(.)", re.DOTALL)
_SESSION_SETUP = b"\xffSMB\x73"
_CHALLENGE_RESPONSE = 0x02


def identify(talk: Conversation) -> Reading | None:
    """A session message with ``FF 'SMB'`` from either side, and no ``FE 'SMB'`` from any.

    Too short: the header has not come; or the client offers SMB 2 as well and the server has not answered.
    """
    opening, greeting = talk.opening, talk.greeting
    if any(_SMB2.search(piece[:4096]) for piece in (*talk.client, *talk.server)):
        return None
    mine, theirs = _SMB1.match(opening), _SMB1.match(greeting)
    if opening and mine is None and not _START.match(opening):
        return None
    if greeting and theirs is None and not _START.match(greeting) and (mine is None or talk.server_lines.text):
        return None
    if mine is None and theirs is None:
        raise NeedsMoreData("SMB header")
    if _DIALECT_2 in opening[:1024] and theirs is None:
        raise NeedsMoreData("SMB dialect")
    return _read(talk)


def _read(talk: Conversation) -> Reading:
    response = _NEGOTIATE_RESPONSE.search(talk.greeting[:512])
    plain = response is not None and not response[1][0] & _CHALLENGE_RESPONSE
    exposed = plain and any(_SESSION_SETUP in piece for piece in talk.client)
    return Reading(Verdict(protocol=Protocol.SMB1, encryption=Encryption.NONE, credentials_exposed=exposed))
