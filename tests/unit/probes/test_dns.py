"""DNS over TCP: a query for the root's servers. Messages after RFC 1035 4, of dnsmasq 2.89."""

import pytest
from tests.unit.probes.playing import Said, play

from javert.model.telemetry import Acceptance, ProbeAnswer
from javert.probes import dns

# 17 octets | id, a query without recursion, one question | root, NS, IN
QUERY = bytes.fromhex("0011 4a76 0000 0001 0000 0000 0000 00 0002 0001")


@pytest.mark.parametrize("flags", ["8085", "8005", "8180"])  # refused by dnsmasq, by others; answered
def test_any_response_is_one(flags: str) -> None:
    said = bytes.fromhex(f"0011 4a76 {flags} 0001 0000 0000 0000 00 0002 0001")
    expected = ProbeAnswer(protocol="dns", acceptance=Acceptance.CLEARTEXT_ONLY)
    assert play(dns.converse(b""), (QUERY, said)) == expected


@pytest.mark.parametrize(
    "said", [b"", QUERY, b"\x00\x11Jv\x80", b"\x00\x11Jv\x80" + bytes(14), b"HTTP/1.1 400\r\n"]
)
def test_what_answers_otherwise_is_not_dns(said: bytes) -> None:
    assert play(dns.converse(b""), Said(QUERY, said)) is None
