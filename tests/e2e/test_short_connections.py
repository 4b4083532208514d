"""Connections as short as they come: each is counted, on both sides, and none is lost."""

import os
import socket
import sys
import time

import pytest
from benchmarks.watching import LOOPBACK, NGINX, SOURCE, nginx

from javert.model.codec import decode_record
from javert.model.telemetry import Endpoint, Role

pytestmark = pytest.mark.root

CONNECTIONS = 2000

# Accepts and closes, without a byte.
SERVER = """
import socket
listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
print(listener.getsockname()[1], flush=True)
while True:
    listener.accept()[0].close()
"""

# Connects and closes, without a byte; says how many times that succeeded.
CLIENT = """
import socket, sys
port, wanted = int(sys.argv[1]), int(sys.argv[2])
for done in range(wanted):
    socket.create_connection(("127.0.0.1", port)).close()
print(done + 1)
"""


@pytest.fixture
def endpoints():
    """The last record of each endpoint at a port that a journal holds."""

    def read(journal, port):
        records = {}
        for line in journal.read_bytes().splitlines():
            record = decode_record(line)
            if isinstance(record, Endpoint) and record.port == port:
                records[record.id] = record
        return records.values()

    return read


def counted(endpoints):
    """How many connections there were, on each side."""
    return {role: sum(one.connections for one in endpoints if one.role is role) for role in Role}


def test_each_of_two_thousand_is_counted_on_both_sides(javert, children, execute, workplace, endpoints):
    server = children.start(sys.executable, "-c", SERVER)
    port = int(server.stdout.readline())
    run = javert.assess("--duration", "1h", "--scan", workplace).collecting()
    sent = int(execute(sys.executable, "-c", CLIENT, port, CONNECTIONS).stdout)
    ended = run.interrupted()
    assert sent == CONNECTIONS
    told = endpoints(run.journal, port)
    assert counted(told) == {Role.CLIENT: sent, Role.SERVER: sent}
    assert sum(endpoint.refused for endpoint in told) == 0
    assert [sensor for sensor in ended.document["sensors"] if sensor["lost"]] == []
    unused = [one["attributes"]["port"] for one in ended.document["findings"] if "listening_s" in one["attributes"]]
    assert port not in unused


def test_listeners_each_used_once_for_an_instant_are_all_used(javert, children, workplace):
    """Many endpoints instead of many connections: one at each of a hundred ports, and none at another."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(101)]
    try:
        ports = [listener.getsockname()[1] for listener in listeners]
        run = javert.assess("--duration", "1h", "--scan", workplace).collecting()
        for port in ports[1:]:
            socket.create_connection(("127.0.0.1", port)).close()
        ended = run.interrupted()
    finally:
        for listener in listeners:
            listener.close()
    unused = {one["attributes"]["port"] for one in ended.document["findings"] if "listening_s" in one["attributes"]}
    assert unused & set(ports) == {ports[0]}


@pytest.mark.serial
def test_none_is_lost_at_the_highest_rate_of_the_machine(javert, execute, workplace, endpoints, tmp_path):
    """A hundred thousand are asked for within a second; as many as the machine makes are counted, on both sides."""
    client = tmp_path / "short-connections"
    execute("gcc", "-O2", "-o", client, SOURCE)
    with nginx(LOOPBACK):
        run = javert.assess("--duration", "1h", "--scan", workplace).collecting()
        sent = int(execute(client, LOOPBACK.address, LOOPBACK.port, 100_000, 1).stdout.split()[0])
        ended = run.interrupted()
    assert sent >= 100_000
    assert counted(endpoints(run.journal, LOOPBACK.port)) == {Role.CLIENT: sent, Role.SERVER: sent}
    assert [sensor for sensor in ended.document["sensors"] if sensor["lost"]] == []


@pytest.fixture
def interrupted_namespace(execute):
    """A network namespace whose packets go on on either processor, by an interrupt: as with network cards."""
    name = f"javert-rps-{os.getpid()}"
    spread = "ip link set lo up && echo 3 > /sys/class/net/lo/queues/rx-0/rps_cpus"
    try:
        execute("ip", "netns", "add", name)
        execute("ip", "netns", "exec", name, "sh", "-c", spread)
        yield ("ip", "netns", "exec", name)
    finally:
        execute("ip", "netns", "del", name)


@pytest.mark.serial
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="takes two processors")
def test_none_is_lost_when_one_is_accepted_in_the_middle_of_anothers_beginning(
    javert, children, execute, workplace, endpoints, tmp_path, interrupted_namespace
):
    """The kernel leaves out a tracing program that it interrupted with itself: here some 200 times of 60,000."""
    client, top = tmp_path / "short-connections", tmp_path / "nginx"
    execute("gcc", "-O2", "-o", client, SOURCE)
    top.mkdir()
    configuration = top / "nginx.conf"
    configuration.write_text(NGINX.format(top=top, address=LOOPBACK.address, port=LOOPBACK.port))
    children.start(*interrupted_namespace, "nginx", "-p", top, "-c", configuration)
    while not (top / "pid").exists():
        time.sleep(0.05)
    run = javert.assess("--duration", "1h", "--scan", workplace, "--no-probe").collecting()
    sent = int(
        execute(*interrupted_namespace, client, LOOPBACK.address, LOOPBACK.port, 30_000, 2).stdout.split()[0]
    )
    ended = run.interrupted()
    assert sent >= 60_000
    assert counted(endpoints(run.journal, LOOPBACK.port)) == {Role.CLIENT: sent, Role.SERVER: sent}
    assert [sensor for sensor in ended.document["sensors"] if sensor["lost"]] == []
