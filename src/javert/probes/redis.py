"""Redis and its kin. Reference: redis.io, "Redis serialization protocol specification", PING, QUIT.

Sent: PING, QUIT. Safe: PING answers PONG and does nothing else.
"""

import re

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes.dialogue import Talk, farewell
from javert.probes.interface import Ask, Reopen
from javert.probes.replies import whole_line

_PING, _QUIT = b"*1\r\n$4\r\nPING\r\n", b"*1\r\n$4\r\nQUIT\r\n"
_PONG = re.compile(rb"\+PONG\r\n|\$4\r\nPONG\r\n")
_REFUSED = re.compile(rb"-(?:NOAUTH|NOPERM|ERR operation not permitted)\b")
_PROTECTED = re.compile(rb"-DENIED\b")
# The last: PING has another name there (redis.conf, rename-command).
_OTHER_ERROR = re.compile(
    rb"-(?:LOADING|BUSY|MISCONF|MASTERDOWN|ERR max number of clients)\b|-ERR unknown command ['`]PING['`]"
)


def converse(greeting: bytes) -> Talk:
    """CLEARTEXT_ONLY: TLS has a port of its own. In protected mode it is asked from its own address.

    Args:
        greeting: in protected mode the service says so and hangs up; else b"".
    """
    answer = greeting or (yield Ask(_PING, whole_line)).data
    if _PROTECTED.match(answer):
        yield Reopen(from_its_own_address=True)
        answer = (yield Ask(_PING, whole_line)).data or answer
    if _PONG.match(answer):
        authentication = Authentication.NONE
    elif _REFUSED.match(answer):
        authentication = Authentication.REQUIRED
    elif _PROTECTED.match(answer) or _OTHER_ERROR.match(answer):
        authentication = Authentication.UNKNOWN
    else:
        return None
    yield from farewell(_QUIT)
    return ProbeAnswer(protocol="redis", acceptance=Acceptance.CLEARTEXT_ONLY, authentication=authentication)
