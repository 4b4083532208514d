"""Conversations with real sockets on loopback: with services that behave, and with those that do not."""

import asyncio
import contextlib
import socket
import ssl
import struct
import subprocess
import threading
import time

import pytest

from javert.errors import SensorError
from javert.model.telemetry import (
    Acceptance,
    Limitation,
    Listener,
    ProbeAnswer,
    ProbeOutcome,
    ServiceProbe,
    Transport,
)
from javert.probes.interface import MOST_BYTES, Ask, Ended, Reopen, ServiceHint, StartTls
from javert.probes.plan import conversation
from javert.sensors import prober as prober_module
from javert.sensors.own_flows import OwnFlows
from javert.sensors.probe_connection import OneNamespace, Place
from javert.sensors.prober import AT_ONE_PORT, Prober

NAMESPACE = 7
PATIENCE_S = 60.0
"""Long after everything should be over: a machine that is busy fails no test."""


class Server:
    """Hands every connection to ``serve`` in a thread, until it is closed; ``most`` were open at one time."""

    def __init__(self, serve, address="127.0.0.1", backlog=128):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._listening = socket.create_server((address, 0), family=family, backlog=backlog)
        self.address, self.port = self._listening.getsockname()[:2]
        self.peers: list[tuple[str, int]] = []
        self.most = 0
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._serve = serve
        self._ending = threading.Event()
        if serve is not None:
            threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, peer = self._listening.accept()
            except OSError:
                return
            self.peers.append(peer[:2])
            threading.Thread(target=self._hand_over, args=(connection,), daemon=True).start()

    def _hand_over(self, connection):
        with self._lock:
            self._open.add(connection)
            self.most = max(self.most, sum(map(_still_open, self._open)))
        with contextlib.suppress(OSError), connection:
            self._serve(connection, self._ending)
            with self._lock:
                self._open.discard(connection)

    def listener(self, **fields):
        return Listener(
            transport=Transport.TCP, network_namespace=NAMESPACE, address=self.address, port=self.port, **fields
        )

    def close(self):
        self._ending.set()
        # Only this wakes the thread that accepts.
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


def _still_open(connection: socket.socket) -> bool:
    """Whether the client has not closed it: under load a thread may learn of that late."""
    try:
        connection.setblocking(False)
        return connection.recv(1, socket.MSG_PEEK) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        connection.setblocking(True)


@pytest.fixture
def serve():
    """Starts servers, and ends them."""
    with contextlib.ExitStack() as stack:

        def start(function, **options) -> Server:
            return stack.enter_context(contextlib.closing(Server(function, **options)))

        yield start


def _place(listener: Listener) -> Place:
    return Place(
        transport=listener.transport,
        network_namespace=listener.network_namespace,
        address=listener.address,
        port=listener.port,
        dual_stack=listener.dual_stack,
        pids=(),
        others=("127.0.0.1", "::1"),
    )


def _hint(listener: Listener) -> ServiceHint:
    return ServiceHint(transport=listener.transport, port=listener.port)


def _ask(*listeners: Listener, converse=conversation, sockets=None, own=None, within_s: float = 30.0):
    """What the prober emits of these services, by port, and what else it emits."""
    records: list[object] = []
    prober = Prober(sockets or OneNamespace(), own or OwnFlows(), converse, _hint, _place)
    for listener in listeners:
        prober.ask(listener)
    prober.start(records.append)
    prober.finish(within_s)
    probes = {record.port: record for record in records if isinstance(record, ServiceProbe)}
    return probes, [record for record in records if not isinstance(record, ServiceProbe)]


def _script(function):
    """A conversation from a generator function; what it returns is put into the product of an answer."""

    def converse(_hint):
        told = yield from function()
        return (ProbeAnswer(protocol="http", acceptance=Acceptance.CLEARTEXT_ONLY, product=repr(told)),)

    return converse


def _told(server: Server, function) -> str:
    probes, others = _ask(server.listener(), converse=_script(function))
    assert others == []
    return probes[server.port].answers[0].product


# ---------------------------------------------------------------- steps


def _echo(connection, _ending):
    while data := connection.recv(4096):
        connection.sendall(data)


