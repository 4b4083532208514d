"""The kernel's socket listing against ss, pyroute2 and psutil, over sockets that the test opens."""

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple

import psutil
import pytest
from pyroute2 import DiagSocket

from javert.formats.sock_diag import (
    AF_INET6,
    IPPROTO_TCP,
    IPPROTO_UDP,
    TCP_CLOSE,
    TCP_ESTABLISHED,
    TCP_LISTEN,
    SocketEntry,
)
from javert.sensors.linux.sockets import holders, list_sockets


class Opened(NamedTuple):
    """The sockets of one test: by inode number."""

    listeners: set[int]
    connected: set[int]
    datagrams: set[int]


def inode(opened: socket.socket) -> int:
    return os.fstat(opened.fileno()).st_ino


@pytest.fixture
def opened() -> Iterator[Opened]:
    """Listeners, connections and datagram sockets of both families, dual stack and not, mapped and shared."""
    with ExitStack() as stack:

        def make(family: int, kind: int, address: str, port: int = 0, **options: int) -> socket.socket:
            made = stack.enter_context(socket.socket(family, kind))
            if family == socket.AF_INET6:
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, options.get("v6only", 0))
            if options.get("shared"):
                made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            made.bind((address, port))
            if kind == socket.SOCK_STREAM:
                made.listen()
            return made

        stream, datagram = socket.SOCK_STREAM, socket.SOCK_DGRAM
        shared = make(socket.AF_INET, stream, "127.0.0.1", shared=1)
        listeners = [
            make(socket.AF_INET, stream, "127.0.0.1"),
            make(socket.AF_INET, stream, "0.0.0.0"),
            make(socket.AF_INET6, stream, "::"),
            make(socket.AF_INET6, stream, "::", v6only=1),
            make(socket.AF_INET6, stream, "::1"),
            make(socket.AF_INET6, stream, "::ffff:127.0.0.1"),
            shared,
            make(socket.AF_INET, stream, "127.0.0.1", shared.getsockname()[1], shared=1),
        ]
        datagrams = [
            make(socket.AF_INET, datagram, "127.0.0.1"),
            make(socket.AF_INET6, datagram, "::"),
            make(socket.AF_INET6, datagram, "::1", v6only=1),
        ]
        connected = []
        for listener, target in ((listeners[0], "127.0.0.1"), (listeners[2], "127.0.0.1"), (listeners[4], "::1")):
            client = stack.enter_context(socket.create_connection((target, listener.getsockname()[1])))
            connected += [client, stack.enter_context(listener.accept()[0])]
        yield Opened(
            listeners=set(map(inode, listeners)),
            connected=set(map(inode, connected)),
            datagrams=set(map(inode, datagrams)),
        )


def ours(opened: Opened) -> dict[int, SocketEntry]:
    """What Javert lists of the test's sockets."""
    streams = list_sockets(IPPROTO_TCP, [TCP_LISTEN, TCP_ESTABLISHED])
    datagrams = list_sockets(IPPROTO_UDP, [TCP_CLOSE])
    wanted = opened.listeners | opened.connected | opened.datagrams
    found = [entry for entry in streams + datagrams if entry.inode in wanted]
    assert len(found) == len(wanted)
    return {entry.inode: entry for entry in found}


def plain(address: str) -> str:
    return address.strip("[]").removeprefix("::ffff:").split("%")[0]


def test_states_are_as_the_sockets_are(opened):
    states = {number: entry.state for number, entry in ours(opened).items()}
    assert {number for number, state in states.items() if state == TCP_LISTEN} == opened.listeners
    assert {number for number, state in states.items() if state == TCP_ESTABLISHED} == opened.connected
    assert {number for number, state in states.items() if state == TCP_CLOSE} == opened.datagrams


def test_only_the_states_asked_for_are_listed(opened):
    listening = {entry.inode for entry in list_sockets(IPPROTO_TCP, [TCP_LISTEN])}
    assert opened.listeners <= listening
    assert not opened.connected & listening


def test_only_the_peers_asked_for_are_listed(opened):
    whole = [e for e in list_sockets(IPPROTO_TCP, [TCP_ESTABLISHED]) if e.inode in opened.connected]
    port = whole[0].peer_port
    part = list_sockets(IPPROTO_TCP, [TCP_ESTABLISHED], {port})
    assert whole[0] in part
    assert {entry.peer_port for entry in part} == {port}


def test_against_psutil(opened):
    here = {entry[:4]: entry for entry in map(_psutil_row, psutil.Process().net_connections("inet"))}
    for entry in ours(opened).values():
        peer = (entry.peer, entry.peer_port) if entry.state == TCP_ESTABLISHED else ("", 0)
        row = here[plain(entry.address), entry.port, *peer]
        assert (row[4] == socket.AF_INET6) is (entry.family == AF_INET6)
        assert row[5] == {TCP_LISTEN: "LISTEN", TCP_ESTABLISHED: "ESTABLISHED", TCP_CLOSE: "NONE"}[entry.state]


def _psutil_row(found: Any) -> tuple[str, int, str, int, int, str]:
    peer = (plain(found.raddr.ip), found.raddr.port) if found.raddr else ("", 0)
    return (plain(found.laddr.ip), found.laddr.port, *peer, int(found.family), found.status)


def test_against_pyroute2(opened):
    theirs = {}
    with DiagSocket() as diag:
        diag.bind()
        for family in (socket.AF_INET, socket.AF_INET6):
            for protocol in (IPPROTO_TCP, IPPROTO_UDP):
                for found in diag.get_sock_stats(family=family, protocol=protocol):
                    theirs[found["idiag_inode"]] = found
    for number, entry in ours(opened).items():
        found = theirs[number]
        assert (found["idiag_family"], found["idiag_state"]) == (entry.family, entry.state)
        assert (plain(found["idiag_src"]), found["idiag_sport"]) == (entry.address, entry.port)
        assert (plain(found["idiag_dst"]), found["idiag_dport"]) == (entry.peer, entry.peer_port)
        assert found["idiag_uid"] == entry.uid
        if entry.family == AF_INET6 and entry.state != TCP_ESTABLISHED:
            assert entry.dual_stack is not bool(found.get_attr("INET_DIAG_SKV6ONLY"))


@pytest.mark.skipif(not shutil.which("ss"), reason="ss (iproute2) is not installed")
def test_against_ss(opened):
    text = subprocess.run(
        ["ss", "--numeric", "--tcp", "--udp", "--all", "--extended", "--no-header"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=30,
    ).stdout
    theirs = {int(match[1]): line for line in text.splitlines() if (match := re.search(r"\bino:(\d+)\b", line))}
    for number, entry in ours(opened).items():
        _netid, _state, _recv, _send, local, peer, *_ = theirs[number].split()
        address, _, port = local.rpartition(":")
        assert int(port) == entry.port
        # "*" is what ss prints for an IPv6 wildcard that takes IPv4 too.
        assert plain(address) == ("*" if entry.dual_stack and entry.address == "::" else entry.address)
        if entry.state == TCP_ESTABLISHED:
            assert peer.rpartition(":")[2] == str(entry.peer_port)
        assert ("v6only:1" in theirs[number]) is (
            entry.family == AF_INET6 and entry.state != TCP_ESTABLISHED and not entry.dual_stack
        )


def test_the_holder_of_every_socket_is_found(opened):
    wanted = frozenset(opened.listeners | opened.connected | opened.datagrams)
    found, _ = holders(wanted)
    assert set(found) == wanted
    assert all(psutil.Process().pid in pids for pids in found.values())
