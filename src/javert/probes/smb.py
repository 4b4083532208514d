"""SMB. References: [MS-CIFS] 2.2.3.1 and 2.2.4.52 (negotiate), [MS-SMB2] 2.2.1.2, 2.2.3 and 2.2.4.

Sent: SMB 1's negotiate with its one dialect "NT LM 0.12"; to a server that refuses it SMB 2's negotiate. Safe: it
is the first message of every client, and no session is set up.
"""

import re

from javert.model.telemetry import Acceptance, ProbeAnswer
from javert.probes.dialogue import Talk
from javert.probes.interface import Ask, Ended, Reopen


def _framed(message: bytes) -> bytes:
    return len(message).to_bytes(4, "big") + message


_DIALECT = b"\x02NT LM 0.12\0"
# negotiate, status(4), flags(1), flags2(2): long names, NT status, Unicode; process id, signature, reserved, tree …
_SMB1 = _framed(
    b"\xffSMB\x72"
    + bytes(4)
    + bytes.fromhex("18 01c8")
    + bytes(12)
    + bytes.fromhex("ffff 0100 0000 0000")
    + b"\0"
    + len(_DIALECT).to_bytes(2, "little")
    + _DIALECT
)
# header: size 64, negotiate | size 36, two dialects, signing enabled, client GUID, start time, 2.0.2, 2.1
_SMB2 = _framed(
    b"\xfeSMB"
    + bytes.fromhex("4000")
    + bytes(58)
    + bytes.fromhex("2400 0200 0100 0000 00000000")
    + b"javert-probe-000"
    + bytes(8)
    + bytes.fromhex("0202 1002")
)
# flags(1) with the bit of a response; behind the header: words(1), the dialect chosen(2)
_ACCEPTED = re.compile(rb"\x00\x00..\xffSMB\x72\x00\x00\x00\x00[\x80-\xff].{22}[\x01-\x11]\x00\x00", re.DOTALL)
_SPEAKS_2 = re.compile(rb"\x00\x00..\xfeSMB\x40\x00", re.DOTALL)


def converse(_greeting: bytes) -> Talk:
    """CLEARTEXT_ONLY if it accepts version 1; a server that speaks only later versions is "smb2", UNDECIDED."""
    said = (yield Ask(_SMB1, _is_whole)).data
    if _ACCEPTED.match(said):
        return ProbeAnswer(protocol="smb1", acceptance=Acceptance.CLEARTEXT_ONLY)
    if not _SPEAKS_2.match(said):
        if (yield Reopen()).ended is Ended.RESET:
            return None
        said = (yield Ask(_SMB2, _is_whole)).data
    if not _SPEAKS_2.match(said):
        return None
    return ProbeAnswer(protocol="smb2", acceptance=Acceptance.UNDECIDED)


def _is_whole(data: bytes) -> bool:
    return len(data) >= 4 and len(data) >= 4 + int.from_bytes(data[1:4], "big")
