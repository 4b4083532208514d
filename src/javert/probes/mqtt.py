"""MQTT. Reference: OASIS MQTT 3.1.1, 3.1 (CONNECT), 3.2 (CONNACK and its return codes), 3.14 (DISCONNECT).

Sent: CONNECT without user name, password and will, with an empty client identifier and a clean session, and, if it
is accepted, DISCONNECT. Safe: nothing is published or subscribed, and the session leaves no state (3.1.2.4).
"""

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes.dialogue import Talk
from javert.probes.interface import Ask

# type and length | name and level | clean session | keep alive 10 s | no client identifier
_CONNECT = bytes.fromhex("100c 00044d515454 04 02 000a 0000")
_DISCONNECT = bytes.fromhex("e000")
_ACCEPTED = 0
_REFUSED = frozenset((4, 5, 0x86, 0x87))  # 3.1.1, and 5.0, whose servers may answer so


def converse(_greeting: bytes) -> Talk:
    """CLEARTEXT_ONLY; authentication NONE if anyone is let in."""
    answer = (yield Ask(_CONNECT, _is_whole)).data
    if not _is_whole(answer) or answer[0] != 0x20 or answer[2] > 1:
        return None
    code = answer[3]
    if code == _ACCEPTED:
        yield Ask(_DISCONNECT, bool, 0.0)
        authentication = Authentication.NONE
    else:
        authentication = Authentication.REQUIRED if code in _REFUSED else Authentication.UNKNOWN
    return ProbeAnswer(protocol="mqtt", acceptance=Acceptance.CLEARTEXT_ONLY, authentication=authentication)


def _is_whole(data: bytes) -> bool:
    return len(data) >= 4 and 2 <= data[1] < 0x80 and len(data) >= 2 + data[1]
