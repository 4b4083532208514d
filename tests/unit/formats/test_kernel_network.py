"""Events of Microsoft-Windows-Kernel-Network as the provider's manifest lays them out."""

import pytest

from javert.errors import ParseError
from javert.formats.kernel_network import EVENT_IDS, Kind, parse_event

# PID 4660, size 512, daddr 192.0.2.9, saddr 192.0.2.7, dport 21, sport 49152; then startime, endtime, seqnum,
# connid
SENT = bytes.fromhex("34120000 00020000 c0000209 c0000207 0015 c000 01000000 02000000 00000000 0000000000000000")
# the same with IPv6 addresses 2001:db8::9 and 2001:db8::7; then seqnum, connid
RECEIVED_V6 = bytes.fromhex(
    "34120000 00020000 20010db8000000000000000000000009 20010db8000000000000000000000007 0015 c000 00000000 "
    "0000000000000000"
)


def test_what_was_sent():
    event = parse_event(10, SENT)
    assert (event.kind, event.pid, event.size) == (Kind.SENT, 0x1234, 512)
    assert event.ends == bytes([192, 0, 2, 7, 192, 0, 2, 9]) + b"\xc0\x00" + b"\x00\x15"


def test_what_was_received_over_ipv6():
    event = parse_event(27, RECEIVED_V6)
    assert (event.kind, event.pid, event.size) == (Kind.RECEIVED, 0x1234, 512)
    assert event.ends[15] == 7
    assert event.ends[31] == 9
    assert event.ends[32:] == b"\xc0\x00\x00\x15"


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (10, Kind.SENT),
        (11, Kind.RECEIVED),
        (12, Kind.CONNECTED),
        (13, Kind.DISCONNECTED),
        (15, Kind.ACCEPTED),
        (42, Kind.UDP_SENT),
        (43, Kind.UDP_RECEIVED),
    ],
)
def test_the_numbers_of_both_families(number, kind):
    assert parse_event(number, SENT).kind is kind
    assert parse_event(number + 16, RECEIVED_V6).kind is kind


def test_a_connection_carries_nothing_yet():
    assert parse_event(12, SENT).size == 0


def test_an_ipv4_address_within_ipv6_is_one():
    mapped = "00000000000000000000ffff"
    event = parse_event(26, bytes.fromhex(f"01000000 00000000 {mapped}c0000209 {mapped}c0000207 0015 c000"))
    assert event.ends == bytes([192, 0, 2, 7, 192, 0, 2, 9]) + b"\xc0\x00\x00\x15"


@pytest.mark.parametrize("number", [0, 14, 16, 17, 18, 34, 49, 65535])
def test_other_events_tell_nothing_of_connections(number):
    assert number not in EVENT_IDS
    with pytest.raises(ParseError, match=f"event {number} tells nothing"):
        parse_event(number, SENT)


def test_an_event_that_ends_within_its_fields():
    assert parse_event(10, SENT[:20]).size == 512
    with pytest.raises(ParseError, match="ends within its fields"):
        parse_event(10, SENT[:19])
    with pytest.raises(ParseError, match="ends within its fields"):
        parse_event(26, SENT)
