"""An island for real sessions: a network, processes, /run and /var/lib of its own, and a recorder of its packets.

Servers have their usual ports there, and nothing they start outlives the test: when the island's first process
ends, the kernel ends all others. What crosses its loopback device is captured by tcpdump and read as ``javert
replay`` reads it, twice: whole, and with each segment cut to what the kernel programs pass up on a live host.
"""

import os
import shutil
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from javert.model.telemetry import Encryption
from javert.protocols.interface import Protocol
from javert.sensors.capture import read_capture

PATHS = ("/usr/sbin", "/sbin", "/usr/lib/cyrus/bin", "/usr/lib/rabbitmq/bin")
LIVE_SNAPLEN = 14 + 60 + 60 + 1024
"""Of a frame on a live host: headers at their longest, and the first 1,024 bytes of payload (bpf/network.bpf.c)."""
WITH_US = ("setpriv", "--pdeathsig", "KILL")
"""The island ends with the tests, also when they are killed."""
ENDS_HERE = b"javert: here the recording ends"
BIRTH = """
set -e
own=$1
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/own
mount --bind "$own" /mnt/own
mount -t tmpfs -o mode=1777 tmpfs /tmp
mkdir -p "$own"
mount --move /mnt/own "$own"
mount -t overlay overlay -o lowerdir=/var,upperdir=/mnt/upper,workdir=/mnt/work /var
hostname island.example
printf '127.0.0.1 localhost\\n::1 localhost\\n198.51.100.1 island.example island\\n' >/run/hosts
mount --bind /run/hosts /etc/hosts
ip link set lo up
ip address add 198.51.100.1/32 dev lo
ip address add 2001:db8::1/128 dev lo nodad
: >"$own/ready"
exec sleep infinity
"""


class Told(NamedTuple):
    """What was told of one flow."""

    port: int
    protocol: Protocol
    encryption: Encryption
    credentials_exposed: bool


def told(protocol: Protocol, encryption: Encryption = Encryption.NONE, *, exposed: bool = False) -> tuple:
    """What is expected of a flow, without its port."""
    return protocol, encryption, exposed


