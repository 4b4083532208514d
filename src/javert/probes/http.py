"""HTTP. References: RFC 1945 5 (requests of 1.0), RFC 9112 3 and 9.6, RFC 9113 3.3 (HTTP/2 with prior knowledge).

Sent: ``GET /`` of HTTP/1.0 without any field; where that does not settle it, ``GET`` of HTTP/1.1 with Host, for
``/`` or for a page that does not exist; HTTP/2's preface. Safe: GET is a safe method (RFC 9110 9.2.1), and the
first request is short enough to be a harmless unknown command to what is not HTTP.
"""

import re

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes.dialogue import Dialogue, Talk, something, tls_works
from javert.probes.interface import Ask, Reopen
from javert.probes.products import product_of
from javert.protocols import http
from javert.protocols.conversation import Conversation

_PLAIN = b"GET / HTTP/1.0\r\n\r\n"
_FIELDS = b" HTTP/1.1\r\nHost: localhost\r\nUser-Agent: javert\r\nAccept: */*\r\nConnection: close\r\n\r\n"
_ROOT = b"GET /" + _FIELDS
_NOWHERE = b"GET /javert-probe" + _FIELDS
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000 04 00 00000000")
_WAIT_S = 2.0

_STATUS = re.compile(rb"HTTP/[0-3](?:\.\d)? +([1-5]\d\d)(?:[ \r\n]|$)")
_HEADER_ENDS = re.compile(rb"\r?\n\r?\n")
# A frame of HTTP/2 on stream 0: SETTINGS, not an acknowledgment, of whole settings (RFC 9113 6.5).
_SETTINGS = re.compile(rb"\x00\x00[\x00-\x78]\x04\x00\x00\x00\x00\x00")
# What nginx, Apache, Go, Tomcat and Jetty answer a request in the clear on a port for TLS.
_WANTS_TLS = re.compile(
    rb"plain HTTP request was sent to HTTPS port|speaking plain HTTP to an SSL-enabled server|"
    rb"HTTP request to an HTTPS server|combination of host and port requires TLS",
    re.IGNORECASE,
)
_MONGODB = b"MongoDB over HTTP"


def converse(_greeting: bytes) -> Talk:
    """REDIRECT_ONLY if ``/`` and a page that does not exist are both sent on to https.

    A port for TLS that refuses what comes in the clear, in HTTP, is TLS_ONLY.
    """
    first = yield from _get(_PLAIN)
    if not _STATUS.match(first) or _MONGODB in first:
        return None
    status = _status(first)
    if status == 400 and (_WANTS_TLS.search(first) or (yield from _is_for_tls())):
        return ProbeAnswer(protocol="tls", acceptance=Acceptance.TLS_ONLY)
    answers = [first]
    if _redirects(first):
        answers.append((yield from _again(_NOWHERE)))
    elif status >= 400 and status != 401:
        # Without Host some will not do it (RFC 9112 3.2), or not in this version (426).
        second = yield from _again(_ROOT)
        if _redirects(second):
            answers = [second, (yield from _again(_NOWHERE))]
        elif _STATUS.match(second):
            answers = [second]
    return _answer([answer for answer in answers if answer])


def converse_http2(_greeting: bytes) -> Talk:
    """For a server that takes HTTP/2 alone: it answers the preface with its settings."""
    reply = yield Ask(_PREFACE, speaks_http2, _WAIT_S)
    if not speaks_http2(reply.data):
        return None
    return ProbeAnswer(protocol="http", acceptance=Acceptance.CLEARTEXT_ONLY)


def speaks_http2(data: bytes) -> bool:
    """Whether ``data`` begins with the settings by which a server of HTTP/2 begins."""
    return _SETTINGS.match(data) is not None


def _get(request: bytes) -> Dialogue[bytes]:
    reply = yield Ask(request, _whole, _WAIT_S)
    return reply.data


def _again(request: bytes) -> Dialogue[bytes]:
    yield Reopen()
    return (yield from _get(request))


def _is_for_tls() -> Dialogue[bool]:
    yield Reopen()
    return (yield from tls_works())


def _whole(data: bytes) -> bool:
    # The header, and of an error what it says; what is not HTTP is enough at once.
    if not b"HTTP/".startswith(data[:5]):
        return something(data)
    end = _HEADER_ENDS.search(data)
    return end is not None and (not data.startswith(b"400", 9) or b"</html>" in data[end.end() :].lower())


def _status(answer: bytes) -> int:
    match = _STATUS.match(answer)
    return int(match[1]) if match else 0


def _redirects(answer: bytes) -> bool:
    reading = http.identify(Conversation((_ROOT,), (answer,))) if answer else None
    return reading is not None and reading.verdict.redirect_only


def _answer(answers: list[bytes]) -> ProbeAnswer:
    only = all(map(_redirects, answers))
    return ProbeAnswer(
        protocol="http",
        acceptance=Acceptance.REDIRECT_ONLY if only else Acceptance.CLEARTEXT_ONLY,
        authentication=Authentication.REQUIRED if 401 in map(_status, answers) else Authentication.UNKNOWN,
        product=product_of(answers[0]),
    )
