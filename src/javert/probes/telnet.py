"""Telnet. References: RFC 854 (commands), RFC 858 (SUPPRESS-GO-AHEAD).

Sent: nothing to a server that begins to negotiate or asks for a name, as nearly all do; to one that waits,
``IAC DO SUPPRESS-GO-AHEAD``, which must be answered (RFC 854, "General considerations") and changes nothing.
"""

import re

from javert.errors import NeedsMoreData
from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes.dialogue import Talk
from javert.probes.interface import Ask
from javert.protocols import telnet
from javert.protocols.conversation import Conversation

_QUESTION = b"\xff\xfd\x03"
_WAIT_S = 1.0
_PROMPT = re.compile(rb"(?:login|user ?name|password) ?: ?\Z", re.IGNORECASE)


def asks_for_a_name(said: bytes) -> bool:
    """Whether ``said`` ends with the prompt of a login."""
    return _PROMPT.search(said[-64:]) is not None


def converse(greeting: bytes) -> Talk:
    """CLEARTEXT_ONLY: what encrypts Telnet (RFC 2946) is agreed on only after authentication, and rarely at all.

    Args:
        greeting: what the service said first; b"" if it waits.
    """
    said = greeting or (yield Ask(_QUESTION, _is_telnet, _WAIT_S)).data
    if said == _QUESTION:  # an echo
        return None
    if not _is_telnet(said) and not (greeting and asks_for_a_name(said)):
        return None
    authentication = Authentication.REQUIRED if asks_for_a_name(said) else Authentication.UNKNOWN
    return ProbeAnswer(protocol="telnet", acceptance=Acceptance.CLEARTEXT_ONLY, authentication=authentication)


def _is_telnet(data: bytes) -> bool:
    try:
        return telnet.identify(Conversation((), (data,))) is not None
    except NeedsMoreData:
        return False
