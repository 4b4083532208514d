"""Connections that do not come to the port that a client asked for: published for containers, or redirected."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

PLUGIN = Path("/usr/lib/cni/portmap")
pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(
        not (shutil.which("podman") and PLUGIN.exists() and Path("/usr/sbin/iptables").exists()),
        reason="needs podman, containernetworking-plugins and iptables",
    ),
]

UNUSED = "unused-listening-tcp-port"
SERVER = r"""
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>
int main(void)
{
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(80)};
	int listening = socket(AF_INET, SOCK_STREAM, 0), client;

	if (bind(listening, (void *)&here, sizeof(here)) || listen(listening, 9))
		return 1;
	while ((client = accept(listening, 0, 0)) >= 0) {
		write(client, "hello\n", 6);
		close(client);
	}
	return 1;
}
"""
PODMAN = r"""
set -e
top=$1
umount --recursive /sys/fs/cgroup    # a tree as of a host that has only the second version
mount -t cgroup2 none /sys/fs/cgroup
mount -t tmpfs none /dev/shm         # where Podman keeps its locks
mount -t tmpfs none /run
mount -t tmpfs none /var/lib          # where the plugins note the addresses that they give
ip link set lo up
podman() { command podman --root "$top/storage" --runroot "$top/run" --tmpdir "$top/tmp" \
    --cgroup-manager cgroupfs --events-backend none --log-level error "$@"; }
trap 'podman rm --force --time 0 busy idle >&2' EXIT
podman import "$top/image.tar" example.test/server:1 >&2
for name in busy:18088 idle:18089; do
    podman run --detach --cgroups disabled --ulimit nofile=1024:1024 --ulimit nproc=1000:1000 \
        --security-opt seccomp=unconfined --name "${name%:*}" --publish "${name#*:}:80" \
        example.test/server:1 /server >&2
done
echo ready
read -r _
bash -c 'read -r answer <"/dev/tcp/10.88.0.1/18088" && echo "$answer"'
read -r _
"""
"""Two containers publish a port; at the first line that it reads, a client goes to one, at the second both end."""


@pytest.fixture
def podman(machine, children):
    """The real thing, in network and mount namespaces of its own; ``step`` goes on and gives what it says."""
    # Podman takes no longer path than 50 characters for what runs: pytest's own directories can be too deep.
    with tempfile.TemporaryDirectory(prefix="podman-", ignore_cleanup_errors=True) as directory:
        top = Path(directory)
        (top / "image").mkdir()
        (top / "server.c").write_text(SERVER)
        subprocess.run(["gcc", "-static", "-o", top / "image/server", top / "server.c"], check=True)
        subprocess.run(["tar", "-C", top / "image", "-cf", top / "image.tar", "."], check=True)
        with (top / "log").open("w") as log:
            host = children.start(
                *("unshare", "--mount", "--net", "bash", "-c", PODMAN, "podman", top),
                stdin=subprocess.PIPE,
                stderr=log,
            )
        assert host.stdout.readline() == b"ready\n", (top / "log").read_text()

        def step():
            host.stdin.write(b"\n")
            host.stdin.flush()
            return host.stdout.readline()

        yield step
        host.communicate(b"\n", timeout=60)


def _unused(document):
    return {one["attributes"]["port"]: one for one in document["findings"] if one["rule_id"] == UNUSED}


def test_a_port_that_podman_publishes_is_used_by_what_comes_to_its_container(javert, podman):
    run = javert.assess("--duration", "10m", "--rule", UNUSED, "--probe-port", "80,18088,18089").collecting()
    assert podman() == b"hello\n"
    ended = run.interrupted()
    found = _unused(ended.document)
    assert 18088 not in found, "the kernel sent the client on to the container, past the listener"
    assert (found[18089]["attributes"]["process"]["name"], found[18089]["attributes"]["exposure"]) == (
        "conmon",
        "container",
    )
    assert "whose 10.88.0." in found[18089]["description"]
    assert 80 not in found, "a published port is shown once, where it is published"


def test_what_javert_asks_is_no_use_of_a_published_port(javert, podman):
    arguments = ("--rule", UNUSED, "--rule", "insecure-server-protocol", "--probe-port", "80,18088,18089")
    document = javert.assess("--duration", "1s", *arguments).ended().document
    assert {18088, 18089} <= set(_unused(document))


TRANSPARENT = """
import socket, sys
server = socket.socket()
server.setsockopt(socket.SOL_IP, 19, 1)  # IP_TRANSPARENT
server.bind(("0.0.0.0", 15001))
server.listen()
print("listening", flush=True)
while True:
    client, _ = server.accept()
    client.sendall(b"%d" % client.getsockname()[1])
    client.close()
"""


@pytest.fixture
def transparent(machine, execute):
    """Two hosts of namespaces: commands that run a program at a client, and at the proxy through which it sends."""
    client, proxy = (f"jv{os.getpid()}{part}" for part in "cp")
    try:
        for name in (client, proxy):
            execute("ip", "netns", "add", name)
            execute("ip", "-netns", name, "link", "set", "lo", "up")
        execute("ip", "-netns", client, "link", "add", "cable", "type", "veth", "peer", "cable", "netns", proxy)
        for name, address in ((client, "10.0.0.1/24"), (proxy, "10.0.0.2/24")):
            execute("ip", "-netns", name, "address", "add", address, "dev", "cable")
            execute("ip", "-netns", name, "link", "set", "cable", "up")
        execute("ip", "-netns", client, "route", "add", "default", "via", "10.0.0.2")
        execute("ip", "-netns", proxy, "rule", "add", "fwmark", 1, "lookup", 100)
        execute("ip", "-netns", proxy, "route", "add", "local", "0.0.0.0/0", "dev", "lo", "table", 100)
        inside = ("ip", "netns", "exec")
        rule = ("-p", "tcp", "-d", "198.51.100.0/24", "-j", "TPROXY", "--on-port", 15001, "--tproxy-mark", 1)
        execute(*inside, proxy, "iptables", "-t", "mangle", "-A", "PREROUTING", *rule)
        yield (*inside, client), (*inside, proxy)
    finally:
        for name in (client, proxy):
            execute("ip", "netns", "delete", name, check=False)


def test_a_transparent_proxy_is_not_called_unused(javert, transparent, children, execute):
    """The accepted socket has the address and the port that the client meant: nothing comes to the proxy's own."""
    client, proxy = transparent
    for port in ("15001", "15002"):
        listening = children.start(*proxy, sys.executable, "-c", TRANSPARENT.replace("15001", port))
        assert listening.stdout.readline() == b"listening\n"
    run = javert.assess("--duration", "10m", "--rule", UNUSED).collecting()
    assert execute(*client, "bash", "-c", "cat </dev/tcp/198.51.100.9/8443").stdout == "8443"
    ended = run.interrupted()
    assert not {15001, 15002} & set(_unused(ended.document))
    told = [one["scope"] for one in ended.document["exclusions"] if "redirection" in one["title"]]
    assert set(told) >= {f"0.0.0.0:{port} ({proxy[-1]})" for port in (15001, 15002)}
