"""RTSP. References: RFC 2326 10.1, RFC 7826 13.1 (OPTIONS). Sent: OPTIONS, which is safe and sets up no session."""

import re

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes.dialogue import Talk
from javert.probes.interface import Ask

_OPTIONS = b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: javert\r\n\r\n"
_STATUS = re.compile(rb"RTSP/[12]\.0 ([1-5]\d\d)")


def converse(_greeting: bytes) -> Talk:
    """CLEARTEXT_ONLY: RTSP over TLS has a port of its own."""
    status = _STATUS.match((yield Ask(_OPTIONS, _is_whole)).data)
    if status is None:
        return None
    authentication = Authentication.REQUIRED if status[1] == b"401" else Authentication.UNKNOWN
    return ProbeAnswer(protocol="rtsp", acceptance=Acceptance.CLEARTEXT_ONLY, authentication=authentication)


def _is_whole(data: bytes) -> bool:
    return b"\r\n\r\n" in data or not b"RTSP/".startswith(data[:5])
