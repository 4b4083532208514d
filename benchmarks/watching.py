"""What watching costs and misses: section "watching" of the table in benchmarks/README.md.

    python -m benchmarks.watching [--full] [PART…]

Parts: requests, bulk, own, sockets. Javert, nothing, tcpdump and what bcc's tcplife does, as a program of bpftrace,
are measured in turns on one server. Needs root and the Debian packages nginx, wrk, iperf3, tcpdump, bpftrace,
iproute2 and gcc.
"""

import argparse
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from benchmarks.interleaved import in_turns, ratios, row, spread
from benchmarks.javert_process import connections, end_of_watch, let_go, watching

from javert.model.telemetry import Role

FULL = ("--full",)
TOOLS = ("nginx", "wrk", "iperf3", "tcpdump", "bpftrace", "ip", "gcc")
SOURCE = Path(__file__).with_name("short_connections.c")
NGINX = """
daemon off; worker_processes 1; pid {top}/pid; error_log {top}/error.log crit;
events {{ worker_connections 8192; }}
http {{
    access_log off; keepalive_timeout 0;
    client_body_temp_path {top}; proxy_temp_path {top}; fastcgi_temp_path {top}; uwsgi_temp_path {top};
    scgi_temp_path {top};
    server {{ listen {address}:{port} backlog=8192; location / {{ return 200 "ok\\n"; }} }}
}}
"""