def test_asking_gives_what_comes_until_it_is_enough(serve):
    def script():
        first = yield Ask(b"one\n", lambda data: data.endswith(b"\n"))
        second = yield Ask(b"two\n", lambda data: data.endswith(b"\n"))
        assert first.took_s < PATIENCE_S
        return first.data, first.ended, second.data, second.tls

    assert _told(serve(_echo), script) == repr((b"one\n", Ended.ENOUGH, b"two\n", False))


def test_listening_without_a_word_ends_quietly(serve):
    def script():
        reply = yield Ask(b"", lambda _data: True, 0.1)
        return reply.data, reply.ended

    assert _told(serve(_echo), script) == repr((b"", Ended.QUIET))


def test_what_came_before_the_end_is_told(serve):
    def script():
        reply = yield Ask(b"x", lambda _data: False)
        after = yield Ask(b"y", lambda _data: False, 0.2)
        return reply.data, reply.ended, after.data

    def server(connection, _ending):
        connection.recv(1)
        connection.sendall(b"bye")

    assert _told(serve(server), script) == repr((b"bye", Ended.CLOSED, b""))


def test_a_flood_ends(serve):
    def script():
        reply = yield Ask(b"", lambda _data: False)
        return len(reply.data) >= MOST_BYTES, len(reply.data) < 4 * MOST_BYTES, reply.ended

    def server(connection, ending):
        while not ending.is_set():
            connection.sendall(b"x" * 65536)

    assert _told(serve(server), script) == repr((True, True, Ended.FLOODED))


def test_a_reset_is_told(serve):
    def script():
        reply = yield Ask(b"x", lambda _data: False)
        return reply.ended

    def server(connection, _ending):
        connection.recv(1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    assert _told(serve(server), script) == repr(Ended.RESET)


def test_a_connection_comes_from_another_address_unless_asked_otherwise(serve):
    server = serve(_echo)

    def script():
        first = yield Reopen(from_its_own_address=True)
        second = yield Reopen()
        third = yield Reopen(from_localhost=True)
        return first.ended, second.ended, third.ended

    _told(server, script)
    assert [address for address, _port in server.peers] == ["127.0.0.2", "127.0.0.1", "127.0.0.2", "127.0.0.1"]


def test_a_service_over_ipv6_is_asked(serve):
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    server = serve(_echo, address="::1")

    def script():
        return (yield Ask(b"hello", lambda data: len(data) == 5)).data

    assert _told(server, script) == repr(b"hello")


# ---------------------------------------------------------------- TLS


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tls")
    paths = directory / "certificate.pem", directory / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=probe"]
    subprocess.run([*command, "-out", paths[0], "-keyout", paths[1]], check=True, capture_output=True, timeout=60)
    return paths


def _tls_server(certificate, **settings):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    for name, value in settings.items():
        setattr(context, name, value)

    def server(connection, _ending):
        with context.wrap_socket(connection, server_side=True) as tls:
            while data := tls.recv(4096):
                tls.sendall(data)

    return server


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2])
def test_tls_is_spoken_whatever_the_certificate(serve, certificate, newest):
    def script():
        begun = yield StartTls()
        reply = yield Ask(b"secret", lambda data: len(data) == 6)
        return begun.tls, begun.data, reply.data, reply.tls

    server = serve(_tls_server(certificate, maximum_version=newest))
    assert _told(server, script) == repr((True, b"", b"secret", True))


def _hello_then(answer: bytes):
    def server(connection, ending):
        connection.recv(4096)
        connection.sendall(answer)
        ending.wait(1)

    return server


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x15\x03\x03\x00\x02\x02\x28", b"\x00\xff\x00\xff" * 10]
)
def test_what_comes_in_place_of_tls_is_given(serve, answer):
    def script():
        begun = yield StartTls()
        after = yield Ask(b"more", lambda _data: True, 0.2)
        return begun.tls, begun.data, after.ended

    assert _told(serve(_hello_then(answer)), script) == repr((False, answer, Ended.CLOSED))


@pytest.mark.parametrize("answer", [b"", b"\x16\x03\x03\x40\x00\x02"])
def test_a_service_that_closes_amid_tls_is_no_hindrance(serve, answer):
    def server(connection, _ending):
        connection.recv(4096)
        connection.sendall(answer)

    def script():
        begun = yield StartTls()
        return begun.tls, begun.data, begun.ended in (Ended.CLOSED, Ended.RESET)

    assert _told(serve(server), script) == repr((False, answer, True))


# ---------------------------------------------------------------- UDP


