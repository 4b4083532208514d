"""Javert asks services what they accept; what it sends is no traffic, and with --no-probe it sends nothing."""

import contextlib
import json
import socket
import threading
from pathlib import Path

import pytest

pytestmark = pytest.mark.root

SERVER, UNUSED = "insecure-server-protocol", "unused-listening-tcp-port"
RULES = ("--rule", SERVER, "--rule", UNUSED)
WITHOUT_BPF = ("setpriv", "--bounding-set", "-sys_admin,-bpf,-perfmon", "--inh-caps", "-sys_admin,-bpf,-perfmon")

PROXY = """
import socket, sys, threading
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
target = (options.get("-container-ip", "127.0.0.1"), int(options["-container-port"]))
open("/proc/self/comm", "w").write(options.get("-name", "forward"))
listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
def forward(source, sink):
    while data := source.recv(4096):
        sink.sendall(data)
    sink.shutdown(socket.SHUT_WR)
while True:
    client, _ = listening.accept()
    backend = socket.create_connection(target)
    for pair in ((client, backend), (backend, client)):
        threading.Thread(target=forward, args=pair, daemon=True).start()
"""
"""Opens a connection to its backend for each that comes, as haproxy in TCP mode, socat, stunnel or docker-proxy do;
it takes the options of docker-proxy."""


class Web:
    """An HTTP server in a thread: counts its connections."""

    def __init__(self, address="127.0.0.1", **options):
        self._listening = socket.create_server((address, 0), **options)
        self.port = self._listening.getsockname()[1]
        self.connections = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _peer = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection):
        with contextlib.suppress(OSError), connection:
            if connection.recv(4096).startswith(b"GET "):
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")

    def close(self):
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


@pytest.fixture
def web(machine):
    with contextlib.closing(Web()) as server:
        yield server


@pytest.fixture
def snmpd(machine, second_host, children, tmp_path, waiting):
    """An agent on the second host that answers to the community string that everybody knows."""
    configuration = tmp_path / "snmpd.conf"
    configuration.write_text("rocommunity public\n")
    children.start(*second_host.command("snmpd", "-f", "-Lo", "-C", "-c", configuration, "udp:161"))
    listed = second_host.command("cat", "/proc/net/udp")
    waiting(lambda: ":00A1 " in children.start(*listed).communicate()[0].decode(), "snmpd listens")


def _findings(document, rule, port):
    return [
        one["attributes"]
        for one in document["findings"]
        if one["rule_id"] == rule and one["attributes"]["port"] == port
    ]


def _records(run, kind):
    lines = map(json.loads, run.journal.read_text("utf-8").splitlines())
    return [record for record in lines if record["record"] == kind]


def test_a_service_that_only_javert_asks_is_told_and_stays_unused(javert, web, snmpd, second_host):
    run = javert.assess("--duration", "1s", *RULES, "--probe-port", f"{web.port},161")
    document = run.ended().document
    (service,) = _findings(document, SERVER, web.port)
    assert (service["protocol"], service["verdict"], service["evidence"]) == ("http", "cleartext-only", ["probed"])
    assert service["exposure"] == "loopback"
    assert web.connections >= 1
    assert len(_findings(document, UNUSED, web.port)) == 1
    agents = [one for one in _findings(document, SERVER, 161) if one["exposure"] == "container"]
    assert {one["verdict"] for one in agents} == {"snmp-v1", "snmp-v2c"}
    for agent in agents:
        assert (agent["transport"], agent["communities"], agent["evidence"]) == ("udp", ["public"], ["probed"])
        assert agent["process"]["name"] == "snmpd"
    flows = _records(run, "Endpoint")
    assert [flow for flow in flows if flow["port"] == web.port] == []
    assert [flow for flow in flows if flow["network_namespace"] == second_host.inode and flow["port"] == 161] == []


def test_no_address_a_service_may_have_makes_asking_traffic(javert, machine, second_host):
    ipv6 = {"family": socket.AF_INET6}
    places = (
        ("0.0.0.0", {}),
        ("::", {**ipv6, "dualstack_ipv6": True}),
        ("::", ipv6),
        ("::1", ipv6),
        (second_host.here, {}),
        (second_host.here6, ipv6),
    )
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(contextlib.closing(Web(address, **options))) for address, options in places]
        ports = ",".join(str(server.port) for server in servers)
        run = javert.assess("--duration", "1s", *RULES, "--probe-port", ports)
        document = run.ended().document
    for server, (address, _options) in zip(servers, places, strict=True):
        (service,) = _findings(document, SERVER, server.port)
        assert (service["address"], service["evidence"]) == (address, ["probed"])
        assert len(_findings(document, UNUSED, server.port)) == 1
    asked = {server.port for server in servers}
    assert [flow for flow in _records(run, "Endpoint") if flow["port"] in asked] == []


