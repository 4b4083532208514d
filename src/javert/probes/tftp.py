"""TFTP. Reference: RFC 1350 4 and 5. Sent: a request to read a file that does not exist.

Safe: nothing is written; the server answers with an error (or, having it after all, with a first block, which it
repeats a few times for want of an acknowledgment).
"""

import re

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes.dialogue import Talk
from javert.probes.interface import Ask

_READ = b"\0\1javert-probe-no-such-file\0octet\0"
_ANSWER = re.compile(rb"\x00(?:\x05\x00[\x00-\x08][^\x00]*\x00\Z|\x03\x00\x01)")


def converse(_greeting: bytes) -> Talk:
    """CLEARTEXT_ONLY, authentication NONE: the protocol has neither."""
    said = (yield Ask(_READ, _is_answer)).data
    if not _is_answer(said):
        return None
    return ProbeAnswer(protocol="tftp", acceptance=Acceptance.CLEARTEXT_ONLY, authentication=Authentication.NONE)


def _is_answer(data: bytes) -> bool:
    return _ANSWER.match(data) is not None
