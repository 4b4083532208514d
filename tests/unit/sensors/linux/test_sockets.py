"""Who holds a socket: asked of the kernel, whose numbers of processes and sockets come again."""

import os
import socket
import subprocess

from javert.sensors.linux.sockets import holders, holds


def test_a_process_holds_a_socket_until_it_closes_it():
    with socket.socket() as one:
        inode = os.fstat(one.fileno()).st_ino
        assert holds(os.getpid(), inode)
    assert not holds(os.getpid(), inode)


def test_a_process_that_ended_holds_nothing():
    ended = subprocess.Popen(["true"])
    ended.wait()
    with socket.socket() as one:
        assert not holds(ended.pid, os.fstat(one.fileno()).st_ino)


def test_all_holders_of_one_socket_are_found():
    with socket.socket() as one:
        inode = os.fstat(one.fileno()).st_ino
        with subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=[one.fileno()]) as other:
            found, _ = holders(frozenset({inode}))
            assert found == {inode: sorted([os.getpid(), other.pid])}