class Place:
    """Where the server is: an address, and how a command is run there."""

    def __init__(self, name: str, address: str, prefix: tuple[str, ...] = ()) -> None:
        self.name = name
        self.address = address
        self.prefix = prefix

    @property
    def port(self) -> int:
        return 18080

    def server(self, *command: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen([*self.prefix, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


LOOPBACK = Place("loopback", "127.0.0.1")


@contextmanager
def veth() -> Iterator[Place]:
    """A network namespace behind a pair of virtual interfaces."""
    name = f"javert-bench-{os.getpid()}"
    link = f"jb{os.getpid()}"
    try:
        for line in (
            f"netns add {name}",
            f"link add {link} type veth peer name eth0 netns {name}",
            f"addr add 198.51.100.1/30 dev {link}",
            f"link set {link} up",
            f"-n {name} addr add 198.51.100.2/30 dev eth0",
            f"-n {name} link set eth0 up",
            f"-n {name} link set lo up",
        ):
            subprocess.run(["ip", *line.split()], check=True)
        yield Place("veth", "198.51.100.2", ("ip", "netns", "exec", name))
    finally:
        subprocess.run(["ip", "netns", "del", name], check=False, stderr=subprocess.DEVNULL)
        subprocess.run(["ip", "link", "del", link], check=False, stderr=subprocess.DEVNULL)


@contextmanager
def running(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def reach(address: str, port: int) -> None:
    """Return once the port answers."""
    for _ in range(200):
        try:
            socket.create_connection((address, port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"nothing listens on {address}:{port}")


@contextmanager
def nginx(place: Place) -> Iterator["subprocess.Popen[bytes]"]:
    """A server of short connections."""
    with tempfile.TemporaryDirectory() as top:
        configuration = Path(top, "nginx.conf")
        configuration.write_text(NGINX.format(top=top, address=place.address, port=place.port))
        Path(top).chmod(0o755)
        server = place.server("nginx", "-p", top, "-c", str(configuration))
        with running(server):
            reach(place.address, place.port)
            yield server


# ---------------------------------------------------------------- legs


class Measured(NamedTuple):
    """Units a second, and seconds of processor time of client and server for a unit."""

    rate: float
    cpu_s: float


Measure = Callable[[], Measured]


class Meter:
    """Processor time of a server's processes, and of the clients that ran and ended meanwhile."""

    def __init__(self, server: "subprocess.Popen[bytes]") -> None:
        children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
        self._files = [Path(f"/proc/{pid}/schedstat") for pid in (server.pid, *children)]
        self._began = self._now()

    def _now(self) -> float:
        clients = resource.getrusage(resource.RUSAGE_CHILDREN)
        server = sum(int(file.read_text().split()[0]) for file in self._files) / 1e9
        return server + clients.ru_utime + clients.ru_stime

    def seconds(self) -> float:
        return self._now() - self._began


def unwatched(measure: Measure) -> Measured:
    return measure()


def with_javert(measure: Measure) -> Measured:
    with watching() as watch:
        watch.wait_until_watching()
        return measure()


def with_tcpdump(measure: Measure) -> Measured:
    command = ["tcpdump", "-Z", "root", "-i", "any", "-w", os.devnull]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    with running(process):
        assert process.stderr is not None
        while b"listening on" not in process.stderr.readline():
            pass
        return measure()


# tcplife(8) of bcc by the tracepoint that it uses, too; bpftrace's own tcplife.bt needs kprobes. A line a session.
TCPLIFE = """
tracepoint:sock:inet_sock_set_state /args->protocol == 6/ {
    if (args->newstate < 4 && @birth[args->skaddr] == 0) {
        @birth[args->skaddr] = nsecs; @pid[args->skaddr] = pid; @name[args->skaddr] = comm;
    }
    if (args->newstate == 7 && @birth[args->skaddr]) {
        printf("%d %s %s %d %s %d %d\\n", @pid[args->skaddr], @name[args->skaddr], ntop(2, args->saddr),
            args->sport, ntop(2, args->daddr), args->dport, (nsecs - @birth[args->skaddr]) / 1000000);
        delete(@birth[args->skaddr]); delete(@pid[args->skaddr]); delete(@name[args->skaddr]);
    }
}
BEGIN { printf("ready\\n"); }
END { clear(@birth); clear(@pid); clear(@name); }
"""


def with_tcplife(measure: Measure) -> Measured:
    # Tracepoints are found in tracefs, which need not be mounted on the host.
    mounted = 'mount -t tracefs tracefs /sys/kernel/tracing && exec bpftrace -e "$0" -o "$1"'
    with tempfile.NamedTemporaryFile() as lines:
        command = ["unshare", "--mount", "sh", "-c", mounted, TCPLIFE, lines.name]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with running(process):
            while not lines.read(1):
                if process.poll() is not None:
                    raise RuntimeError("bpftrace does not run here")
                time.sleep(0.05)
            time.sleep(0.3)
            return measure()


LEGS = {"nothing": unwatched, "javert": with_javert, "tcpdump": with_tcpdump, "tcplife": with_tcplife}


def compare(what: str, figure: str, rounds: int, measure: Measure) -> None:
    """Print the ratios of the legs to nothing at all: of throughput, and of what the work cost client and server.

    The second does not see what the watcher takes for itself, but it holds on a machine that others use too.
    """
    measure()  # warm
    results = in_turns({name: (lambda leg=leg: leg(measure)) for name, leg in LEGS.items()}, rounds)
    rates = {name: [each.rate for each in legs] for name, legs in results.items()}
    costs = {name: [each.cpu_s for each in legs] for name, legs in results.items()}
    base = spread(rates["nothing"])
    row(f"{what}, nothing watching", f"{base.median:,.0f} ({base.least:,.0f} to {base.greatest:,.0f})")
    watchers = [name for name in LEGS if name != "nothing"]
    for name in watchers:
        row(f"{what}, {name} / nothing", ratios(rates, name, "nothing"), figure if name == "javert" else "")
    for name in watchers:
        row(f"  processor time each, {name} / nothing", ratios(costs, name, "nothing"))


# ---------------------------------------------------------------- parts


def requests(full: bool) -> None:
    """Requests a second of nginx, each on a connection of its own."""
    seconds, rounds = (8, 7) if full else (3, 5)
    with ExitStack() as stack:
        for place in (LOOPBACK, stack.enter_context(veth())):
            with nginx(place) as server:
                url = f"http://{place.address}:{place.port}/"
                wrk = ["wrk", "-t1", "-c32", f"-d{seconds}s", "-H", "Connection: close", url]

                def measure(wrk: list[str] = wrk, server: "subprocess.Popen[bytes]" = server) -> Measured:
                    meter = Meter(server)
                    text = subprocess.run(wrk, stdout=subprocess.PIPE, text=True, check=True).stdout
                    spent = meter.seconds()
                    rate, count = (
                        re.search(r"Requests/sec:\s+([\d.]+)", text),
                        re.search(r"(\d+) requests in", text),
                    )
                    assert rate and count, text
                    return Measured(float(rate[1]), spent / int(count[1]))

                compare(f"short connections/s over {place.name}", "≥ 0.97", rounds, measure)


def bulk(full: bool) -> None:
    """Bytes a second of one connection."""
    seconds, rounds = (8, 7) if full else (2, 5)
    with ExitStack() as stack:
        for place in (LOOPBACK, stack.enter_context(veth())):
            server = place.server("iperf3", "--server", "--bind", place.address, "--port", "18081")
            with running(server):
                reach(place.address, 18081)
                time.sleep(0.5)
                iperf = ["iperf3", "--client", place.address, "--port", "18081", "--time", str(seconds), "--json"]

                def measure(iperf: list[str] = iperf, server: "subprocess.Popen[bytes]" = server) -> Measured:
                    meter = Meter(server)
                    text = subprocess.run(iperf, stdout=subprocess.PIPE, text=True, check=True).stdout
                    spent = meter.seconds()
                    received = json.loads(text)["end"]["sum_received"]
                    return Measured(received["bits_per_second"] / 8e6, spent / received["bytes"])

                compare(f"bulk MB/s over {place.name}", "≥ 0.98", rounds, measure)


def own(full: bool) -> None:
    """Javert's own processor time and memory, and what it counts, at 10,000 short connections a second."""
    rate, seconds, rounds = 10_000, 60 if full else 8, 5
    idle_s = 60 if full else 10
    busy, idle, peak, missed, sent_all = [], [], [], 0, 0
    with tempfile.TemporaryDirectory() as top, nginx(LOOPBACK):
        client = Path(top, "short_connections")
        subprocess.run(["gcc", "-O2", "-o", client, SOURCE], check=True)
        for _ in range(rounds):
            with watching() as watch:
                watch.wait_until_watching()
                watch.mark()
                command = [client, LOOPBACK.address, str(LOOPBACK.port), str(rate), str(seconds)]
                text = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
                busy.append(100 * watch.cpu_share())
                sent = int(text[0])
                time.sleep(3)  # what was seen is taken in and written
                watch.mark()
                time.sleep(idle_s)
                idle.append(100 * watch.cpu_share())
                peak.append(watch.peak_mib())
                watch.end()
                records = watch.records()
            for role in (Role.SERVER, Role.CLIENT):
                missed += abs(sent - connections(records, role, LOOPBACK.port))
            sent_all += sent
            if float(text[2]) > seconds * 1.05:
                print(f"  this machine made only {sent / float(text[2]):,.0f} connections/s", file=sys.stderr)
    row(f"own CPU at {rate:,} short connections/s, % of a core", spread(busy), "≤ 2")
    row("own CPU idle, % of a core", spread(idle), "≤ 0.3")
    row("own resident memory at most, MiB", spread(peak), "≤ 80")
    row("connections sent", f"{sent_all:,}")
    row("missed or counted twice, as server and as client", missed, "0")


HOLDER = """
import resource, socket, sys
pairs, listeners, number = map(int, sys.argv[1:])
most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
door = socket.create_server((f"127.0.2.{number}", 0), backlog=4096)
held = [door] + [socket.create_server(("127.0.1.1", 0)) for _ in range(listeners)]
for _ in range(pairs):
    held += [socket.create_connection(door.getsockname()), door.accept()[0]]
print(flush=True)
sys.stdin.read()
"""


@contextmanager
def held(opened: int, listeners: int) -> Iterator[None]:
    """Processes that hold open connections, both ends, and listeners; eight, as one may not open so many files."""
    share = (str(opened // 16), str(listeners // 8))
    holders = [
        subprocess.Popen(
            [sys.executable, "-c", HOLDER, *share, str(number)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for number in range(1, 9)
    ]
    try:
        for holder in holders:
            assert holder.stdout is not None
            if not holder.stdout.readline():
                raise RuntimeError("the sockets could not be opened")
        yield
    finally:
        for holder in holders:
            holder.kill()
            holder.communicate()


def sockets(full: bool) -> None:
    """Start and stop beside many sockets, and the memory they cost."""
    opened, listeners = (100_000, 5_000) if full else (20_000, 1_000)
    starts, stops, ends, peak = [], [], [], []
    with held(opened, listeners):
        for _ in range(5 if full else 3):
            began = time.time()
            with watching(duration="3s") as watch:
                watch.wait_until_watching()
                while watch.process.poll() is None:
                    with suppress(StopIteration, OSError):
                        highest = watch.peak_mib()
                    time.sleep(0.05)
                finished = time.time()
                records = watch.records()
            peak.append(highest)
            starts.append(end_of_watch(records) - 3 - began)
            stops.append(let_go(records) - end_of_watch(records))
            ends.append(finished - end_of_watch(records))
    beside = f"beside {opened:,} sockets and {listeners:,} listeners"
    row(f"s from the command until all is watched, {beside}", spread(starts), "≤ 2")
    row("s from the end of the watch until the host is let go", spread(stops), "≤ 2")
    row("s from the end of the watch until the report is written", spread(ends))
    row("resident memory at most, MiB", spread(peak), "≤ 150")


PARTS = {"requests": requests, "bulk": bulk, "own": own, "sockets": sockets}


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended, too
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="PART")
    parser.add_argument("--full", action="store_true", help="longer legs, more rounds, 100,000 sockets")
    arguments = parser.parse_args()
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if os.geteuid() != 0 or missing:
        sys.exit("watching is measured as root" + (f", and with {', '.join(missing)}" if missing else ""))
    for part in arguments.parts or PARTS:
        PARTS[part](arguments.full)


if __name__ == "__main__":
    main()
