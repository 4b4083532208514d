"""More new endpoints at once than the kernel programs can announce, by processes that are gone: all are told."""

import os
import signal
import sys
from pathlib import Path

import pytest

from javert.model.codec import decode_record
from javert.model.telemetry import Endpoint, Process, Role
from javert.sensors.linux.libbpf import cgroup2_mount

pytestmark = [pytest.mark.root, pytest.mark.serial]

COUNT = 3000
SERVER = """
import socket
listener = socket.create_server(("0.0.0.0", 0), backlog=4096)
print(listener.getsockname()[1], flush=True)
while True:
    listener.accept()[0].close()
"""
# Each address is another endpoint for the client and for the server.
CLIENT = """
import socket, sys
for number in range(int(sys.argv[2])):
    socket.create_connection((f"127.77.{number >> 8}.{number & 255}", int(sys.argv[1]))).close()
"""


def test_every_endpoint_of_a_burst_is_told_with_its_process(javert, children, execute, workplace):
    server = children.start(sys.executable, "-c", SERVER)
    port = int(server.stdout.readline())
    run = javert.assess("--duration", "1h", "--scan", workplace).collecting()
    os.kill(run.pid, signal.SIGSTOP)  # nobody empties the ring: of 6,000 announcements it holds some 2,000
    try:
        execute(sys.executable, "-c", CLIENT, port, COUNT)
    finally:
        os.kill(run.pid, signal.SIGCONT)
    ended = run.interrupted()
    endpoints, processes = {}, {}
    for line in run.journal.read_bytes().splitlines():
        record = decode_record(line)
        if isinstance(record, Endpoint) and record.port == port:
            endpoints[record.id] = record
        elif isinstance(record, Process):
            processes[record.key] = record
    for role in Role:
        mine = [one for one in endpoints.values() if one.role is role]
        assert len(mine) == COUNT
        assert {one.connections for one in mine} == {1}
    programs = {processes[one.process].exe for one in endpoints.values() if one.role is Role.CLIENT}
    assert programs == {os.path.realpath(sys.executable)}
    outcomes = {rule["id"]: rule["outcome"] for rule in ended.document["rules"]}
    assert outcomes["unused-listening-tcp-port"] != "NOT_AVAILABLE"
    titles = " ".join(one["title"] for one in ended.document["exclusions"])
    assert "not counted" not in titles
    assert [sensor for sensor in ended.document["sensors"] if sensor["lost"]] == []


@pytest.fixture
def short_container():
    """A control group as Docker names them; the test removes it before Javert can look."""
    root = cgroup2_mount(Path("/proc/self/mounts").read_text("utf-8"))
    if root is None:
        pytest.skip("needs a cgroup v2 tree")
    group = Path(root, f"docker-{os.getpid():064x}.scope")
    group.mkdir()
    yield group
    if group.exists():
        group.rmdir()


def test_the_container_of_a_process_is_named_though_both_are_gone(
    javert, children, execute, waiting, workplace, short_container
):
    server = children.start(sys.executable, "-c", SERVER)
    port = int(server.stdout.readline())
    run = javert.assess("--duration", "1h", "--scan", workplace).collecting()
    os.kill(run.pid, signal.SIGSTOP)
    try:
        join = f"echo $$ >{short_container}/cgroup.procs; exec {sys.executable} -c '{CLIENT}' {port} 1"
        execute("sh", "-c", join)
        waiting(lambda: not (short_container / "cgroup.procs").read_text(), "the process has left")
        short_container.rmdir()
    finally:
        os.kill(run.pid, signal.SIGCONT)
    run.interrupted()
    records = [decode_record(line) for line in run.journal.read_bytes().splitlines()]
    (client,) = [r for r in records if isinstance(r, Endpoint) and r.role is Role.CLIENT and r.port == port][-1:]
    (process,) = [r for r in records if isinstance(r, Process) and r.key == client.process][-1:]
    assert process.container == f"{os.getpid():064x}"[:12]
