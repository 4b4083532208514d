"""XMPP: streams, STARTTLS, passwords."""

from collections.abc import Callable

import pytest

from javert.model.telemetry import Encryption, Transport
from javert.protocols.interface import Protocol, Verdict

Play = Callable[..., Verdict]

# RFC 6120 9.1: the examples.
OPEN = (
    "C",
    b"<stream:stream\n     from='juliet@im.example.com'\n     to='im.example.com'\n     version='1.0'\n"
    b"     xml:lang='en'\n     xmlns='jabber:client'\n     xmlns:stream='http://etherx.jabber.org/streams'>\n",
)
ANSWER = (
    "S",
    b"<?xml version='1.0'?><stream:stream id='t7AMCin9zjMNwQKDnplntZPIDEI=' from='im.example.com' version='1.0' "
    b"xml:lang='en' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>",
)
OFFER = (
    "S",
    b"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>",
)
ASK = ("C", b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
PROCEED = ("S", b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
FAILURE = ("S", b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>")
SASL = b"urn:ietf:params:xml:ns:xmpp-sasl"


@pytest.mark.parametrize(
    "turns",
    [
        [OPEN],
        [ANSWER],
        [OPEN, ANSWER],
        [("C", b"\r\n" + OPEN[1])],
        # a server to another, and a prefix of its own choice
        [("C", b"<s:stream xmlns:s='http://etherx.jabber.org/streams' xmlns='jabber:server' to='a'>")],
        [("C", b"<?xml version=\"1.0\" encoding='utf-8'?>\n" + OPEN[1].replace(b"'", b'"'))],
    ],
)
def test_either_side(verdict_of: Play, turns: list[tuple[str, bytes]]) -> None:
    verdict = verdict_of(*turns)
    assert (verdict.protocol, verdict.encryption) == (Protocol.XMPP, Encryption.NONE)
    assert not verdict.credentials_exposed


def test_starttls(verdict_of: Play, client_hello: bytes, server_hello: bytes) -> None:
    begin = [OPEN, ANSWER, OFFER]
    assert verdict_of(*begin).encryption is Encryption.OFFERED_NOT_USED
    assert verdict_of(*begin, ASK).encryption is Encryption.UNKNOWN
    assert verdict_of(*begin, ASK, PROCEED).encryption is Encryption.UNKNOWN
    assert verdict_of(*begin, ASK, FAILURE).encryption is Encryption.REFUSED
    assert verdict_of(*begin, ASK, PROCEED, ("C", client_hello)).encryption is Encryption.UPGRADED
    assert verdict_of(*begin, ASK, PROCEED, ("S", server_hello)).encryption is Encryption.UPGRADED
    assert verdict_of(ANSWER, OFFER, PROCEED, ("S", server_hello)).encryption is Encryption.UPGRADED
    spaced = ("C", b'<starttls xmlns="urn:ietf:params:xml:ns:xmpp-tls"></starttls>\n')
    assert verdict_of(*begin, spaced, PROCEED, ("C", client_hello)).encryption is Encryption.UPGRADED


def test_going_on_in_cleartext_is_a_refusal(verdict_of: Play) -> None:
    plain = ("C", b"<auth xmlns='" + SASL + b"' mechanism='PLAIN'>AGp1bGlldAByMG0zMG15cjBtMzA=</auth>")
    verdict = verdict_of(OPEN, ANSWER, OFFER, ASK, plain)
    assert (verdict.encryption, verdict.credentials_exposed) == (Encryption.REFUSED, True)


def test_a_hello_inside_a_message_is_no_upgrade(verdict_of: Play, client_hello: bytes) -> None:
    message = ("C", b"<message to='a'><body>x\n" + client_hello)
    assert verdict_of(OPEN, ANSWER, OFFER, message).encryption is Encryption.OFFERED_NOT_USED


@pytest.mark.parametrize(
    ("said", "exposed"),
    [
        (b"<auth xmlns='" + SASL + b"' mechanism='PLAIN'>AGp1bGlldAByMG0zMG15cjBtMzA=</auth>", True),
        (b"<auth mechanism='PLAIN' xmlns='" + SASL + b"'>AGp1bGlldAByMG0zMG15cjBtMzA=</auth>", True),
        (b"<auth xmlns='" + SASL + b"' mechanism='PLAIN'/><response xmlns='" + SASL + b"'>AGp1</response>", True),
        (b"<auth xmlns='" + SASL + b"' mechanism='PLAIN'>=</auth><abort xmlns='" + SASL + b"'/>", False),
        (b"<auth xmlns='" + SASL + b"' mechanism='SCRAM-SHA-1'>biwsbj1qdWxpZXQ=</auth>", False),
        (b"<auth xmlns='" + SASL + b"' mechanism='ANONYMOUS'/>", False),
        (
            b"<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'><initial-response>AGp1</initial-response>",
            True,
        ),
        # XEP-0078 and XEP-0077
        (
            b"<iq type='set' id='a2'><query xmlns='jabber:iq:auth'><username>bill</username>"
            b"<password>Calli0pe</password><resource>globe</resource></query></iq>",
            True,
        ),
        (
            b"<iq type='set' id='a2'><query xmlns='jabber:iq:auth'><username>bill</username>"
            b"<digest>48fc78be9ec8f86d8ce1c39c320c97c21d62334d</digest></query></iq>",
            False,
        ),
        (b"<iq type='set'><query xmlns='jabber:iq:register'><password>Calli0pe</password></query></iq>", True),
        # XEP-0114: a component proves that it knows the secret
        (b"<handshake>aaee83c26aeeafcbabeabfcbcd50df997e0a2a1e</handshake>", False),
    ],
)
def test_passwords(verdict_of: Play, said: bytes, exposed: bool) -> None:
    assert verdict_of(OPEN, ANSWER, ("C", said)).credentials_exposed is exposed


def test_a_password_behind_tls_is_not_exposed(verdict_of: Play, client_hello: bytes) -> None:
    plain = b"<auth xmlns='" + SASL + b"' mechanism='PLAIN'>AGp1</auth>"
    assert not verdict_of(OPEN, ANSWER, ASK, PROCEED, ("C", client_hello + plain)).credentials_exposed


@pytest.mark.parametrize(
    "data",
    [
        b"<?xml version='1.0'?><methodCall><methodName>a</methodName></methodCall>",
        b"<?xml version='1.0'?><stream><a/></stream>",
        b"<policy-file-request/>\x00",
        b"<stream:stream xmlns='jabber:client'>",
        b"<html><body>",
        b"<13>Oct 11 22:14:15 host su: x\n",
    ],
)
def test_look_alikes(verdict_of: Play, data: bytes) -> None:
    assert verdict_of(("C", data)).protocol is not Protocol.XMPP
    assert verdict_of(("C", data), ("S", data)).protocol is not Protocol.XMPP


def test_too_short_and_over_udp(verdict_of: Play) -> None:
    whole = b"<?xml version='1.0'?>" + OPEN[1]
    for end in range(1, len(whole) - 2):
        assert verdict_of(("C", whole[:end])).protocol is Protocol.UNKNOWN
    assert verdict_of(OPEN, transport=Transport.UDP).protocol is Protocol.UNKNOWN
