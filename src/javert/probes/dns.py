"""DNS over TCP. References: RFC 1035 4.1 and 4.2.2, RFC 7766.

Sent: a query for the root's servers, recursion not asked for. Safe: it is answered from what is there, or refused.
"""

from javert.errors import NeedsMoreData
from javert.model.telemetry import Acceptance, ProbeAnswer
from javert.probes.dialogue import Talk
from javert.probes.interface import Ask
from javert.protocols import dns
from javert.protocols.conversation import Conversation

# length(2) | id(2), flags(2): a query, one question | root, NS, IN
_QUERY = bytes.fromhex("0011 4a76 0000 0001 0000 0000 0000 00 0002 0001")
_RESPONSE = 0x80


def converse(_greeting: bytes) -> Talk:
    """CLEARTEXT_ONLY; it is no protocol that Javert reports, but one that it knows."""
    said = (yield Ask(_QUERY, _is_whole)).data
    if said[2:4] != _QUERY[2:4] or not said[4] & _RESPONSE or not _is_dns(said):
        return None
    return ProbeAnswer(protocol="dns", acceptance=Acceptance.CLEARTEXT_ONLY)


def _is_dns(said: bytes) -> bool:
    try:
        return dns.identify_tcp(Conversation((), (said,))) is not None
    except NeedsMoreData:
        return False


def _is_whole(data: bytes) -> bool:
    return len(data) >= 14 and len(data) >= 2 + int.from_bytes(data[:2], "big")