def test_a_client_beside_javert_counts(javert, web):
    run = javert.assess("--duration", "1h", *RULES, "--probe-port", str(web.port)).collecting()
    with socket.create_connection(("127.0.0.1", web.port)) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert client.recv(4096)
    document = run.interrupted().document
    (service,) = _findings(document, SERVER, web.port)
    assert service["evidence"] == ["observed", "probed"]
    assert _findings(document, UNUSED, web.port) == []
    assert sum(flow["connections"] for flow in _last(_records(run, "Endpoint")) if flow["port"] == web.port) == 1


def _last(flows):
    return {flow["id"]: flow for flow in flows if flow["role"] == "server"}.values()


def test_nothing_is_sent_if_the_operator_says_so(javert, web):
    for options in (
        ("--no-probe",),
        ("--probe-port", "1"),
        ("--probe-port", str(web.port), "--no-probe-port", str(web.port)),
    ):
        document = javert.assess("--duration", "1s", *RULES, *options).ended().document
        assert _findings(document, SERVER, web.port) == []
        assert any(f"127.0.0.1:{web.port}" in one["description"] for one in document["exclusions"])
    document = javert.assess("--duration", "1s", "--rule", UNUSED, "--probe-port", str(web.port)).ended().document
    assert len(_findings(document, UNUSED, web.port)) == 1
    assert web.connections == 0


def test_a_program_that_serves_one_client_still_waits_for_it(javert, children, waiting):
    port = _free_port()
    server = children.start("socat", f"TCP-LISTEN:{port},bind=127.0.0.1", "SYSTEM:echo served")
    waiting(lambda: _listens(port), "socat listens")
    run = javert.assess("--duration", "1s", "--rule", SERVER, "--probe-port", f"{port}")
    (exclusion,) = (one for one in run.ended().document["exclusions"] if f"127.0.0.1:{port}" in one["description"])
    assert "serve one client and end" in exclusion["description"]
    assert server.poll() is None, "it served Javert and ended"
    with socket.create_connection(("127.0.0.1", port)) as client:
        assert client.recv(100) == b"served\n"


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def _listens(port):
    return f"0100007F:{port:04X} 00000000:0000 0A" in Path("/proc/net/tcp").read_text("ascii")


def test_what_a_proxy_asks_its_backend_because_of_javert_is_neither_use_nor_silence(javert, web, children):
    proxy = children.start("python3", "-c", PROXY, "-container-port", web.port)
    front = int(proxy.stdout.readline())
    run = javert.assess("--duration", "1s", *RULES, "--probe-port", str(front))
    document = run.ended().document
    (service,) = _findings(document, SERVER, front)
    assert (service["protocol"], service["process"]["pid"]) == ("http", proxy.pid)
    assert len(_findings(document, UNUSED, front)) == 1, "nobody but Javert came to the proxy"
    assert _findings(document, UNUSED, web.port) == []
    exclusions = [one for one in document["exclusions"] if one["scope"] == f"127.0.0.1:{web.port}"]
    assert [one["title"] for one in exclusions] == [
        "Ports to which something came only because Javert asked a service"
    ]
    assert {
        flow.get("prompted", False) for flow in _last(_records(run, "Endpoint")) if flow["port"] == web.port
    } == {True}


def test_a_port_published_for_a_container_is_one_service_of_who_is_in_it(javert, second_host, children, waiting):
    serve = ("python3", "-m", "http.server", "8099", "--bind", "0.0.0.0")
    web = children.start(*second_host.command(*serve))
    listed = second_host.command("cat", "/proc/net/tcp")
    waiting(lambda: ":1FA3 " in children.start(*listed).communicate()[0].decode(), "the web server listens")
    target = ("-container-ip", second_host.there, "-container-port", 8099)
    proxy = children.start("python3", "-c", PROXY, "-name", "docker-proxy", *target)
    front = int(proxy.stdout.readline())
    run = javert.assess("--duration", "1s", *RULES, "--probe-port", f"{front},8099")
    document = run.ended().document
    (service,) = _findings(document, SERVER, front)
    assert (service["process"]["pid"], service["verdict"]) == (web.pid, "cleartext-only")
    assert _findings(document, SERVER, 8099) == []
    (finding,) = (one for one in document["findings"] if one["attributes"] == service)
    assert f"{second_host.there}:8099" in finding["description"]


def test_polling_does_not_count_it_either(javert, web):
    run = javert.assess("--duration", "1s", *RULES, "--probe-port", str(web.port), before=WITHOUT_BPF)
    document = run.ended().document
    assert [one["evidence"] for one in _findings(document, SERVER, web.port)] == [["probed"]]
    assert [flow for flow in _records(run, "Endpoint") if flow["port"] == web.port] == []
