"""Which protocol a service speaks, from what it said: unasked, or in answer to a question it did not expect."""

import re

from javert.model.telemetry import Transport
from javert.probes.http import speaks_http2
from javert.probes.telnet import asks_for_a_name
from javert.probes.tls import answers_in_tls
from javert.protocols.conversation import Conversation
from javert.protocols.interface import Protocol
from javert.protocols.session import ask

# What a server of one protocol says to a request of another, beside what the predicates know.
_SAYINGS = (
    ("mongodb", re.compile(rb"HTTP/1\.[01] 200 .*MongoDB over HTTP", re.DOTALL)),
    ("memcached", re.compile(rb"ERROR\r\n|CLIENT_ERROR |SERVER_ERROR ")),
    ("postgresql", re.compile(rb"E\x00\x00[\x00-\x03].S[A-Z]+\x00", re.DOTALL)),
    ("smtp", re.compile(rb"220[ -].*\b(?:E?SMTP|LMTP)\b")),
)
_AMBIGUOUS = re.compile(rb"220[ -]")


def recognise(said: bytes) -> str | None:
    """The protocol of a service that said ``said`` first on a connection; None if it fits none."""
    if not said:
        return None
    if answers_in_tls(said):
        return "tls"
    if speaks_http2(said):
        return "http2"
    for protocol, saying in _SAYINGS:
        if saying.match(said):
            return protocol
    reading = ask(Conversation((), (said,)), Transport.TCP)
    if reading is not None and reading.verdict.protocol is not Protocol.UNKNOWN:
        return reading.verdict.protocol.value
    return "telnet" if asks_for_a_name(said) else None


def is_ambiguous(greeting: bytes) -> bool:
    """Whether mail and file servers both greet like this, when they do not say which they are."""
    return _AMBIGUOUS.match(greeting) is not None
