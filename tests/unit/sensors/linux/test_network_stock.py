"""What is open in the namespaces of the host, and who holds it."""

import os
import socket
import subprocess
from unittest.mock import Mock

from javert.sensors.linux.clock import BootClock
from javert.sensors.linux.listeners import ListenerBook
from javert.sensors.linux.network_programs import NetworkPrograms
from javert.sensors.linux.network_stock import NetworkStock
from javert.sensors.linux.processes import ProcessTable
from javert.sensors.own_flows import OwnFlows


def test_whoever_has_the_number_of_a_process_that_held_a_socket_is_not_blamed():
    table, clock, own = ProcessTable(), BootClock(), OwnFlows()
    table.emit_to(_drop)
    stock = NetworkStock(_drop, table, clock, ListenerBook(_drop, table, own), Mock(spec=NetworkPrograms))
    with socket.socket() as one, subprocess.Popen(["cat"], stdin=subprocess.PIPE) as other:
        inode = os.fstat(one.fileno()).st_ino
        stock._inodes = {inode: [other.pid]}  # as it was when the run began
        assert stock.holder(inode).pid == os.getpid()
        one.close()
        assert stock.holder(inode) is None


def _drop(_record):
    """Takes a record, and keeps nothing."""
