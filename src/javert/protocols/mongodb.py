"""MongoDB. Reference: mongodb.com, "MongoDB Wire Protocol" (header, OP_QUERY, OP_REPLY, OP_MSG, OP_COMPRESSED)."""

import re

from javert.errors import NeedsMoreData
from javert.model.telemetry import Encryption
from javert.protocols.conversation import Conversation, Reading
from javert.protocols.interface import Protocol, Verdict

_REPLY, _QUERY, _COMPRESSED, _MESSAGE = 1, 2004, 2012, 2013
_OPCODES = frozenset((1, 1000, 2001, 2002, 2004, 2005, 2006, 2007, 2010, 2011, 2012, 2013))
_LARGEST = 48_000_000 + 16
_COLLECTION = re.compile(rb"[^\x00-\x20$\"]{1,64}\.[^\x00]{1,120}\x00")
_PLAIN = re.compile(rb"mechanism\x00\x06\x00\x00\x00PLAIN\x00")


def identify(talk: Conversation) -> Reading | None:
    """Messages with a header of 16 octets (length, id, id answered, operation) and a body that fits the operation.

    Too short: fewer octets than the header.
    """
    sides = [data for data in (talk.opening, talk.greeting) if data]
    if not sides or not all(map(_is_message, sides)):
        return None
    exposed = any(map(_PLAIN.search, talk.client))
    return Reading(Verdict(protocol=Protocol.MONGODB, encryption=Encryption.NONE, credentials_exposed=exposed))


def _is_message(data: bytes) -> bool:
    if len(data) >= 4 and not 16 <= int.from_bytes(data[:4], "little") <= _LARGEST:
        return False
    if len(data) < 21:
        if len(data) >= 16 and int.from_bytes(data[12:16], "little") not in _OPCODES:
            return False
        if len(data) >= 4 and data[3] > 2:
            return False
        raise NeedsMoreData("MongoDB header")
    length, operation = int.from_bytes(data[:4], "little"), int.from_bytes(data[12:16], "little")
    if operation not in _OPCODES or length < 21:
        return False
    if operation == _QUERY:
        return _COLLECTION.match(data, 20) is not None
    if operation == _MESSAGE:  # flag bits below 16 that must be understood: 0 and 1 exist; section kind 0 or 1
        return data[16] & 0xFC == 0 and data[17] == 0 and data[20] in (0, 1)
    if operation == _COMPRESSED:
        return int.from_bytes(data[16:20], "little") in _OPCODES
    if operation == _REPLY:
        return length >= 36 and data[8:12] != b"\0\0\0\0"
    if operation in (2001, 2002, 2005, 2006):
        return _COLLECTION.match(data, 20) is not None or operation == 2002
    return True