@contextlib.contextmanager
def _datagrams(answer_from_another_port=False):
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
    ):
        server.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    data, peer = server.recvfrom(4096)
                    (other if answer_from_another_port else server).sendto(data.upper(), peer)
                    if data == b"end":
                        return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        port = server.getsockname()[1]
        try:
            yield Listener(transport=Transport.UDP, network_namespace=NAMESPACE, address="127.0.0.1", port=port)
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"end", ("127.0.0.1", port))
            thread.join(PATIENCE_S)


@pytest.mark.parametrize("elsewhere", [False, True])
def test_datagrams_are_answered_also_from_another_port(elsewhere):
    def script():
        reply = yield Ask(b"version", lambda data: data == b"VERSION")
        return reply.data, reply.ended

    with _datagrams(answer_from_another_port=elsewhere) as listener:
        probes, _ = _ask(listener, converse=_script(script))
    assert probes[listener.port].answers[0].product == repr((b"VERSION", Ended.ENOUGH))


# ---------------------------------------------------------------- services that misbehave


def _silent(_connection, ending):
    ending.wait(PATIENCE_S)


def _hangs_up(connection, _ending):
    connection.shutdown(socket.SHUT_RDWR)


def _hangs_up_when_asked(connection, _ending):
    connection.recv(4096)


def _resets(connection, _ending):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _garbage(connection, ending):
    connection.sendall(bytes(range(256)) * 3)
    ending.wait(PATIENCE_S)


def _floods(connection, ending):
    while not ending.is_set():
        connection.sendall(b"\x80" * 65536)


def _drips(connection, ending):
    while not ending.wait(0.2):
        connection.sendall(b"\x80")


def _closes_amid_tls(connection, _ending):
    connection.recv(4096)
    connection.sendall(b"\x16\x03\x03\x40\x00\x02")


def _web(connection, _ending):
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")


def test_services_that_misbehave_spoil_nothing(serve):
    servers = {
        serve(_silent).listener(): {ProbeOutcome.SILENT},
        serve(_hangs_up).listener(): {ProbeOutcome.HUNG_UP},
        serve(_resets).listener(): {ProbeOutcome.HUNG_UP},
        serve(_hangs_up_when_asked).listener(): {ProbeOutcome.HUNG_UP},
        serve(_garbage).listener(): {ProbeOutcome.UNRECOGNISED},
        serve(_floods).listener(): {ProbeOutcome.FLOODED},
        serve(_drips).listener(): {ProbeOutcome.UNRECOGNISED, ProbeOutcome.OUT_OF_TIME},
        serve(_closes_amid_tls).listener(): {ProbeOutcome.ANSWERED, ProbeOutcome.UNRECOGNISED},
    }
    web = serve(_web)
    before = threading.active_count()
    began = time.monotonic()
    probes, others = _ask(*servers, web.listener())
    assert time.monotonic() - began < PATIENCE_S
    assert others == []
    assert {port: probe.outcome for port, probe in probes.items() if port != web.port} == {
        listener.port: probes[listener.port].outcome
        for listener, expected in servers.items()
        if probes[listener.port].outcome in expected
    }
    insecure = [port for port, probe in probes.items() for one in probe.answers if one.acceptance.insecure]
    assert insecure == [web.port]
    assert web.most <= 2
    assert threading.active_count() <= before + 8, "the prober's own thread is gone"


def test_a_full_backlog_is_not_waited_for(serve):
    server = serve(None, backlog=0)
    with contextlib.ExitStack() as stack:
        for _ in range(8):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex((server.address, server.port))
        probes, others = _ask(server.listener())
    assert probes[server.port].outcome is ProbeOutcome.REFUSED
    assert others == []


def test_a_listener_that_is_gone_refuses(serve):
    server = serve(_web)
    server.close()
    probes, _ = _ask(server.listener())
    assert probes[server.port].outcome is ProbeOutcome.REFUSED


def test_a_conversation_without_end_is_ended(serve, monkeypatch):
    monkeypatch.setattr(prober_module, "SERVICE_S", 1.0)
    steps = 0

    def converse(_hint):
        nonlocal steps
        while True:
            yield Ask(b"", lambda _data: True, 0.4)
            steps += 1

    server = serve(_silent)
    probes, _ = _ask(server.listener(), converse=converse)
    assert probes[server.port].outcome is ProbeOutcome.SILENT
    assert 1 <= steps <= 2


