"""A place for servers: a machine in the machine, with its own network, processes, /usr, /etc, /run and /var.

Its network is a namespace of its own, so every server can have its usual port; its processes are a namespace whose
first process takes all others with it when it ends, however this one ends. Packages that Debian does not let be
installed beside others (``tests/debian-unpacked.txt``) are laid over /usr and /etc, for those inside only. Nothing
that a server writes outside its own directory reaches the machine.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from string import Template
from typing import NamedTuple, TypeVar

from tests.oracle.servers.records import Server, Transport, Where

from javert.sensors.linux.namespaces import NamespaceEntry, inside

T = TypeVar("T")

UNPACKED = Path(__file__).parents[3] / ".debian"
"""Where ``make debian-packages`` unpacks what it does not install."""

LAID_OVER = ("postfix", "proftpd-core", "proftpd-mod-crypto")
"""Packages that have to be where they were built for."""

OUTSIDE = "198.51.100.77"
"""An address of the place that is not loopback (RFC 5737)."""

USER, PASSWORD = "reader", "not-for-you"
"""Somebody who has an account in the place."""

FURNISH = """
set -e
own=$1 unpacked=$2 packages=$3 outside=$4
mount -t tmpfs none /mnt
mkdir /mnt/own /mnt/etc /mnt/etc-work /mnt/var /mnt/var-work
mount --bind "$own" /mnt/own
checkout=${unpacked%/*}
mkdir /mnt/checkout
mount --rbind "$checkout" /mnt/checkout
mount -t tmpfs -o mode=1777 none /tmp
mkdir -p "$own"
mount --move /mnt/own "$own"
if [ ! -d "$checkout" ]; then  # it lies in /tmp
    mkdir -p "$checkout"
    mount --move /mnt/checkout "$checkout"
fi
lay_over() {
    for package in $packages; do
        if [ -d "$unpacked/$package/$1" ]; then printf %s "$unpacked/$package/$1:"; fi
    done
    echo "/$1"
}
mount -t overlay overlay -o "lowerdir=$(lay_over usr)" /usr
mount -t overlay overlay -o "lowerdir=$(lay_over etc),upperdir=/mnt/etc,workdir=/mnt/etc-work" /etc
mount -t overlay overlay -o "lowerdir=/var,upperdir=/mnt/var,workdir=/mnt/var-work" /var
mount -t tmpfs none /run
ip link set lo up
ip address add "$outside/24" dev lo
for user in postfix mysql proftpd; do
    useradd --system --user-group --no-create-home --shell /usr/sbin/nologin $user || test $? = 9
done
groupadd --system postdrop
useradd --no-create-home --home-dir / --shell /bin/sh --password "$(openssl passwd -6 "$6")" "$5"
hostname servers.example
printf '%s\\n' "127.0.0.1 localhost" "$outside servers.example servers" >/etc/hosts
: >"$own/ready"
exec sleep infinity
"""


class Spot(NamedTuple):
    """What a server gets to start: its address, its ports as given in the table and as they are, a directory."""

    place: "Place"
    number: int
    server: Server
    address: str
    ports: dict[int, int]
    directory: Path

    @property
    def port(self) -> int:
        """Of a server with one port."""
        (port,) = self.ports.values()
        return port

    @property
    def certificate(self) -> Path:
        return self.place.certificate

    @property
    def key(self) -> Path:
        return self.place.key

    def configure(self, name: str, /, *parts: str, mode: int = 0o644, **values: object) -> Path:
        """A configuration file, with ``$address``, ``$port``, ``$directory``, ``$certificate``, ``$key`` filled."""
        known = {"address": self.address, "directory": self.directory}
        known |= {"certificate": self.certificate, "key": self.key}
        if len(self.ports) == 1:
            known["port"] = self.port
        return self.write(name, Template("\n".join(parts) + "\n").substitute(known | values), mode)

    def write(self, name: str, text: str, mode: int = 0o644) -> Path:
        """A file of the server's own directory."""
        path = self.directory / name
        path.write_text(text)
        path.chmod(mode)
        return path

    def give(self, user: str, *paths: Path) -> None:
        """Let a user of the place own these, and the directory."""
        self.run("chown", "-R", user, self.directory, *paths)

    def start(self, *command: object, **options: object) -> None:
        """Start a program that stays; what it says goes to the log."""
        self.place.start(self, *command, **options)

    def run(self, *command: object, **options: object) -> str:
        """Run a program to its end, in the place; what it said."""
        inside = self.place.command(*command, network=True)
        done = subprocess.run(
            inside, capture_output=True, text=True, check=False, timeout=60, errors="replace", **options
        )
        if done.returncode:
            raise RuntimeError(f"{inside} ended with {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout


class Place:
    """The namespaces, and all that runs in them. ``close`` ends it all."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="javert-servers-"))
        self.directory.chmod(0o755)
        self._running: list[tuple[Spot, subprocess.Popen[bytes]]] = []
        self._once: dict[str, object] = {}
        self._lock = threading.Lock()
        ready = self.directory / "ready"
        furnish = (
            "sh",
            "-c",
            FURNISH,
            "sh",
            self.directory,
            UNPACKED,
            " ".join(LAID_OVER),
            OUTSIDE,
            USER,
            PASSWORD,
        )
        unshare = ("unshare", "--net", "--uts", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
        command = ("setpriv", "--pdeathsig", "KILL", *unshare, *furnish)
        self.certificate, self.key = self._certify()
        self._log = (self.directory / "place.log").open("ab")
        self._holder = subprocess.Popen(
            [os.fspath(each) for each in command], stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log
        )
        until(lambda: ready.exists() or self._holder.poll() is not None, "the place is furnished")
        if self._holder.poll() is not None:
            said = (self.directory / "place.log").read_text()
            self.close()
            raise RuntimeError(f"the place could not be made: {said}")
        children = Path(f"/proc/{self._holder.pid}/task/{self._holder.pid}/children").read_text().split()
        self.first_process = int(children[0])

    def _certify(self) -> tuple[Path, Path]:
        certificate, key = self.directory / "certificate.pem", self.directory / "key.pem"
        request = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2")
        names = ("-subj", "/CN=servers.example", "-addext", "subjectAltName=DNS:servers.example")
        subprocess.run(
            [*request, *names, "-out", os.fspath(certificate), "-keyout", os.fspath(key)],
            check=True,
            capture_output=True,
            timeout=60,
        )
        key.chmod(0o644)  # servers read it as users of their own; it is worth nothing to anybody
        return certificate, key

    @property
    def network_namespace(self) -> int:
        """Inode number of its network namespace."""
        return self._entry.inode

    @property
    def _entry(self) -> NamespaceEntry:
        path = Path(f"/proc/{self.first_process}/ns/net")
        return NamespaceEntry(path.stat().st_ino, os.fspath(path), self.first_process, "")

    def inside(self, look: Callable[[], T]) -> T:
        """Call this in the place's network, in a thread of its own."""
        return inside(self._entry, look)

    def command(self, *command: object, network: bool) -> list[str]:
        """The command, run inside; on the machine's own network unless ``network``."""
        enter = ["nsenter", f"--target={self.first_process}", "--mount", "--uts", "--pid"]
        return [*enter, *(["--net"] if network else []), "--", *map(str, command)]

    def spot(self, number: int, server: Server) -> Spot:
        """Where a server will be. On the machine's own network it gets ports that are free."""
        own = f"127.77.{number // 250}.{number % 250 + 1}"
        known = {Where.ANY: "0.0.0.0", Where.OUTSIDE: OUTSIDE, Where.LOOPBACK: own}
        address = known.get(server.where, "127.0.0.1")
        directory = self.directory / server.slug
        directory.mkdir(mode=0o755)
        ports = {service.port: service.port for service in server.services}
        if server.where is Where.HOST:
            ports = {service.port: _free_port(service.transport) for service in server.services}
        return Spot(self, number, server, address, ports, directory)

    def start(self, spot: Spot, *command: object, **options: object) -> None:
        inside = self.command(*command, network=spot.server.where is not Where.HOST)
        with (spot.directory / "log").open("ab") as log:
            process = subprocess.Popen(
                inside, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **options
            )
        with self._lock:
            self._running.append((spot, process))

    def once(self, name: str, make: Callable[[], T]) -> T:
        """Something costly that several servers use: the first that comes makes it."""
        with self._lock:
            lock = self._once.setdefault(f"{name} lock", threading.Lock())
        with lock:
            if name not in self._once:
                self._once[name] = make()
            return self._once[name]

    def wait_for(self, spots: Sequence[Spot], seconds: float = 60.0) -> None:
        """Until all listen. Nobody is connected to for that.

        Raises:
            RuntimeError: servers that ended or do not listen in time, with what they said.
        """
        deadline = time.monotonic() + seconds
        while missing := self._missing(spots):
            ended = {spot.number for spot, process in self._running if process.poll() is not None}
            hopeless = {spot.number for spot in missing} <= ended
            if hopeless or time.monotonic() > deadline:
                raise RuntimeError(
                    "\n".join(f"{spot.server.name} does not listen: {self.said(spot)}" for spot in missing)
                )
            time.sleep(0.1)

    def _missing(self, spots: Sequence[Spot]) -> list[Spot]:
        """Which do not listen yet."""
        listening = {network: self.listening(network=network) for network in (False, True)}

        def listens(spot: Spot) -> bool:
            there = listening[spot.server.where is not Where.HOST]
            wanted = {(each.transport, spot.address, spot.ports[each.port]) for each in spot.server.services}
            return wanted <= there

        return [spot for spot in spots if not listens(spot)]

    def listening(self, *, network: bool) -> set[tuple[Transport, str, int]]:
        """What ss(8) says is listened on."""
        lines = subprocess.run(
            self.command("ss", "-Hlntu", network=network), capture_output=True, text=True, check=True, timeout=60
        ).stdout
        found = set()
        for line in lines.splitlines():
            transport, _state, _received, _sent, local, *_ = line.split()
            address, _, port = local.rpartition(":")
            address = address.strip("[]").partition("%")[0]
            found.add((Transport(transport), {"*": "0.0.0.0"}.get(address, address), int(port)))
        return found

    def said(self, spot: Spot) -> str:
        """The end of what a server wrote to its log."""
        log = spot.directory / "log"
        return log.read_text(errors="replace")[-3000:] if log.exists() else "(nothing)"

    def close(self) -> None:
        self._holder.send_signal(signal.SIGKILL)
        self._holder.wait(timeout=60)
        for _spot, process in self._running:
            process.wait(timeout=60)
        self._log.close()
        shutil.rmtree(self.directory)


def until(condition: Callable[[], T], what: str, seconds: float = 60.0) -> T:
    """The first true value of ``condition``."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise RuntimeError(f"this did not happen within {seconds:.0f} s: {what}")
        time.sleep(0.05)
    return value


def _free_port(transport: Transport) -> int:
    kind = socket.SOCK_STREAM if transport is Transport.TCP else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
