"""Requests and answers of the kernel's socket listing: sock_diag(7), include/uapi/linux/inet_diag.h, netlink(7)."""

import struct
from collections.abc import Container
from typing import NamedTuple

from javert.errors import ParseError
from javert.formats.addresses import address_text

IPPROTO_TCP = 6
IPPROTO_UDP = 17
AF_INET = 2
AF_INET6 = 10
TCP_ESTABLISHED = 1
TCP_CLOSE = 7
TCP_LISTEN = 10

_SOCK_DIAG_BY_FAMILY = 20
_NLM_F_REQUEST, _NLM_F_DUMP, _NLM_F_DUMP_INTR = 0x1, 0x300, 0x10
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_INET_DIAG_SKV6ONLY = 11
_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_REQUEST = struct.Struct("=BBBBI")
_MESSAGE = struct.Struct("=BBBB2s2s16s16sIIIIIIII")  # struct inet_diag_msg, with struct inet_diag_sockid inside
_PEER_PORT = struct.Struct(">6xH")  # of it, the beginning
_ERROR = struct.Struct("=i")


class SocketEntry(NamedTuple):
    """One socket. Addresses as text, IPv4-mapped IPv6 as IPv4; ``inode`` 0: no process holds it any more.

    Attributes:
        dual_stack: an IPv6 socket that takes IPv4 too (IPV6_V6ONLY is off).
    """

    family: int
    state: int
    address: str
    port: int
    peer: str
    peer_port: int
    uid: int
    inode: int
    dual_stack: bool


def dump_request(family: int, protocol: int, states: int) -> bytes:
    """The request for all sockets of a family and protocol in any of ``states`` (bit 1 << state)."""
    # idiag_ext 0: no attributes are asked for; struct inet_diag_sockid stays empty in a dump.
    body = _REQUEST.pack(family, protocol, 0, 0, states) + bytes(48)
    return _HEADER.pack(_HEADER.size + len(body), _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST | _NLM_F_DUMP, 1, 0) + body


class DumpChunk(NamedTuple):
    """What one datagram of the answer held.

    Attributes:
        done: it was the last.
        error: errno the kernel answered with; 0 if none.
        interrupted: the table changed while it was read, so entries may be missing or doubled.
    """

    entries: list[SocketEntry]
    done: bool
    error: int
    interrupted: bool


def parse_dump(data: bytes, peer_ports: Container[int] | None = None) -> DumpChunk:
    """The sockets in one datagram of the answer.

    Args:
        data: the datagram.
        peer_ports: only sockets whose peer has one of these ports; None for all. On a host with 100,000 connections
            the others are not worth being put into words.

    Raises:
        ParseError: lengths that do not fit.
    """
    entries: list[SocketEntry] = []
    interrupted = False
    at = 0
    while at + _HEADER.size <= len(data):
        length, kind, flags, _sequence, _port = _HEADER.unpack_from(data, at)
        if length < _HEADER.size or at + length > len(data):
            raise ParseError("a netlink message has an impossible length")
        interrupted = interrupted or bool(flags & _NLM_F_DUMP_INTR)
        if kind == _NLMSG_DONE:
            return DumpChunk(entries, True, 0, interrupted)
        if kind == _NLMSG_ERROR:
            if length < _HEADER.size + _ERROR.size:
                raise ParseError("a netlink error message is cut")
            return DumpChunk(entries, True, -_ERROR.unpack_from(data, at + _HEADER.size)[0], interrupted)
        if kind == _SOCK_DIAG_BY_FAMILY:
            if length < _HEADER.size + _MESSAGE.size:
                raise ParseError("a socket entry is cut")
            if peer_ports is None or _PEER_PORT.unpack_from(data, at + _HEADER.size)[0] in peer_ports:
                entries.append(_entry(data, at + _HEADER.size, at + length))
        at += (length + 3) & ~3
    return DumpChunk(entries, False, 0, interrupted)


def _entry(data: bytes, start: int, end: int) -> SocketEntry:
    fields = _MESSAGE.unpack_from(data, start)
    family, state, _timer, _retransmits, source_port, peer_port, source, peer = fields[:8]
    uid, inode = fields[-2:]
    if family == AF_INET:
        source, peer = source[:4], peer[:4]
    return SocketEntry(
        family=family,
        state=state,
        address=address_text(source),
        port=int.from_bytes(source_port, "big"),
        peer=address_text(peer),
        peer_port=int.from_bytes(peer_port, "big"),
        uid=uid,
        inode=inode,
        dual_stack=family == AF_INET6 and not _v6_only(data, start + _MESSAGE.size, end),
    )


def _v6_only(data: bytes, at: int, end: int) -> bool:
    """The attribute INET_DIAG_SKV6ONLY, which the kernel sends unasked for listening and unconnected sockets."""
    while at + _ATTRIBUTE.size <= end:
        length, kind = _ATTRIBUTE.unpack_from(data, at)
        if length < _ATTRIBUTE.size or at + length > end:
            raise ParseError("a netlink attribute has an impossible length")
        if kind == _INET_DIAG_SKV6ONLY:
            return length > _ATTRIBUTE.size and bool(data[at + _ATTRIBUTE.size])
        at += (length + 3) & ~3
    return False