class Recording:
    """The packets of a while."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def wait_for(self, octets: bytes) -> None:
        """Until ``octets`` have crossed."""
        wait_until(lambda: octets in self.path.read_bytes(), f"{octets!r} crosses")

    def flows(self) -> list[Told]:
        """All that carried payload, but the mark at the end; the same whether read whole or cut."""
        whole = self._read(self.path)
        cut = self.path.with_suffix(".cut")
        _cut(self.path, cut)
        assert self._read(cut) == whole
        return whole

    def of(self, *ports: int) -> list[tuple]:
        """What was told of the flows to ``ports``, each answer once, in the order in which they came first."""
        return list(dict.fromkeys(flow[1:] for flow in self.flows() if flow.port in ports))

    @staticmethod
    def _read(path: Path) -> list[Told]:
        with path.open("rb") as stream:
            flows = sorted(read_capture(stream), key=lambda flow: flow.first_seen)
        return [
            Told(flow.server_port, flow.verdict.protocol, flow.verdict.encryption, flow.verdict.credentials_exposed)
            for flow in flows
            if (flow.bytes_to_server or flow.bytes_to_client) and flow.server_port != 9
        ]


def _cut(source: Path, target: Path) -> None:
    """Cut each packet of a capture as tcpdump writes it (little-endian pcap)."""
    data = source.read_bytes()
    cut = [data[:24]]
    at = 24
    while at < len(data):
        seconds, fraction, captured, length = struct.unpack_from("<IIII", data, at)
        frame = data[at + 16 : at + 16 + captured]
        at += 16 + captured
        kept = frame[:LIVE_SNAPLEN]
        cut.append(struct.pack("<IIII", seconds, fraction, len(kept), length) + kept)
    target.write_bytes(b"".join(cut))


class Island:
    """The island; servers and clients are started on it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        ready = directory / "ready"
        namespaces = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--uts", "--ipc"]
        self._process = subprocess.Popen(
            [*WITH_US, "unshare", *namespaces, "sh", "-c", BIRTH, "birth", os.fspath(directory)]
        )
        wait_until(lambda: ready.exists() or self._process.poll() is not None, "the island is there")
        assert self._process.poll() is None, "no island could be made"
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        self.first = int(children[0])

    def close(self) -> None:
        self._process.kill()
        self._process.wait()

    def inside(self, *command: object) -> list[str]:
        """``command`` as it is started on the island."""
        enter = ["nsenter", "-t", str(self.first), "--net", "--mount", "--pid", "--uts", "--ipc", "--"]
        return [*enter, program(str(command[0])), *map(str, command[1:])]

    def run(self, *command: object, **options: object) -> subprocess.CompletedProcess:
        """Run a client to its end, however it ends."""
        given = {"stdin": subprocess.DEVNULL} if "input" not in options else {}
        return subprocess.run(
            self.inside(*command), capture_output=True, text=True, timeout=60, check=False, **given, **options
        )

    def python(self, source: str, *arguments: object) -> None:
        """Run a client written for Debian's Python, with Debian's libraries."""
        done = self.run("/usr/bin/python3", "-W", "ignore", "-c", source, *arguments)
        assert done.returncode == 0, done.stderr

    @contextmanager
    def serve(
        self, *command: object, port: int, udp: bool = False, **options: object
    ) -> Iterator[subprocess.Popen]:
        """A server while the block runs, from when its port is open."""
        log = self.directory / f"{Path(str(command[0])).name}-{port}.log"
        with log.open("wb") as output:
            server = subprocess.Popen(
                self.inside(*command),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
                **options,
            )
        try:
            wait_until(
                lambda: self._open(port, udp) or server.poll() is not None, f"{command[0]} listens on {port}", log
            )
            assert self._open(port, udp), log.read_text(errors="replace")[-2000:]
            yield server
        finally:
            if server.stdin:
                server.stdin.close()
            _end(server, "terminate", "kill")

    def _open(self, port: int, udp: bool) -> bool:
        """Whether somebody has ``port``, without connecting to it."""
        for family in ("", "6"):
            table = Path(f"/proc/{self.first}/net/{'udp' if udp else 'tcp'}{family}").read_text().splitlines()[1:]
            for row in table:
                fields = row.split()
                if int(fields[1].rpartition(":")[2], 16) == port and (udp or fields[3] == "0A"):
                    return True
        return False

    @contextmanager
    def started(self, *command: object, **options: object) -> Iterator[subprocess.Popen]:
        """A program while the block runs."""
        client = subprocess.Popen(
            self.inside(*command), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True, **options,
        )  # fmt: skip
        try:
            yield client
        finally:
            _end(client, "kill")

    @contextmanager
    def record(self) -> Iterator[Recording]:
        """Capture the island's packets while the block runs."""
        path = self.directory / f"{time.monotonic_ns()}.pcap"
        command = ["tcpdump", "-i", "lo", "-s", "0", "-U", "--immediate-mode", "-w", path]
        with subprocess.Popen(self.inside(*command), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as tcpdump:
            try:
                for line in tcpdump.stderr or ():
                    if b"listening on" in line:
                        break
                yield Recording(path)
                # Packets are written in order: once this one is, all before it are.
                self.run("bash", "-c", f"echo '{ENDS_HERE.decode()}' >/dev/udp/127.0.0.1/9")
                wait_until(lambda: ENDS_HERE in path.read_bytes(), "the recording is written")
            finally:
                tcpdump.kill()


def _end(server: subprocess.Popen, *ways: str) -> None:
    """End a program and all it started, which need not be in its process group."""
    with suppress(psutil.NoSuchProcess):
        leader = psutil.Process(server.pid)
        for way in ways:
            family = [*leader.children(recursive=True), leader]
            for each in family:
                with suppress(psutil.NoSuchProcess):
                    getattr(each, way)()
            if not psutil.wait_procs(family, timeout=2 if way == "terminate" else 10)[1]:
                break
    server.wait()


def wait_until(condition: Callable[[], object], what: str, log: Path | None = None) -> None:
    """Until ``condition`` holds; fails the test after 20 s."""
    deadline = time.monotonic() + 20
    while not condition():
        said = log.read_text(errors="replace")[-2000:] if log else ""
        assert time.monotonic() < deadline, f"this did not happen within 20 s: {what}; {said}"
        time.sleep(0.03)


def program(name: str) -> str:
    """Where a program is; without it the test is skipped with that reason."""
    found = shutil.which(name, path=os.pathsep.join((os.environ["PATH"], *PATHS)))
    if found is None:
        pytest.skip(f"{name} is not installed; see tests/debian-packages.txt")
    return found
