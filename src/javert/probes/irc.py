"""IRC. References: RFC 2812 3.1 and 5 (messages, numerics), ircv3.net (CAP LS, capability "tls", STARTTLS: 670).

Sent: CAP LS, STARTTLS, QUIT. Safe: without NICK and USER nobody joins (RFC 2812 3.1), and CAP LS puts that off.
"""

import re

from javert.errors import NeedsMoreData
from javert.model.telemetry import Acceptance, ProbeAnswer
from javert.probes.dialogue import Talk, farewell, tls_works
from javert.probes.interface import Ask
from javert.protocols import irc
from javert.protocols.conversation import Conversation

_CAP, _STARTTLS, _QUIT = b"CAP LS 302\r\n", b"STARTTLS\r\n", b"QUIT\r\n"
# The last line of the list has no asterisk before its colon; or a numeric: unknown command, not registered.
_ANSWER = re.compile(rb"^(?::\S+ )?(?:CAP \S+ LS :|(?:421|451) )[^\n]*\n", re.IGNORECASE | re.MULTILINE)
_OFFERS_TLS = re.compile(rb"^(?::\S+ )?CAP \S+ LS (?:\* )?:(?:[^\r\n]* )?tls\b", re.IGNORECASE | re.MULTILINE)
_GO_AHEAD = re.compile(rb"^(?::\S+ )?670 ", re.MULTILINE)
_NUMERIC = re.compile(rb"^(?::\S+ )?\d{3} [^\n]*\n|^ERROR\b[^\n]*\n", re.MULTILINE)


def converse(greeting: bytes) -> Talk:
    """TLS_OPTIONAL if STARTTLS works: no server can be asked whether it lets clients register without.

    Args:
        greeting: what the service said first; servers that look the client up say so.
    """
    said = greeting + (yield Ask(_CAP, _is_answer)).data
    if not _is_answer(said) and not _is_irc(said):
        return None
    works = _OFFERS_TLS.search(said) is not None and (
        _GO_AHEAD.search((yield Ask(_STARTTLS, _is_numeric)).data) is not None and (yield from tls_works())
    )
    yield from farewell(_QUIT)
    return ProbeAnswer(protocol="irc", acceptance=Acceptance.TLS_OPTIONAL if works else Acceptance.CLEARTEXT_ONLY)


def _is_irc(said: bytes) -> bool:
    try:
        return bool(said) and irc.identify(Conversation((), (said,))) is not None
    except NeedsMoreData:
        return False


def _is_answer(data: bytes) -> bool:
    return _ANSWER.search(data) is not None


def _is_numeric(data: bytes) -> bool:
    return _NUMERIC.search(data) is not None
