"""memcached. Reference: memcached's protocol.txt ("version", "quit") and its binary protocol (NOOP, STAT, QUIT).

Sent: version, quit; to a server that hangs up on text (it wants SASL, so it speaks the binary protocol alone) NOOP
of that. Safe: they answer and do nothing else.
"""

import re

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes.dialogue import Talk
from javert.probes.interface import Ask, Reopen
from javert.probes.replies import whole_line

_VERSION, _QUIT = b"version\r\n", b"quit\r\n"
# request(1) opcode(1) key(2) extras(1) type(1) bucket(2) body(4) opaque(4) cas(8)
_NOOP = bytes.fromhex("80 0a 0000 00 00 0000 00000000 4a617672 0000000000000000")
_TEXT = re.compile(rb"VERSION [ -~]{1,64}\r\n")
_CLOSED = re.compile(rb"CLIENT_ERROR unauthenticated")
# answer(1) opcode(1) key(2) extras(1) type(1) status(2) body(4) opaque(4)
_BINARY = re.compile(rb"\x81\x0a\x00\x00\x00\x00(..).{4}Javr", re.DOTALL)
_NO_ERROR = b"\0\0"


def converse(_greeting: bytes) -> Talk:
    """CLEARTEXT_ONLY; authentication NONE if it tells its version to anyone."""
    answer = (yield Ask(_VERSION, whole_line)).data
    authentication = Authentication.NONE
    if _CLOSED.match(answer):
        authentication = Authentication.REQUIRED
    elif not answer:
        yield Reopen()
        binary = _BINARY.match((yield Ask(_NOOP, _whole)).data)
        if binary is None:
            return None
        authentication = Authentication.UNKNOWN if binary[1] == _NO_ERROR else Authentication.REQUIRED
    elif not _TEXT.match(answer):
        return None
    if answer:
        yield Ask(_QUIT, bool, 0.0)
    return ProbeAnswer(protocol="memcached", acceptance=Acceptance.CLEARTEXT_ONLY, authentication=authentication)


def _whole(data: bytes) -> bool:
    return len(data) >= 24
