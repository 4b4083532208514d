"""XMPP: clients, servers and components.

References: RFC 6120 4 (streams), 5 (STARTTLS), 6 (SASL); XEP-0077 and XEP-0078 (passwords in registration and in
the authentication before SASL), XEP-0388 (SASL 2).
"""

import re

from javert.errors import NeedsMoreData
from javert.model.telemetry import Encryption
from javert.protocols.conversation import Conversation, Reading, upgrade_state
from javert.protocols.interface import Protocol, Verdict
from javert.protocols.sasl import READABLE

# RFC 6120 4.8: a stream header, after an XML declaration or not, in the namespace of streams under any prefix.
_PROLOG = rb"[ \t\r\n]*(?:<\?xml[^<>]{0,128}\?>[ \t\r\n]*)?"
_HEADER = re.compile(_PROLOG + rb"<(?:[A-Za-z][\w.-]{0,31}:)?stream[ \t\r\n]([^<>]{1,4096})>")
_NAMESPACE = b"http://etherx.jabber.org/streams"
_HEADER_START = re.compile(
    rb"[ \t\r\n]*(?:<\?[^<>]{0,128}\Z|"
    + _PROLOG
    + rb"(?:<(?:[A-Za-z][\w.:-]{0,40}(?:[ \t\r\n][^<>]{0,4096})?)?)?\Z)"
)
_TLS_NAMESPACE = rb"[^<>]{0,512}urn:ietf:params:xml:ns:xmpp-tls[^<>]{0,512}"
_OFFER = re.compile(rb"<starttls\b" + _TLS_NAMESPACE + rb">")
# The request and its acceptance may be written as an empty element or with an end tag; TLS takes over right behind.
_ASKS = re.compile(rb"<starttls\b" + _TLS_NAMESPACE + rb"(?:/>|>[ \t\r\n]*</starttls[ \t\r\n]*>)[ \t\r\n]*")
_ACCEPTS = re.compile(rb"<proceed\b" + _TLS_NAMESPACE + rb"(?:/>|>[ \t\r\n]*</proceed[ \t\r\n]*>)[ \t\r\n]*")
# RFC 6120 6.4.6 and RFC 4422 3.7: behind a security layer, lengths of four octets stand where stanzas would.
_SEALED = re.compile(rb">[ \t\r\n]*\x00[\x00-\x0f]..", re.DOTALL)
_DECLINES = re.compile(rb"<failure\b" + _TLS_NAMESPACE + rb">")
_HELLO = re.compile(rb"\x16\x03[\x00-\x04][\x00-\x48].[\x01\x02]", re.DOTALL)
_AUTHENTICATION = re.compile(
    rb"<auth(?:enticate)?[ \t\r\n](?=[^<>]{0,512}urn:(?:ietf:params:xml:ns:xmpp-sasl|xmpp:sasl:2))"
    rb"[^<>]{0,512}?\bmechanism[ \t\r\n]*=[ \t\r\n]*[\"']([A-Za-z0-9_-]{1,32})[\"'][^<>]{0,512}>"
    rb"[ \t\r\n]*(?:<initial-response[^<>]{0,128}>[ \t\r\n]*)?([^<]?)"
)
_RESPONSE = re.compile(rb"<response\b[^<>]{0,512}>[ \t\r\n]*[^<=]")
_PASSWORD = re.compile(
    rb"<query\b[^<>]{0,512}jabber:iq:(?:auth|register)[^>]{0,512}>(?:(?!</query).){0,2048}?<password\b[^<>]{0,128}>[^<]",
    re.DOTALL,
)
_READABLE = READABLE | {b"X-OAUTH2"}


def identify(talk: Conversation) -> Reading | None:
    """A stream header from either side.

    Too short: the header has not ended.
    """
    headers = [_HEADER.match(data) for data in (talk.opening, talk.greeting)]
    if any(header is not None and _NAMESPACE in header[1] for header in headers):
        return _read(talk)
    for data in (talk.opening, talk.greeting):
        if data.strip() and _HEADER_START.match(data):
            raise NeedsMoreData("XMPP stream header")
    return None


def _read(talk: Conversation) -> Reading:
    client, server = b"\n".join(talk.client), b"\n".join(talk.server)
    asks, accepts = _ASKS.search(client), _ACCEPTS.search(server)
    began = (asks is not None and _HELLO.match(client, asks.end()) is not None) or (
        accepts is not None and (asks or not client) and _HELLO.match(server, accepts.end()) is not None
    )
    went_on = asks is not None and client.startswith(b"<", asks.end())
    encryption = upgrade_state(
        offered=_OFFER.search(server) is not None,
        asked=asks is not None,
        refused=went_on or _DECLINES.search(server) is not None,
        began=bool(began),
        sealed=_SEALED.search(client) is not None or _SEALED.search(server) is not None,
    )
    readable = client[: asks.end()] if asks and began else client
    verdict = Verdict(protocol=Protocol.XMPP, encryption=encryption, credentials_exposed=_exposes(readable))
    return Reading(verdict, final=encryption is Encryption.UPGRADED)


def _exposes(client: bytes) -> bool:
    for match in _AUTHENTICATION.finditer(client):
        if match[1].upper() not in _READABLE:
            continue
        # RFC 6120 6.4.2: "=" is an empty initial response; without one, <response/> answers the challenge.
        if match[2] not in (b"", b"=") or _RESPONSE.search(client, match.end()):
            return True
    return _PASSWORD.search(client) is not None
