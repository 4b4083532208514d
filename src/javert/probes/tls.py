"""TLS from the first byte. References: RFC 8446 4.1.2 (ClientHello), 5.1 and 6 (records, alerts).

Sent: a ClientHello that accepts everything, and, if the service goes on, the rest of the handshake. Safe: it is
what a client sends that then closes; what takes other bytes first sees an unknown request.
"""

import re

from javert.model.telemetry import Acceptance, ProbeAnswer
from javert.probes.dialogue import Talk
from javert.probes.interface import StartTls

_WAIT_S = 2.0
# Alert (RFC 8446 6): level warning or fatal, one octet of description. Handshake: ServerHello.
_ANSWER = re.compile(rb"\x15\x03[\x00-\x04]\x00\x02[\x01\x02].|\x16\x03[\x00-\x04][\x00-\x48].\x02", re.DOTALL)


def answers_in_tls(data: bytes) -> bool:
    """Whether ``data``, the first that came from a service, is a TLS alert or ServerHello."""
    return _ANSWER.match(data) is not None


def converse(_greeting: bytes) -> Talk:
    """TLS_ONLY if the service shakes hands, or answers in TLS that it will not.

    It may want a name, a certificate, or a version that Javert's OpenSSL has not.
    """
    reply = yield StartTls(_WAIT_S)
    if reply.tls or answers_in_tls(reply.data):
        return ProbeAnswer(protocol="tls", acceptance=Acceptance.TLS_ONLY)
    return None
