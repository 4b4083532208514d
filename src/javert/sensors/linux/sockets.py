"""Lists sockets through sock_diag, and finds the processes that hold them."""

import errno
import os
import socket
from collections.abc import Container, Iterable, Iterator

from javert.errors import ParseError, SensorError
from javert.formats.sock_diag import (
    AF_INET,
    AF_INET6,
    SocketEntry,
    dump_request,
    parse_dump,
)
from javert.sensors.linux.namespaces import processes

_NETLINK_SOCK_DIAG = 4
_ATTEMPTS = 4


def list_sockets(
    protocol: int, states: Iterable[int], peer_ports: Container[int] | None = None
) -> list[SocketEntry]:
    """The sockets of this network namespace in one of ``states``, IPv4 and IPv6.

    A listing that the kernel calls interrupted is taken again, a few times.

    Args:
        protocol: IPPROTO_TCP or IPPROTO_UDP.
        states: as in include/net/tcp_states.h.
        peer_ports: only those whose peer has one of these ports; None for all.

    Raises:
        SensorError: the kernel refuses (sock_diag is not built in), or answers nonsense.
    """
    wanted = sum(1 << state for state in states)
    found: list[SocketEntry] = []
    for family in (AF_INET, AF_INET6):
        for _ in range(_ATTEMPTS):
            entries, interrupted = _dump(family, protocol, wanted, peer_ports)
            if not interrupted:
                break
        found.extend(entries)
    return found


def _dump(
    family: int, protocol: int, states: int, peer_ports: Container[int] | None
) -> tuple[list[SocketEntry], bool]:
    entries: list[SocketEntry] = []
    interrupted = False
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as netlink:
            netlink.send(dump_request(family, protocol, states))
            while True:
                chunk = parse_dump(netlink.recv(1 << 18), peer_ports)
                entries.extend(chunk.entries)
                interrupted = interrupted or chunk.interrupted
                if chunk.error and chunk.error != errno.ENOENT:  # ENOENT: no IPv6, no such protocol
                    raise SensorError(f"the kernel refuses to list sockets: {os.strerror(chunk.error)}")
                if chunk.done:
                    return entries, interrupted
    except OSError as error:
        raise SensorError(f"the kernel refuses to list sockets: {error.strerror}") from None
    except ParseError as error:
        raise SensorError(f"the kernel's list of sockets cannot be read: {error}") from None


def holders(inodes: frozenset[int] | None = None) -> tuple[dict[int, list[int]], int]:
    """The processes that hold each socket, by inode number, from ``/proc/PID/fd``.

    Args:
        inodes: only these; None for every socket.

    Returns:
        Pids in ascending order for each inode, and how many processes could not be looked into.
    """
    found: dict[int, list[int]] = {}
    unreadable = 0
    for pid in processes():
        try:
            for inode in sockets_of(pid):
                if inodes is None or inode in inodes:
                    found.setdefault(inode, []).append(pid)
        except PermissionError:
            unreadable += 1
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended meanwhile
    return found, unreadable


def sockets_of(pid: int) -> Iterator[int]:
    """The inode numbers of the sockets that a process holds; OSError if it ended or is not ours to look at."""
    directory = f"/proc/{pid}/fd"
    seen: set[int] = set()
    for fd in os.listdir(directory):
        try:
            target = os.readlink(f"{directory}/{fd}")
        except FileNotFoundError:
            continue  # closed meanwhile
        if target.startswith("socket:["):
            inode = int(target[8:-1])
            if inode not in seen:
                seen.add(inode)
                yield inode


def holds(pid: int, inode: int) -> bool:
    """Whether a process holds a socket now; False also if it ended or is not ours to look at."""
    try:
        return inode in sockets_of(pid)
    except OSError:
        return False
