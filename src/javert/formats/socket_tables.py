"""Windows' tables of sockets and their owners, as GetExtendedTcpTable and GetExtendedUdpTable give them.

Layouts: MIB_TCPTABLE_OWNER_MODULE and MIB_TCP6TABLE_OWNER_MODULE of tcpmib.h, MIB_UDPTABLE_OWNER_MODULE and
MIB_UDP6TABLE_OWNER_MODULE of udpmib.h, in a 64-bit process. A table is a count, padding to 8 bytes, and so many
rows; integers are little-endian, ports are two bytes in network order in the low half of four.
"""

import struct
from enum import Enum
from typing import NamedTuple

from javert.errors import ParseError
from javert.formats.addresses import address_text

TCP_LISTEN = 2
"""MIB_TCP_STATE_LISTEN of tcpmib.h."""
TCP_CAME_ABOUT = range(5, 12)
"""From MIB_TCP_STATE_ESTAB to MIB_TCP_STATE_TIME_WAIT: the handshake was completed."""
_MAPPED = bytes(10) + b"\xff\xff"


class Table(Enum):
    """Which table the bytes are of; the value is the size of a row in bytes."""

    TCP4 = (160, struct.Struct("<I4s2sxx4s2sxxI"))
    TCP6 = (192, struct.Struct("<16s4x2sxx16s4x2sxxII"))
    UDP4 = (160, struct.Struct("<4s2sxxI"))
    UDP6 = (176, struct.Struct("<16s4x2sxxI"))

    @property
    def row(self) -> int:
        """Size of a row, bytes."""
        return self.value[0]


class SocketRow(NamedTuple):
    """A socket.

    Attributes:
        state: MIB_TCP_STATE; 0 for UDP.
        address, port: its own.
        peer, peer_port: the other side's; "" and 0 for UDP.
        pid: the process that owns it; 0 where Windows does not say (one that waits for its time to be over).
        ends: whose it is, in network order, its own side first; as in ``javert.formats.packets``.
        raw: the row itself, by which Windows tells what module owns it.
    """

    state: int
    address: str
    port: int
    peer: str
    peer_port: int
    pid: int
    ends: bytes
    raw: bytes


def parse_table(table: Table, data: bytes) -> list[SocketRow]:
    """The rows of a table.

    Raises:
        ParseError: it is shorter than its count says.
    """
    if len(data) < 4:
        raise ParseError("a table of sockets begins with their number")
    count = int.from_bytes(data[:4], "little")
    if not count:
        return []
    if len(data) < 8 + count * table.row:
        raise ParseError("a table of sockets ends before its last row")
    return [_row(table, data[at : at + table.row]) for at in range(8, 8 + count * table.row, table.row)]


def _row(table: Table, raw: bytes) -> SocketRow:
    fields = table.value[1].unpack_from(raw)
    if table is Table.TCP4:
        state, address, port, peer, peer_port, pid = fields
    elif table is Table.TCP6:
        address, port, peer, peer_port, state, pid = fields
    else:
        address, port, pid = fields
        return SocketRow(0, address_text(address), int.from_bytes(port, "big"), "", 0, pid, b"", raw)
    if address.startswith(_MAPPED) and peer.startswith(_MAPPED):
        address, peer = address[12:], peer[12:]
    return SocketRow(
        state=state,
        address=address_text(address),
        port=int.from_bytes(port, "big"),
        peer=address_text(peer),
        peer_port=int.from_bytes(peer_port, "big"),
        pid=pid,
        ends=address + peer + port + peer_port,
        raw=raw,
    )
