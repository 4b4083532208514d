"""Who holds a socket: asked of the kernel, whose numbers of processes and sockets come again."""

import os
import socket
import subprocess

from javert.sensors.linux.clock import BootClock
from javert.sensors.linux.network import BpfNetworkSensor
from javert.sensors.linux.processes import ProcessTable
from javert.sensors.linux.sockets import holders, holds
from javert.sensors.own_flows import OwnFlows


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


def test_whoever_has_the_number_of_a_process_that_held_a_socket_is_not_blamed():
    sensor = BpfNetworkSensor(ProcessTable(), BootClock(), OwnFlows())
    sensor._table.emit_to(lambda record: None)
    with socket.socket() as one, subprocess.Popen(["cat"], stdin=subprocess.PIPE) as other:
        inode = os.fstat(one.fileno()).st_ino
        sensor._inodes = {inode: [other.pid]}  # as it was when the run began
        assert sensor._holder(inode).pid == os.getpid()
        one.close()
        assert sensor._holder(inode) is None
