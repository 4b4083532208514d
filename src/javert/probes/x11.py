"""X11. Reference: X Window System Protocol, chapter 8 (connection setup).

Sent: the setup of a connection without authorization. Safe: no request follows. A server that lets Javert in counts
a client that leaves; one that was started to end or reset with its last client, and has no other, does so.
"""

import re

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes.dialogue import Talk
from javert.probes.interface import Ask

# byte order(1) unused(1) major(2) minor(2) lengths of the authorization's name(2) and data(2) unused(2)
_SETUP = bytes.fromhex("6c 00 0b00 0000 0000 0000 0000")
# result(1): failed, success, authenticate; length of the reason(1); major(2) minor(2)
_ANSWER = re.compile(rb"([\x00-\x02]).\x0b\x00\x00\x00..|(\x02).{5}..", re.DOTALL)
_SUCCESS = b"\1"


def converse(_greeting: bytes) -> Talk:
    """CLEARTEXT_ONLY; authentication NONE if anyone may open a window."""
    said = (yield Ask(_SETUP, _is_answer)).data
    answer = _ANSWER.match(said)
    if answer is None:
        return None
    authentication = Authentication.NONE if answer[1] == _SUCCESS else Authentication.REQUIRED
    return ProbeAnswer(protocol="x11", acceptance=Acceptance.CLEARTEXT_ONLY, authentication=authentication)


def _is_answer(data: bytes) -> bool:
    return len(data) >= 8