def test_a_conversation_that_fails_is_told_and_the_others_go_on(serve):
    broken, whole = serve(_echo), serve(_web)

    def converse(hint):
        if hint.port == broken.port:
            reply = yield Ask(b"x", lambda _data: True)
            raise ValueError(reply.data.decode())
        return (yield from conversation(hint))

    probes, others = _ask(broken.listener(), whole.listener(), converse=converse)
    assert set(probes) == {whole.port}
    (limitation,) = others
    assert isinstance(limitation, Limitation)
    assert (limitation.code, limitation.scope) == ("probe-failed", f"127.0.0.1:{broken.port}")
    assert "ValueError" in limitation.params["fault"]


def test_a_prober_that_fails_is_told(serve, monkeypatch):
    def fail(self, per_port):
        raise KeyError("gone")

    monkeypatch.setattr(Prober, "_next", fail)
    server = serve(_web)
    probes, others = _ask(server.listener(), within_s=1.0)
    assert [record.code for record in others] == ["probes-failed"]
    assert probes[server.port].outcome is ProbeOutcome.OUT_OF_TIME


def test_a_prober_that_has_nobody_to_ask_sleeps_until_it_has(serve, monkeypatch):
    wakes: list[float] = []
    original = asyncio.sleep

    async def sleep(seconds):
        wakes.append(seconds)
        await original(seconds)

    monkeypatch.setattr(prober_module.asyncio, "sleep", sleep)
    listener = serve(_web).listener()
    emitted: list[object] = []
    prober = Prober(OneNamespace(), OwnFlows(), conversation, _hint, _place)
    prober.start(emitted.append)
    time.sleep(0.3)
    assert wakes == []
    prober.ask(listener)
    prober.finish(30.0)
    assert [(record.port, record.outcome) for record in emitted] == [(listener.port, ProbeOutcome.ANSWERED)]


def test_what_there_is_no_time_for_is_told(serve):
    servers = [serve(_silent) for _ in range(3)]
    probes, others = _ask(*(server.listener() for server in servers), within_s=0.5)
    assert {probe.outcome for probe in probes.values()} == {ProbeOutcome.OUT_OF_TIME}
    assert len(probes) == 3
    assert others == []


class Elsewhere(OneNamespace):
    def make(self, network_namespace, family, kind):
        raise SensorError("cannot enter it")


def test_a_namespace_that_cannot_be_entered_is_told(serve):
    server = serve(_web)
    probes, _ = _ask(server.listener(), sockets=Elsewhere())
    assert probes[server.port].outcome is ProbeOutcome.UNREACHABLE
    assert server.peers == []


class Full(OwnFlows):
    def begin(self, flow, pids=()):
        return False


def test_what_would_be_counted_as_traffic_is_not_opened(serve):
    server = serve(_web)
    probes, _ = _ask(server.listener(), own=Full())
    assert probes[server.port].outcome is ProbeOutcome.UNREACHABLE
    assert server.peers == []


def test_few_connections_at_a_time_to_one_service(serve):
    server = serve(_silent, address="0.0.0.0")
    addresses = [f"127.0.1.{number}" for number in range(1, 6)]

    def converse(_hint):
        for _ in range(3):
            yield Ask(b"", lambda _data: True, 0.1)
            yield Reopen()
        return ()

    def release(_connection, _ending):
        _connection.recv(1)

    server._serve = release
    listeners = [
        Listener(transport=Transport.TCP, network_namespace=NAMESPACE, address=address, port=server.port)
        for address in addresses
    ]
    records: list[object] = []
    prober = Prober(OneNamespace(), OwnFlows(), converse, _hint, _place)
    for listener in listeners:
        prober.ask(listener)
    prober.start(records.append)
    prober.finish(30.0)
    assert sorted(record.address for record in records) == addresses
    assert [record.connections for record in records] == [4] * 5
    assert server.most <= AT_ONE_PORT


def test_every_socket_is_closed_and_every_flow_ended(serve):
    ended: list[object] = []

    class Watched(OwnFlows):
        def begin(self, flow, pids=()):
            ended.append(flow)
            return super().begin(flow, pids)

        def end(self, flow, pids=()):
            ended.remove(flow)
            super().end(flow, pids)

    servers = [serve(_web), serve(_silent), serve(_hangs_up)]
    _ask(*(server.listener() for server in servers), own=Watched(), within_s=1.5)
    assert ended == []
