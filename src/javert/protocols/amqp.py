"""AMQP 0-9-1 and its drafts, and 1.0.

References: AMQP 0-9-1 2.3 and 4.2 (frames, header), OASIS AMQP 1.0 part 2.2 and 5 (header; 2 is TLS, 3 is SASL).
"""

import re

from javert.errors import NeedsMoreData
from javert.model.telemetry import Encryption
from javert.protocols.conversation import Conversation, Reading
from javert.protocols.interface import Protocol, Verdict

_HEADER = re.compile(rb"AMQP[\x00-\x03][\x00-\x09][\x00-\x0a][\x00-\x0a]")
_TLS_HEADER = b"AMQP\x02\x01\x00\x00"
_HELLO = re.compile(rb"\x16\x03[\x00-\x04]")
# Connection.Start-Ok (10, 11) of 0-9-1 and sasl-init (0x41) of 1.0 with a mechanism that is readable.
_EXPOSES = re.compile(rb"\x00\x0a\x00\x0b.*?(?:\x05PLAIN|\x08AMQPLAIN)|\x53\x41.{1,12}?\xa3\x05PLAIN", re.DOTALL)


def identify(talk: Conversation) -> Reading | None:
    """The protocol header of eight octets, or, in a flow joined later, frames that end where they should.

    Too short: fewer than eight octets of a header.
    """
    opening, greeting = talk.opening, talk.greeting
    for data in (opening, greeting):
        if _HEADER.match(data):
            return _read(talk)
        if data and len(data) < 8 and b"AMQP".startswith(data[:4]):
            raise NeedsMoreData("AMQP header")
    sides = [data for data in (opening, greeting) if data]
    if sides and all(map(_is_frame, sides)):
        return _read(talk)
    return None


def _is_frame(data: bytes) -> bool:
    # type(1) channel(2) size(4) payload, 0xCE; method frames begin with a class (10, 20 … 90) and a method.
    if len(data) < 12 or data[0] not in (1, 2, 3, 8):
        return False
    end = 7 + int.from_bytes(data[3:7], "big")
    if end >= len(data) or data[end] != 0xCE:
        return False
    return data[0] != 1 or (data[7] == 0 and data[8] in (10, 20, 30, 40, 50, 60, 85, 90) and data[9] == 0)


def _read(talk: Conversation) -> Reading:
    client = talk.opening
    exposed = _EXPOSES.search(client[:2048]) is not None
    encryption = Encryption.NONE
    if client.startswith(_TLS_HEADER):
        began = _HELLO.match(client, 8) or _HELLO.match(talk.greeting, 8)
        encryption = Encryption.UPGRADED if began else Encryption.UNKNOWN
    verdict = Verdict(protocol=Protocol.AMQP, encryption=encryption, credentials_exposed=exposed)
    return Reading(verdict, final=encryption is Encryption.UPGRADED)
