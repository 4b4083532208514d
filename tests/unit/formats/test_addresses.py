"""Addresses from bytes to text."""

import ipaddress

import pytest

from javert.errors import ParseError
from javert.formats.addresses import address_text, authority, is_loopback, is_unspecified


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (bytes([192, 0, 2, 7]), "192.0.2.7"),
        (bytes(4), "0.0.0.0"),
        (bytes(16), "::"),
        (bytes(15) + b"\1", "::1"),
        (bytes.fromhex("20010db8000000000000000000000042"), "2001:db8::42"),
        (bytes(10) + b"\xff\xff" + bytes([192, 0, 2, 7]), "192.0.2.7"),
        (bytes(12) + bytes([192, 0, 2, 7]), "::c000:207"),  # IPv4-compatible, RFC 4291 2.5.5.1: another thing
    ],
)
def test_an_address_reads_as_people_write_it(raw, text):
    assert address_text(raw) == text


@pytest.mark.parametrize("length", [0, 1, 3, 5, 12, 15, 17])
def test_another_length_is_an_error(length):
    with pytest.raises(ParseError):
        address_text(bytes(length))


@pytest.mark.parametrize("text", ["127.0.0.1", "127.255.255.254", "127.0.0.53", "::1"])
def test_loopback_is_a_whole_network_in_ipv4_and_one_address_in_ipv6(text):
    assert is_loopback(text)
    assert ipaddress.ip_address(text).is_loopback


@pytest.mark.parametrize("text", ["128.0.0.1", "12.7.0.1", "1.127.0.1", "::", "::2", "fe80::1", "0.0.0.0"])
def test_nothing_else_is_loopback(text):
    assert not is_loopback(text)
    assert not ipaddress.ip_address(text).is_loopback


@pytest.mark.parametrize(
    ("text", "every"), [("0.0.0.0", True), ("::", True), ("0.0.0.1", False), ("::1", False), ("10.0.0.0", False)]
)
def test_two_addresses_stand_for_every_address(text, every):
    assert is_unspecified(text) is every


def test_an_ipv6_address_stands_in_brackets_before_a_port():
    assert authority("192.0.2.7", 80) == "192.0.2.7:80"
    assert authority("2001:db8::7", 80) == "[2001:db8::7]:80"
