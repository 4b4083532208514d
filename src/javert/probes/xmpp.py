"""XMPP. References: RFC 6120 4.7 (stream header), 4.9 (stream errors), 5.3 and 5.4 (STARTTLS, required), 6.3.3.

Sent: a stream header to the domain "localhost", of a client and, if the service serves none, of a server;
``<starttls/>``; the end of the stream. Safe: the features a server answers with come before any authentication.
"""

import re

from javert.model.telemetry import Acceptance, ProbeAnswer
from javert.probes.dialogue import Dialogue, Talk, farewell, tls_works
from javert.probes.interface import Ask, Reopen

_HEADER = (
    b"<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xmlns='%s' "
    b"xmlns:stream='http://etherx.jabber.org/streams'>"
)
_CLIENT, _SERVER = _HEADER % b"jabber:client", _HEADER % b"jabber:server"
_STARTTLS = b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
_END = b"</stream:stream>"

_STREAM = re.compile(rb"\s*(?:<\?xml[^>]*\?>\s*)?<(?:\w+:)?stream\b[^>]*etherx\.jabber\.org")
_FEATURES_END = re.compile(rb"</(?:\w+:)?features\s*>|<(?:\w+:)?features[^<>]*/>|<(?:\w+:)?error\b.*</", re.DOTALL)
_FEATURES = re.compile(rb"<(?:\w+:)?features[ >/]")
_OFFER = re.compile(rb"<starttls\b[^<>]*urn:ietf:params:xml:ns:xmpp-tls[^<>]*?(?:/>|>(.*?)</starttls)", re.DOTALL)
_PROCEED = re.compile(rb"<proceed\b")


def converse(_greeting: bytes) -> Talk:
    """TLS_REQUIRED if the features say so, or offer no way to authenticate before TLS.

    UNDECIDED if the service does not serve "localhost": its features are for those who know the domain.
    """
    said = yield from _header(_CLIENT)
    if b"invalid-namespace" in said:
        yield Reopen()
        said = yield from _header(_SERVER)
    if not _STREAM.match(said) or said.startswith((_CLIENT, _SERVER)):
        return None
    if not _FEATURES.search(said):
        return ProbeAnswer(protocol="xmpp", acceptance=Acceptance.UNDECIDED)
    offer = _OFFER.search(said)
    works = offer is not None and (
        _PROCEED.search((yield Ask(_STARTTLS, _ends_element)).data) is not None and (yield from tls_works())
    )
    if not works:
        yield from farewell(_END)
    acceptance = Acceptance.TLS_OPTIONAL if works else Acceptance.CLEARTEXT_ONLY
    if offer is not None and (b"<required" in (offer[1] or b"") or not _may_go_on(said)):
        acceptance = Acceptance.TLS_REQUIRED
    return ProbeAnswer(protocol="xmpp", acceptance=acceptance)


def _header(header: bytes) -> Dialogue[bytes]:
    reply = yield Ask(header, _is_whole)
    return reply.data


def _is_whole(data: bytes) -> bool:
    return _FEATURES_END.search(data) is not None or not data.lstrip().startswith(b"<")


def _ends_element(data: bytes) -> bool:
    return data.rstrip().endswith(b">")


def _may_go_on(said: bytes) -> bool:
    # Mechanisms (RFC 6120 6.3.3), or between servers dialback (XEP-0220 2.4), or authentication as before SASL.
    return b"<mechanism>" in said or b"<dialback" in said or b"iq-auth" in said
