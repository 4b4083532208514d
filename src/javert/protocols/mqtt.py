"""MQTT. References: OASIS MQTT 3.1.1 and 5.0, 3.1 (CONNECT); IBM's MQTT 3.1 ("MQIsdp")."""

import re

from javert.errors import NeedsMoreData
from javert.model.telemetry import Encryption
from javert.protocols.conversation import Conversation, Reading
from javert.protocols.interface import Protocol, Verdict

# type 1, remaining length in 1 to 4 octets, protocol name, level (bridges set the top bit), connect flags
_CONNECT = re.compile(
    rb"\x10[\x80-\xff]{0,3}[\x00-\x7f]\x00(?:\x04MQTT|\x06MQIsdp)[\x03-\x05\x83\x84](.)", re.DOTALL
)
_START = re.compile(
    rb"\x10(?:[\x80-\xff]{0,3}(?:[\x00-\x7f](?:\x00(?:[\x04\x06](?:M(?:Q[TIsdp]{0,4})?)?)?)?)?)?.?\Z", re.DOTALL
)
_PASSWORD = 0x40


def identify(talk: Conversation) -> Reading | None:
    """A CONNECT packet from the client. Too short: fewer octets than reach its flags."""
    connect = _CONNECT.match(talk.opening)
    if connect is not None:
        if talk.greeting and talk.greeting[0] not in (0x20, 0xF0):  # CONNACK, or AUTH of 5.0
            return None
        exposed = bool(connect[1][0] & _PASSWORD)
        verdict = Verdict(protocol=Protocol.MQTT, encryption=Encryption.NONE, credentials_exposed=exposed)
        return Reading(verdict, final=bool(talk.greeting))
    if talk.opening[:1] == b"\x10" and len(talk.opening) < 14 and _START.match(talk.opening):
        raise NeedsMoreData("MQTT CONNECT")
    return None
