"""Windows' tables of sockets, as tcpmib.h and udpmib.h lay them out."""

import pytest

from javert.errors import ParseError
from javert.formats.socket_tables import SocketRow, Table, parse_table

OWNER = bytes(8 + 128)
"""liCreateTimestamp and OwningModuleInfo."""
# state 5, 192.0.2.7:49152, 192.0.2.9:21, pid 4660
TCP4 = bytes.fromhex("05000000 c0000207 c0000000 c0000209 00150000 34120000") + OWNER
# ::1 scope 3, port 8080; any peer; state 2, pid 4660
TCP6 = bytes.fromhex(f"{'00' * 15}01 03000000 1f900000 {'00' * 16} 00000000 00000000 02000000 34120000") + OWNER
# 0.0.0.0:161, pid 4660, padding; timestamp, flags, padding, module
UDP4 = bytes.fromhex("00000000 00a10000 34120000 00000000") + bytes(8 + 8 + 128)
# [::]:69
UDP6 = bytes.fromhex(f"{'00' * 16} 00000000 00450000 34120000 00000000") + bytes(8 + 8 + 128)


def table(*rows):
    return len(rows).to_bytes(4, "little") + bytes(4) + b"".join(rows)


def test_a_connection():
    (row,) = parse_table(Table.TCP4, table(TCP4))
    ends = bytes([192, 0, 2, 7, 192, 0, 2, 9]) + b"\xc0\x00\x00\x15"
    assert row == SocketRow(5, "192.0.2.7", 49152, "192.0.2.9", 21, 0x1234, ends, TCP4)


def test_an_ipv6_listener():
    (row,) = parse_table(Table.TCP6, table(TCP6))
    assert row[:6] == (2, "::1", 8080, "::", 0, 0x1234)


@pytest.mark.parametrize(
    ("kind", "raw", "address", "port"), [(Table.UDP4, UDP4, "0.0.0.0", 161), (Table.UDP6, UDP6, "::", 69)]
)
def test_datagram_sockets(kind, raw, address, port):
    (row,) = parse_table(kind, table(raw))
    assert row == SocketRow(0, address, port, "", 0, 0x1234, b"", raw)


def test_rows_are_as_long_as_the_headers_say():
    assert [len(raw) for raw in (TCP4, TCP6, UDP4, UDP6)] == [kind.row for kind in Table]


def test_an_ipv4_connection_of_an_ipv6_socket_is_one():
    mapped = "00000000000000000000ffff"
    raw = (
        bytes.fromhex(f"{mapped}c0000207 00000000 c0000000 {mapped}c0000209 00000000 00150000 05000000 34120000")
        + OWNER
    )
    (row,) = parse_table(Table.TCP6, table(raw))
    assert (row.address, row.peer, len(row.ends)) == ("192.0.2.7", "192.0.2.9", 12)


def test_several_rows_and_room_to_spare():
    rows = parse_table(Table.TCP4, table(TCP4, TCP4) + bytes(1000))
    assert len(rows) == 2


def test_an_empty_table_may_be_its_number_alone():
    assert parse_table(Table.UDP6, bytes(4)) == []


@pytest.mark.parametrize("data", [b"", b"\1\0\0", table(TCP4)[:-1], table(TCP4, TCP4)[:-160], b"\xff" * 400])
def test_a_table_that_is_cut(data):
    with pytest.raises(ParseError, match="table of sockets"):
        parse_table(Table.TCP4, data)
