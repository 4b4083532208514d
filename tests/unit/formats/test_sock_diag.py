"""The kernel's socket listing, byte by byte; tests/oracle/formats asks the kernel and other tools."""

import errno
import struct

import pytest

from javert.errors import ParseError
from javert.formats.sock_diag import (
    AF_INET,
    AF_INET6,
    IPPROTO_TCP,
    TCP_ESTABLISHED,
    TCP_LISTEN,
    DumpChunk,
    SocketEntry,
    dump_request,
    parse_dump,
)

SOCK_DIAG_BY_FAMILY, ERROR, DONE, NOOP = 20, 2, 3, 1
MULTI, DUMP_INTERRUPTED = 0x2, 0x10
V6ONLY = 11


def message(kind, body=b"", flags=MULTI, length=None):
    size = 16 + len(body)
    header = struct.pack("=IHHII", size if length is None else length, kind, flags, 1, 0)
    return header + body + bytes(-size % 4)


def attribute(kind, value):
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def entry(
    family=AF_INET, state=TCP_LISTEN, address=bytes(16), peer=bytes(16), port=80, peer_port=0, attributes=b""
):
    ports = struct.pack(">HH", port, peer_port)
    numbers = struct.pack("=IIIIIIII", 0, 0xFFFFFFFF, 0xFFFFFFFF, 0, 0, 128, 33, 4242)
    body = struct.pack("=BBBB", family, state, 0, 0) + ports + address + peer + numbers
    return message(SOCK_DIAG_BY_FAMILY, body + attributes)


def test_a_request_asks_for_every_socket_of_a_family_in_the_states():
    request = dump_request(AF_INET6, IPPROTO_TCP, 1 << TCP_LISTEN)
    length, kind, flags, _sequence, _port = struct.unpack_from("=IHHII", request)
    assert (length, kind, flags) == (len(request), SOCK_DIAG_BY_FAMILY, 0x301)
    assert struct.unpack_from("=BBBBI", request, 16) == (AF_INET6, IPPROTO_TCP, 0, 0, 1 << TCP_LISTEN)
    assert len(request) == 16 + 56  # struct inet_diag_req_v2
    assert request[24:] == bytes(48)  # struct inet_diag_sockid: any


def test_an_ipv4_listener():
    (found,) = parse_dump(entry(address=bytes([127, 0, 0, 1]) + bytes(12), port=8080)).entries
    assert found == SocketEntry(AF_INET, TCP_LISTEN, "127.0.0.1", 8080, "0.0.0.0", 0, 33, 4242, False)


def test_bytes_behind_an_ipv4_address_mean_nothing():
    (found,) = parse_dump(entry(address=bytes([10, 0, 0, 1]) + b"\xee" * 12)).entries
    assert found.address == "10.0.0.1"


def test_ipv6_and_mapped_addresses_and_ports_in_network_order():
    mapped = bytes(10) + b"\xff\xff" + bytes([192, 0, 2, 7])
    (found,) = parse_dump(
        entry(AF_INET6, TCP_ESTABLISHED, bytes(15) + b"\1", mapped, port=0x1234, peer_port=0x5678)
    ).entries
    assert (found.address, found.port, found.peer, found.peer_port) == ("::1", 0x1234, "192.0.2.7", 0x5678)


@pytest.mark.parametrize(
    ("family", "attributes", "dual"),
    [
        (AF_INET6, attribute(V6ONLY, b"\0"), True),
        (AF_INET6, attribute(V6ONLY, b"\1"), False),
        (AF_INET6, attribute(8, b"\0") + attribute(V6ONLY, b"\1"), False),
        (AF_INET6, b"", True),
        (AF_INET, attribute(V6ONLY, b"\0"), False),
    ],
)
def test_dual_stack_is_ipv6_that_is_not_alone(family, attributes, dual):
    (found,) = parse_dump(entry(family, attributes=attributes)).entries
    assert found.dual_stack is dual


def test_a_datagram_holds_many_sockets_and_then_the_end():
    chunk = parse_dump(entry(port=1) + entry(port=2) + message(DONE, bytes(4)) + entry(port=3))
    assert [found.port for found in chunk.entries] == [1, 2]
    assert chunk.done
    assert chunk.error == 0


def test_without_an_end_more_follows():
    assert parse_dump(entry()).done is False
    assert parse_dump(b"") == DumpChunk([], False, 0, False)


def test_only_sockets_with_a_wanted_peer_are_put_into_words():
    data = entry(peer_port=23) + entry(peer_port=443) + entry(peer_port=0x1500) + message(DONE, bytes(4))
    chunk = parse_dump(data, peer_ports={23, 21})  # 21 is 0x15: the order of its bytes matters
    assert [found.peer_port for found in chunk.entries] == [23]
    assert chunk.done


def test_messages_of_other_kinds_are_passed_over():
    assert [found.port for found in parse_dump(message(NOOP) + entry(port=2)).entries] == [2]


def test_a_refusal_tells_its_errno():
    chunk = parse_dump(message(ERROR, struct.pack("=i", -errno.EPERM) + bytes(16)))
    assert (chunk.done, chunk.error) == (True, errno.EPERM)


def test_a_listing_that_changed_underway_says_so():
    assert parse_dump(entry() + message(DONE, bytes(4), MULTI | DUMP_INTERRUPTED)).interrupted
    assert not parse_dump(entry() + message(DONE, bytes(4))).interrupted


@pytest.mark.parametrize("length", [0, 15, 17, 1 << 31])
def test_an_impossible_length_is_an_error(length):
    with pytest.raises(ParseError, match="impossible length"):
        parse_dump(message(DONE, length=length))


def test_a_cut_entry_is_an_error():
    with pytest.raises(ParseError, match="cut"):
        parse_dump(message(SOCK_DIAG_BY_FAMILY, bytes(71)))


def test_a_cut_refusal_is_an_error():
    with pytest.raises(ParseError, match="cut"):
        parse_dump(message(ERROR, b"\1"))


@pytest.mark.parametrize("length", [0, 3, 6, 200])
def test_an_attribute_of_an_impossible_length_is_an_error(length):
    with pytest.raises(ParseError, match="attribute"):
        parse_dump(entry(AF_INET6, attributes=struct.pack("=HH", length, V6ONLY)))
