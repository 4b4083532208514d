"""HTTP 0.9, 1.0, 1.1 and 2 in cleartext, to servers and proxies, WebSocket included.

References: RFC 9110, RFC 9112 (HTTP/1.1), RFC 1945 (1.0), RFC 9113 3.3 and 3.4 (HTTP/2 with prior knowledge),
RFC 7617 (Basic), RFC 6750 (Bearer), RFC 2817 (Upgrade: TLS), RFC 9110 9.3.6 (CONNECT).
"""

import re

from javert.errors import NeedsMoreData
from javert.model.telemetry import Encryption
from javert.protocols.conversation import Conversation, Reading, upgrade_state
from javert.protocols.interface import Protocol, Verdict

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]"
_REQUEST = re.compile(rb"(?:\r?\n){0,4}(" + _TOKEN + rb"{1,32}) +(\S[^\r\n]*?) HTTP/[0-3](?:\.\d)?[ \t]*\r?\n")
_STATUS = re.compile(rb"HTTP/[0-3](?:\.\d)? +[1-5]\d\d(?:[ \r\n]|$)")
_SIMPLE = re.compile(rb"(?:GET|get) (?:/|https?://)[^\x00-\x20\x7f]*[ \t]*\r?\n")
_METHOD = re.compile(
    rb"(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|TRACE|PATCH|PROPFIND|PROPPATCH|MKCOL|COPY|MOVE|LOCK|UNLOCK|REPORT|SEARCH|"
    rb"SUBSCRIBE|UNSUBSCRIBE|NOTIFY|MKCALENDAR|PURGE|VERSION-CONTROL|CHECKOUT|MERGE|MKACTIVITY|BPROPFIND|POLL|"
    rb"RPC_(?:IN|OUT)_DATA|SSTP_DUPLEX_POST) (?:/|\*|https?://)|CONNECT [A-Za-z0-9\[]"
)
_REQUEST_START = re.compile(rb"(?:[A-Za-z]" + _TOKEN + rb"{0,31}(?: +(?:[\w/*\[.~%-][^\x00-\x1f\x7f]*\r?)?)?)?\Z")
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_RESPONSE = re.compile(rb"HTTP/1\.[01] +(\d{3})[^\r\n]{0,512}\r?\n((?:[^\r\n]+\r?\n)*)")
_TO_HTTPS = re.compile(rb"^location:[ \t]*https://", re.IGNORECASE | re.MULTILINE)
_CREDENTIAL = re.compile(
    rb"\n(?:proxy-)?authorization:[ \t]*(?:basic|bearer|token|apikey|api-key|key)[ \t]+\S", re.IGNORECASE
)
_OTHER_GREETING = re.compile(rb"(?:220|554|421)[ -]|\* OK |\+OK |-ERR |SSH-|RTSP/|SIP/|:\S+ NOTICE ")
_ASKS_TLS = re.compile(rb"\nupgrade:[^\r\n]*\bTLS/", re.IGNORECASE)
_TLS_AFTER_HEADER = re.compile(rb"(?:\n\r?\n|\A)\x16\x03[\x00-\x04]")
_TUNNEL_AFTER_HEADER = re.compile(rb"(?:\n\r?\n|\A)(?:\x16\x03[\x00-\x04]|SSH-[12]\.)")
_REDIRECTS = frozenset((b"301", b"302", b"303", b"307", b"308"))


def identify(talk: Conversation) -> Reading | None:
    """A request line with an HTTP version, a status line, or the HTTP/2 preface.

    A request line cut by a gap counts if its method is registered and its target is a path or URL. A request
    without a version (HTTP/0.9) counts only if the server answered with a document. Too short: the first line
    is not whole.
    """
    opening, greeting = talk.opening, talk.greeting
    request = _REQUEST.match(opening)
    if request:
        if greeting and _contradicts(greeting):
            return None
        return _read(talk, request[1])
    if _STATUS.match(greeting):
        return _read(talk, b"")
    if opening.startswith(b"PRI * HTTP/2.0\r\n") and _PREFACE.startswith(opening[: len(_PREFACE)]):
        return _read(talk, b"PRI")
    if len(talk.client) > 1 and _METHOD.match(opening) and len(opening) >= 256:
        return _read(talk, b"")
    simple = _SIMPLE.match(opening)
    if simple:
        if greeting and greeting.lstrip()[:1] == b"<":
            return _read(talk, b"")
        if greeting:
            return None
        raise NeedsMoreData("HTTP/0.9 answer")
    if (
        (not greeting or b"HTTP/".startswith(greeting[:5]))
        and len(opening) < 8192
        and _REQUEST_START.match(opening)
    ):
        raise NeedsMoreData("HTTP request line")
    return None


def _contradicts(greeting: bytes) -> bool:
    # A server that greets with a code or in another text protocol is no HTTP server, whatever is sent to it. A body
    # seen without its header (a lost segment) does not look like that.
    return _OTHER_GREETING.match(greeting) is not None


def _read(talk: Conversation, method: bytes) -> Reading:
    client = b"\n\n".join(talk.client)
    exposed = _CREDENTIAL.search(client) is not None
    responses: list[tuple[bytes, bytes]] = [match for piece in talk.server for match in _RESPONSE.findall(piece)]
    final_responses = [(status, fields) for status, fields in responses if status[:1] != b"1"]
    redirect_only = bool(final_responses) and all(
        status in _REDIRECTS and _TO_HTTPS.search(fields) for status, fields in final_responses
    )
    tunnels = method == b"CONNECT"
    asks = _ASKS_TLS.search(client) is not None
    statuses = frozenset(status for status, _ in responses)
    encryption = _encryption(talk, statuses, tunnels=tunnels, asks=asks)
    verdict = Verdict(
        protocol=Protocol.HTTP, encryption=encryption, credentials_exposed=exposed, redirect_only=redirect_only
    )
    known = exposed and bool(final_responses) and not redirect_only and not tunnels and not asks
    return Reading(verdict, final=encryption is Encryption.UPGRADED or known)


def _encryption(talk: Conversation, statuses: frozenset[bytes], *, tunnels: bool, asks: bool) -> Encryption:
    begins = _TUNNEL_AFTER_HEADER.search if tunnels else _TLS_AFTER_HEADER.search
    switched = b"101" in statuses
    if not (tunnels or asks or switched):
        return Encryption.NONE
    client, server = any(map(begins, talk.client)), any(map(begins, talk.server))
    if asks and not tunnels:
        refused = any(status[:1] != b"1" for status in statuses) and not switched
        return upgrade_state(offered=False, asked=True, refused=refused, began=client or server)
    # Where another protocol took over (Upgrade), it is encrypted if both sides begin TLS in it.
    began = client or server if tunnels else client and server
    return Encryption.UPGRADED if began else Encryption.NONE
