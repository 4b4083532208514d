"""Traffic that is easily missed or misread: MPTCP, io_uring, IPv6 extension headers, TFTP's second port."""

import os
import socket
import struct
import sys
import threading
from pathlib import Path

import pytest

from javert.model.codec import decode_record
from javert.model.telemetry import Endpoint, Listener, Process, Role

pytestmark = pytest.mark.root

IPPROTO_MPTCP = 262
IPV6_DSTOPTS = 59  # include/uapi/linux/in6.h
PADDING = struct.pack(
    "BBBB4x", 0, 0, 1, 4
)  # a destination options header that holds nothing: RFC 8200, section 4.2
SQPOLL, ASYNC = 2, 16  # IORING_SETUP_SQPOLL, IOSQE_ASYNC
ANSWER = b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi"
PYTHON = os.path.realpath(sys.executable)

# Sends a request on a socket as it is told: family, address, port, protocol, and an option of IPv6 in hexadecimal.
CLIENT = """
import socket, sys
family, address, port, protocol, option = sys.argv[1:]
with socket.socket(int(family), socket.SOCK_STREAM, int(protocol)) as client:
    if option:
        client.setsockopt(socket.IPPROTO_IPV6, 59, bytes.fromhex(option))
    client.connect((address, int(port)))
    client.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
    client.recv(1000)
"""


class Web:
    """A server that answers each connection in cleartext, or only listens to it."""

    def __init__(self, family, address, protocol=0, *, answers=True):
        self.socket = socket.socket(family, socket.SOCK_STREAM, protocol)
        self.socket.bind((address, 0))
        self.socket.listen()
        self.address, self.port = self.socket.getsockname()[:2]
        self._answer = ANSWER if answers else b"?"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                connection.recv(1000)
                connection.sendall(self._answer)

    def ask(self, execute, protocol=0, option=""):
        family = self.socket.family.value
        execute(sys.executable, "-c", CLIENT, family, self.address, self.port, protocol, option)


@pytest.fixture
def web():
    servers = []

    def serve(*arguments, **options):
        servers.append(Web(*arguments, **options))
        return servers[-1]

    yield serve
    for server in servers:
        server.socket.shutdown(socket.SHUT_RDWR)
        server.socket.close()


class Seen:
    """What a journal tells of one port."""

    def __init__(self, run, port):
        records = [decode_record(line) for line in run.journal.read_bytes().splitlines()]
        self.processes = {record.key: record for record in records if isinstance(record, Process)}
        latest = {record.id: record for record in records if isinstance(record, Endpoint)}
        self.endpoints = {
            role: [one for one in latest.values() if one.port == port and one.role is role] for role in Role
        }
        self.listeners = {
            (one.address, one.transport): one for one in records if isinstance(one, Listener) and one.port == port
        }
        self.records = latest.values()

    def check(self, protocol, connections, exe=PYTHON):
        """Each side is one endpoint, with the connections, the protocol, and the client's program."""
        for role in Role:
            (one,) = self.endpoints[role]
            assert one.connections == connections
            assert protocol in {use.protocol for use in one.uses}
        (client,) = self.endpoints[Role.CLIENT]
        assert self.processes[client.process].exe == exe


@pytest.mark.parametrize("protocol", [0, IPPROTO_MPTCP], ids=["TCP server", "MPTCP server"])
def test_multipath_tcp_is_one_connection(javert, workplace, web, execute, protocol):
    try:
        server = web(socket.AF_INET, "127.0.0.1", protocol)
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP).close()
    except OSError as error:
        pytest.skip(f"the kernel makes no MPTCP sockets: {error.strerror}")
    run = javert.assess("--duration", "1h", "--scan", workplace).collecting()
    server.ask(execute, IPPROTO_MPTCP)
    run.interrupted()
    seen = Seen(run, server.port)
    seen.check("http", 1)
    (listener,) = seen.listeners.values()
    assert {key.pid for key in listener.processes} == {os.getpid()}


@pytest.fixture(scope="session")
def uring_client(workplace, execute):
    program = workplace / "uring-client"
    execute("gcc", "-O1", "-o", program, Path(__file__).with_name("uring_client.c"))
    return program


