"""XMPP: what the features before STARTTLS say. Streams of Prosody 0.12 and of RFC 6120."""

import pytest
from tests.unit.probes.playing import Again, Said, Tls, Turn, play

from javert.model.telemetry import Acceptance, ProbeAnswer
from javert.probes import xmpp

HEADER = (
    b"<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xmlns='jabber:%s' "
    b"xmlns:stream='http://etherx.jabber.org/streams'>"
)
CLIENT, SERVER = HEADER % b"client", HEADER % b"server"
OPENED = (
    b"<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' version='1.0' "
    b"xml:lang='en' from='localhost' id='6f1a' xmlns='jabber:client'>"
)
MECHANISMS = b"<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-1</mechanism></mechanisms>"
OFFER = b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
DEMAND = b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>"
GO_AHEAD = (OFFER, b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")


def features(*inside: bytes) -> bytes:
    return OPENED + b"<stream:features>" + b"".join(inside) + b"</stream:features>"


def answer(acceptance: Acceptance) -> ProbeAnswer:
    return ProbeAnswer(protocol="xmpp", acceptance=acceptance)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (features(OFFER, MECHANISMS), Acceptance.TLS_OPTIONAL),
        (features(DEMAND), Acceptance.TLS_REQUIRED),
        (features(DEMAND, MECHANISMS), Acceptance.TLS_REQUIRED),
        (features(OFFER), Acceptance.TLS_REQUIRED),  # nothing else to be done
        (features(OFFER, b"<dialback xmlns='urn:xmpp:features:dialback'/>"), Acceptance.TLS_OPTIONAL),
    ],
)
def test_the_features_decide(said: bytes, expected: Acceptance) -> None:
    assert play(xmpp.converse(b""), (CLIENT, said), GO_AHEAD, Tls(True)) == answer(expected)


@pytest.mark.parametrize("said", [features(MECHANISMS), OPENED + b"<stream:features/>"])
def test_a_server_without_starttls_is_cleartext_only(said: bytes) -> None:
    assert play(xmpp.converse(b""), (CLIENT, said)) == answer(Acceptance.CLEARTEXT_ONLY)


@pytest.mark.parametrize(
    "turns", [[(OFFER, b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")], [GO_AHEAD, Tls(False)]]
)
def test_an_offer_that_does_not_work_is_no_offer(turns: list[Turn]) -> None:
    found = play(xmpp.converse(b""), (CLIENT, features(OFFER, MECHANISMS)), *turns)
    assert found == answer(Acceptance.CLEARTEXT_ONLY)


def test_a_port_for_servers_is_asked_as_one() -> None:
    wrong = OPENED + (
        b"<stream:error><invalid-namespace xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
    )
    turns = [(CLIENT, wrong), Again(), (SERVER, features(DEMAND)), GO_AHEAD, Tls(True)]
    assert play(xmpp.converse(b""), *turns) == answer(Acceptance.TLS_REQUIRED)


def test_a_server_of_another_domain_is_not_judged() -> None:
    unknown = OPENED + (b"<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>")
    assert play(xmpp.converse(b""), (CLIENT, unknown)) == answer(Acceptance.UNDECIDED)


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", CLIENT, b"<html></html>"])
def test_what_opens_no_stream_is_not_xmpp(said: bytes) -> None:
    assert play(xmpp.converse(b""), Said(CLIENT, said)) is None
