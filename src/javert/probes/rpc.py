"""ONC RPC: NFS, its helpers, the port mapper. References: RFC 5531 8 and 9 (NULL, replies), 11 (record marking).

Sent: calls of procedure 0 without arguments or credentials. Safe: it exists to be called so, and does no work (RFC
5531 12.1).
"""

import re

from javert.model.telemetry import Acceptance, ProbeAnswer
from javert.probes.dialogue import Talk
from javert.probes.interface import Ask

_PROGRAMS = ((100000, 2), (100003, 3), (100005, 3), (100021, 4), (100024, 1))
"""Port mapper, NFS, mount, lock manager, status, each in a version that is common; any version does to be told."""


def _call(program: int, version: int) -> bytes:
    words = (0x80000028, 0x4A617672, 0, 2, program, version, 0, 0, 0, 0, 0)
    return b"".join(word.to_bytes(4, "big") for word in words)


_CALLS = tuple(_call(program, version) for program, version in _PROGRAMS)
# mark(4) id(4) a reply(4) accepted(4) verifier(8) | 0: done, 2: other versions of the program, or
# mark(4) id(4) a reply(4) denied(4)
_REPLY = re.compile(rb"\x80\x00..Javr\x00\x00\x00\x01\x00\x00\x00[\x00\x01]", re.DOTALL)
_SERVED = re.compile(rb"\x80\x00..Javr\x00\x00\x00\x01\x00\x00\x00\x00.{8}\x00\x00\x00[\x00\x02]", re.DOTALL)


def converse(_greeting: bytes) -> Talk:
    """CLEARTEXT_ONLY if it serves one of the programs."""
    for call in _CALLS:
        said = (yield Ask(call, _is_whole)).data
        if not _REPLY.match(said):
            return None
        if _SERVED.match(said):
            return ProbeAnswer(protocol="nfs", acceptance=Acceptance.CLEARTEXT_ONLY)
    return None


def _is_whole(data: bytes) -> bool:
    return len(data) >= 4 and len(data) >= 4 + (int.from_bytes(data[:4], "big") & 0x7FFFFFFF)
