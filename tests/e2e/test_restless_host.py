"""What comes and goes while Javert looks, namespaces, interfaces, processes; and a listener on every port."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from javert.model.codec import decode_record
from javert.model.telemetry import Endpoint, Role

pytestmark = [pytest.mark.root, pytest.mark.serial]

WITHOUT_BPF = ("setpriv", "--bounding-set", "-sys_admin,-bpf,-perfmon", "--inh-caps", "-sys_admin,-bpf,-perfmon")
ROUNDS = 25

# In a network namespace of its own, with an interface of its own: listens, connects to itself, and is gone.
BRIEF = """
set -e
ip link set lo up
ip link add near type veth peer name far
ip address add 192.0.2.1/24 dev near
ip link set near up
ip link set far up
exec "$0" -c '
import socket
listener = socket.create_server(("192.0.2.1", 7777))
client = socket.create_connection(("192.0.2.1", 7777))
client.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
listener.accept()[0].recv(100)
'
"""
# Five processes share the ports, as one may not open so many files.
EVERY_PORT = """
import os, signal, socket, sys
SHARE = 13107
for first in range(1, 65536, SHARE):
    done, tell = os.pipe()
    if not os.fork():
        held = []
        for port in range(first, first + SHARE):
            one = socket.socket()
            one.bind(("127.0.0.1", port))
            one.listen(1)
            held.append(one)
        os.write(tell, b"!")
        signal.pause()
    os.close(tell)
    assert os.read(done, 1)
print("listening", flush=True)
for line in sys.stdin:
    # Every port of the server's address is taken.
    socket.create_connection(("127.0.0.1", int(line)), source_address=("127.0.0.2", 0)).close()
    print("connected", flush=True)
"""


def problems(document):
    """What was told of trouble; namespaces of other tests, into which nobody without rights may look, left out."""
    told = {f"{one['title']}: {one['description']}" for one in document["exclusions"]}
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    others = [line.split()[0] for line in listed.splitlines()]
    for process in Path("/proc").glob("[0-9]*/ns/net"):
        with suppress(OSError):
            others.append(str(process.readlink())[5:-1])
    return {
        text
        for text in told
        if ("failed" in text or "network namespace" in text) and not any(name in text for name in others)
    }


@pytest.mark.parametrize("rights", [(), WITHOUT_BPF], ids=["kernel", "polling"])
def test_namespaces_interfaces_and_processes_that_come_and_go(javert, workplace, execute, rights):
    run = javert.assess("--duration", "1h", "--scan", workplace, before=rights).collecting()
    for _ in range(ROUNDS):
        execute("unshare", "--net", "sh", "-c", BRIEF, sys.executable)
        for _ in range(4):
            execute("true")
    ended = run.interrupted()
    assert ended.code in (0, 3), ended.err
    assert problems(ended.document) == set(), "what is gone is no fault"
    assert ended.document["run"]["state"] == "COMPLETED"
    if rights:
        return
    counted = dict.fromkeys(Role, 0)
    for line in run.journal.read_bytes().splitlines():
        record = decode_record(line)
        if isinstance(record, Endpoint) and record.port == 7777 and record.address == "192.0.2.1":
            counted[record.role] = counted[record.role] + record.connections
    assert counted == {Role.CLIENT: ROUNDS, Role.SERVER: ROUNDS}


def test_a_listener_on_every_port_is_judged(javert, children):
    """65,535 of them in a network namespace; three are used."""
    program = children.start(
        *("unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$0" "$@"'),
        *(sys.executable, "-c", EVERY_PORT),
        stdin=subprocess.PIPE,
    )
    assert (said := program.stdout.readline()) == b"listening\n", said + program.stdout.read()
    run = javert.assess("--duration", "1h", "--rule", "unused-listening-tcp-port").collecting()
    children_of = Path(f"/proc/{program.pid}/task/{program.pid}/children")
    holders = set(map(int, children_of.read_text().split()))
    assert len(holders) == 5
    used = {7, 8080, 65535}
    for port in used:
        program.stdin.write(f"{port}\n".encode())
        program.stdin.flush()
        assert program.stdout.readline() == b"connected\n"
    ended = run.interrupted()
    assert ended.code == 0, ended.err
    processes = [one["attributes"] for one in ended.document["findings"] if one["attributes"]["process"]]
    unused = {one["port"] for one in processes if one["process"]["pid"] in holders}
    assert unused == set(range(1, 65536)) - used
