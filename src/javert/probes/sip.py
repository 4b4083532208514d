"""SIP over TCP or UDP. Reference: RFC 3261 11 (OPTIONS), 18.

Sent: OPTIONS for "localhost", which asks what a server can do and rings nobody (RFC 3261 11).
"""

import re

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer, Transport
from javert.probes.dialogue import Talk
from javert.probes.interface import Ask

_OPTIONS = (
    b"OPTIONS sip:localhost SIP/2.0\r\nVia: SIP/2.0/%s localhost;branch=z9hG4bKjavert;rport\r\nMax-Forwards: 70\r\n"
    b"From: <sip:javert@localhost>;tag=javert\r\nTo: <sip:localhost>\r\nCall-ID: javert\r\nCSeq: 1 OPTIONS\r\n"
    b"Content-Length: 0\r\n\r\n"
)
_REQUESTS = {Transport.TCP: _OPTIONS % b"TCP", Transport.UDP: _OPTIONS % b"UDP"}
_STATUS = re.compile(rb"SIP/2\.0 ([1-6]\d\d) ")
_CHALLENGES = (b"401", b"407")


def converse(_greeting: bytes, transport: Transport = Transport.TCP) -> Talk:
    """CLEARTEXT_ONLY: SIP over TLS has a port of its own."""
    status = _STATUS.match((yield Ask(_REQUESTS[transport], _is_whole)).data)
    if status is None:
        return None
    authentication = Authentication.REQUIRED if status[1] in _CHALLENGES else Authentication.UNKNOWN
    return ProbeAnswer(protocol="sip", acceptance=Acceptance.CLEARTEXT_ONLY, authentication=authentication)


def _is_whole(data: bytes) -> bool:
    return b"\r\n\r\n" in data or not b"SIP/".startswith(data[:4])