@pytest.mark.parametrize(("setup", "entry"), [(0, 0), (0, ASYNC), (SQPOLL, 0)], ids=["plain", "worker", "poll"])
def test_sockets_of_io_uring_are_seen_with_their_process(
    javert, workplace, web, execute, uring_client, setup, entry
):
    """No system call connects: a worker does, or the kernel's polling thread."""
    server = web(socket.AF_INET, "127.0.0.1")
    run = javert.assess("--duration", "1h", "--scan", workplace).collecting()
    done = execute(uring_client, server.port, setup, entry, check=False)
    run.interrupted()
    if done.returncode == 2:
        pytest.skip(f"the kernel has no io_uring for sockets: {done.stderr}")
    assert done.returncode == 0, done.stderr
    Seen(run, server.port).check("http", 1, str(uring_client))


def test_tcp_behind_ipv6_extension_headers_is_read(javert, workplace, web, execute):
    """Only the client sends them; the server's answer tells nothing."""
    server = web(socket.AF_INET6, "::1", answers=False)
    run = javert.assess("--duration", "1h", "--scan", workplace).collecting()
    server.ask(execute, option=PADDING.hex())
    run.interrupted()
    Seen(run, server.port).check("http", 1)


def test_udp_behind_ipv6_extension_headers_is_counted_and_read(javert, workplace):
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as server:
        server.bind(("::1", 0))
        port = server.getsockname()[1]
        run = javert.assess("--duration", "1h", "--scan", workplace).collecting()
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as client:
            client.setsockopt(socket.IPPROTO_IPV6, IPV6_DSTOPTS, PADDING)
            client.sendto(b"<34>Oct 11 22:14:15 host su: hello\n", ("::1", port))
        assert server.recv(100)
        run.interrupted()
    Seen(run, port).check("syslog", 1)


@pytest.fixture
def trivial_files(children, waiting, workplace):
    """The port of Debian's TFTP server."""
    directory = workplace / "tftp"
    directory.mkdir()
    (directory / "file").write_bytes(bytes(2000))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    children.start("in.tftpd", "--foreground", "--address", f"127.0.0.1:{port}", "--secure", directory)
    waiting(lambda: f":{port:04X} " in Path("/proc/net/udp").read_text(), "the TFTP server waits")
    yield port
    (directory / "file").unlink()
    directory.rmdir()


def test_tftp_from_a_second_port_is_the_service_s_own(javert, workplace, trivial_files, execute, tmp_path):
    """The server answers from a socket of its own, which looks like a client; the client's like a server."""
    run = javert.assess("--duration", "1h", "--scan", workplace).collecting()
    execute("tftp", "-m", "octet", "127.0.0.1", trivial_files, "-c", "get", "file", tmp_path / "got")
    assert (tmp_path / "got").read_bytes() == bytes(2000)
    ended = run.interrupted()
    seen = Seen(run, trivial_files)
    seen.check("tftp", 2, "/usr/bin/tftp")
    (client,) = seen.endpoints[Role.CLIENT]
    assert (client.bytes_in > 2000, client.bytes_out < 100) == (True, True)
    others = [one for one in seen.records if any(use.protocol == "tftp" for use in one.uses)]
    assert {one.port for one in others} == {trivial_files}, "neither serves at a client's port"
    ports = {one["attributes"]["port"] for one in ended.document["findings"] if "TFTP" in one["title"]}
    assert ports <= {trivial_files}


def test_data_on_a_connection_that_its_client_had_half_closed_before_the_run_is_traffic(javert, workplace):
    """The server still answers, and nobody connects again (RFC 9293, section 3.6)."""
    with socket.create_server(("127.0.0.1", 0)) as used, socket.create_server(("127.0.0.1", 0)) as unused:
        with socket.create_connection(used.getsockname()) as client:
            server, _ = used.accept()
            client.sendall(b"?")
            client.shutdown(socket.SHUT_WR)
            assert server.recv(2) == b"?"
            assert server.recv(1) == b""
            run = javert.assess("--duration", "1h", "--scan", workplace, "--no-probe").collecting()
            server.sendall(b"!" * 100)
            assert client.recv(1000)
            ended = run.interrupted()
            server.close()
        silent = {
            one["attributes"]["port"] for one in ended.document["findings"] if "listening_s" in one["attributes"]
        }
        assert silent & {used.getsockname()[1], unused.getsockname()[1]} == {unused.getsockname()[1]}
