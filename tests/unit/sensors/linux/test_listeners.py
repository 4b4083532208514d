"""The book of listeners: sockets that come, go, are shared and are reopened."""

import os
import socket
import subprocess
import sys
import time

import pytest

from javert.formats.kernel_records import ListenEvent, Who
from javert.model.telemetry import Listener, Process, ProcessKey, PublishedPort, Transport
from javert.sensors.linux.listeners import ListenerBook
from javert.sensors.linux.namespaces import NamespaceEntry, own_network_namespace
from javert.sensors.linux.processes import ProcessTable
from javert.sensors.linux.sockets import holders
from javert.sensors.own_flows import OwnFlows

NAMESPACE = 4026531840


@pytest.fixture
def book():
    """A book and the records it emits."""
    records: list[object] = []
    table = ProcessTable()
    table.emit_to(records.append)
    return ListenerBook(records.append, table, OwnFlows()), records


def _event(*, listening: bool, inode: int = 77, port: int = 8080, address: str = "127.0.0.1") -> ListenEvent:
    who = Who(ProcessKey(123, 456), 1, 1, 2, 1, 0, NAMESPACE, 9, "server", "sh") if listening else None
    return ListenEvent(
        listening, 0, address, port, NAMESPACE, inode, who, "/usr/bin/server", b"server\0-p\0secret\0"
    )


def _here(port: int, *, inode: int, pid: int) -> ListenEvent:
    """An event of the network namespace that the tests run in, of a process that is gone."""
    event = _event(listening=True, inode=inode, port=port)
    here = own_network_namespace()
    return event._replace(network_namespace=here, who=event.who._replace(key=ProcessKey(pid, 1, 0)))


def _list(listeners: ListenerBook, now: float | None) -> None:
    inodes, _ = holders()
    listeners.read_namespace(_own(), lambda inode: inodes.get(inode, []), now)


def _last(records, port: int) -> Listener:
    return [record for record in _listeners(records) if record.port == port][-1]


def _listeners(records) -> list[Listener]:
    return [record for record in records if isinstance(record, Listener)]


def test_a_listener_that_comes_and_goes_is_told_with_its_times_and_process(book):
    listeners, records = book
    listeners.changed(_event(listening=True), 10.0)
    listeners.changed(_event(listening=False), 20.0)
    opened, closed = _listeners(records)
    assert (opened.opened_at, opened.closed_at) == (10.0, None)
    assert (closed.opened_at, closed.closed_at) == (10.0, 20.0)
    assert closed.processes == (ProcessKey(123, 456),)
    (process,) = [record for record in records if isinstance(record, Process)]
    assert process.cmdline_redacted == "server -p ***"


def test_members_of_a_reuseport_group_are_one_listener_until_the_last_goes(book):
    listeners, records = book
    for inode in (1, 2):
        listeners.changed(_event(listening=True, inode=inode), 10.0)
    listeners.changed(_event(listening=False, inode=1), 20.0)
    assert all(listener.closed_at is None for listener in _listeners(records))
    listeners.changed(_event(listening=False, inode=0), 30.0)  # closed by the process's end: no inode any more
    assert _listeners(records)[-1].closed_at == 30.0


def test_a_reopened_listener_is_another_record(book):
    listeners, records = book
    for opened, closed in ((10.0, 11.0), (20.0, 21.0)):
        listeners.changed(_event(listening=True), opened)
        listeners.changed(_event(listening=False), closed)
    assert [(one.opened_at, one.closed_at) for one in _listeners(records)[1::2]] == [(10.0, 11.0), (20.0, 21.0)]


def test_an_end_without_a_beginning_and_a_port_not_yet_chosen_are_no_listeners(book):
    listeners, records = book
    listeners.changed(_event(listening=False), 10.0)
    listeners.changed(_event(listening=True, port=0), 10.0)
    assert _listeners(records) == []


def _own() -> NamespaceEntry:
    return NamespaceEntry(own_network_namespace(), "/proc/self/ns/net", os.getpid(), "")


def test_sockets_of_this_namespace_are_found_with_their_process(book):
    listeners, records = book
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        listeners.read_namespace(_own(), lambda inode: holders(frozenset({inode}))[0].get(inode, []), None)
        found = next(one for one in _listeners(records) if one.port == port)
        assert found.opened_at is None
        assert [key.pid for key in found.processes] == [os.getpid()]
    listeners.read_namespace(_own(), lambda inode: [], 50.0)
    gone = [one for one in _listeners(records) if one.port == port][-1]
    assert gone.closed_at == 50.0


@pytest.mark.parametrize("dual", [True, False])
def test_dual_stack_sockets_are_told(book, dual):
    listeners, records = book
    if dual and not socket.has_dualstack_ipv6():
        pytest.skip("no dual-stack sockets here")
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=dual) as server:
        port = server.getsockname()[1]
        listeners.read_namespace(_own(), lambda inode: [], None)
        assert next(one for one in _listeners(records) if one.port == port).dual_stack is dual


def test_udp_sockets_are_told_apart(book):
    listeners, records = book
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        listeners.read_namespace(_own(), lambda inode: [], None)
        assert {one.transport for one in _listeners(records) if one.port == port} == {Transport.UDP}


def test_a_namespace_that_goes_takes_its_listeners_along(book):
    listeners, records = book
    listeners.changed(_event(listening=True), 10.0)
    assert listeners.namespaces() == {NAMESPACE}
    listeners.close_namespace(NAMESPACE, 40.0)
    assert _listeners(records)[-1].closed_at == 40.0
    assert listeners.namespaces() == set()


PROXY = """
import pathlib, socket, sys
pathlib.Path("/proc/self/comm").write_text("docker-proxy")
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
sys.stdin.read()
"""
PUBLISHES = ("-proto", "tcp", "-container-ip", "172.17.0.2", "-container-port", "80")


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="what publishes ports is root's")
def test_a_port_held_for_a_container_says_where_it_leads(book):
    listeners, records = book
    command = [sys.executable, "-c", PROXY, *PUBLISHES]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as proxy:
        port = int(proxy.stdout.readline())
        inodes, _ = holders()
        entry = NamespaceEntry(own_network_namespace(), "/proc/self/ns/net", os.getpid(), "")
        listeners.read_namespace(entry, lambda inode: inodes.get(inode, []), None)
        proxy.stdin.close()
    (found,) = [one for one in _listeners(records) if one.port == port]
    assert found.publishes == PublishedPort("172.17.0.2", 80)


def test_a_port_published_during_the_run_says_so_too(book):
    listeners, records = book
    event = _event(listening=True)
    cmdline = "\0".join(("docker-proxy", *PUBLISHES)).encode()
    for uid in (0, 1000):
        who = event.who._replace(name="docker-proxy", uid=uid)
        listeners.changed(event._replace(who=who, cmdline=cmdline, port=8080 + uid), 10.0)
    of_root, of_user = _listeners(records)
    assert of_root.publishes == PublishedPort("172.17.0.2", 80)
    assert of_user.publishes is None


LISTENS_AND_PASSES_IT_ON = """
import os, socket, sys
server = socket.create_server(("127.0.0.1", 0))
server.set_inheritable(True)
print(server.getsockname()[1], server.fileno(), flush=True)
sys.stdin.readline()
way = sys.argv[1]
if way == "fork" and os.fork():
    os._exit(0)
if way == "setuid":
    os.setuid(65534)
else:
    os.execv("/bin/sh", ["sh", "-c", "echo passed on; read end"])
print("passed on", flush=True)
sys.stdin.readline()
"""


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="looks into processes that change their user")
@pytest.mark.parametrize("way", ["exec", "fork", "setuid"])
def test_a_socket_that_was_passed_on_is_told_with_who_holds_it_now(book, way):
    listeners, records = book
    command = [sys.executable, "-c", LISTENS_AND_PASSES_IT_ON, way]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        port = int(program.stdout.readline().split()[0])
        _list(listeners, None)
        before = _last(records, port).processes[0]
        program.stdin.write("\n")
        program.stdin.flush()
        assert program.stdout.readline() == "passed on\n"
        _list(listeners, 50.0)
        after = _last(records, port).processes[0]
        told = len(_listeners(records))
        _list(listeners, 60.0)
        assert len(_listeners(records)) == told, "what has not changed is not told again"
        program.stdin.close()
    of = {process.key: process for process in records if isinstance(process, Process)}
    assert after != before
    assert (after.pid == before.pid) is (way != "fork")
    assert (of[after].name, of[after].uid) == (
        of[before].name if way == "setuid" else "sh",
        65534 * (way == "setuid"),
    )


def test_who_does_not_hold_the_socket_is_not_blamed_for_it(book):
    """The list of holders may be old: a process may have ended since, and another have its number."""
    listeners, records = book
    with (
        subprocess.Popen(["sleep", "60"]) as another,
        socket.create_server(("127.0.0.1", 0)) as server,
    ):
        try:
            listeners.read_namespace(_own(), lambda inode: [another.pid], 50.0)
            assert _last(records, server.getsockname()[1]).processes == ()
        finally:
            another.kill()


def test_a_socket_is_forgotten_with_its_process_when_it_is_not_listed_any_more(book):
    """One of two that share a port goes by its process's end, and the event no longer says which it was."""
    listeners, records = book
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as server:
        port = server.getsockname()[1]
        listeners.changed(_here(port, inode=os.fstat(server.fileno()).st_ino, pid=1), 10.0)
        listeners.changed(_here(port, inode=4242, pid=2), 10.0)
        assert {key.pid for key in _last(records, port).processes} == {1, 2}
        listeners.changed(_here(port, inode=0, pid=2)._replace(listening=False, who=None), 20.0)
        _list(listeners, 30.0)
    assert [key.pid for key in _last(records, port).processes] == [os.getpid()]


CONMON = """
import pathlib, socket, sys
pathlib.Path("/proc/self/comm").write_text(sys.argv[1])
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
sys.stdin.readline()
"""


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="what publishes ports is root's")
def test_a_port_that_podman_holds_leads_to_its_container_once_that_runs(book, tmp_path):
    """conmon holds the port before the container runs; its pid file then names a process in it."""
    listeners, records = book
    pid_file = tmp_path / "pidfile"
    arguments = ("--api-version", "1", "-c", "f" * 64, "-p", str(pid_file), "-n", "shop")
    with subprocess.Popen(
        [sys.executable, "-c", CONMON, "conmon", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as conmon:
        port = int(conmon.stdout.readline())
        _list(listeners, None)
        assert _last(records, port).publishes == PublishedPort()
        with subprocess.Popen(["unshare", "--net", "sleep", "60"]) as container:
            try:
                waited = time.monotonic() + 30
                while (inside := os.stat(f"/proc/{container.pid}/ns/net").st_ino) == own_network_namespace():
                    assert time.monotonic() < waited
                pid_file.write_text(str(container.pid))
                _list(listeners, 50.0)
            finally:
                container.kill()
        conmon.stdin.close()
    assert _last(records, port).publishes == PublishedPort(network_namespace=inside)


def test_docker_without_proxies_holds_ports_for_nobody_knows_whom_but_its_own(book):
    listeners, records = book
    event = _event(listening=True)
    who = event.who._replace(name="dockerd", uid=0)
    cmdline = b"dockerd\0-H\0fd://\0--host=tcp://127.0.0.1:2375\0"
    for port in (8080, 2375):
        listeners.changed(event._replace(who=who, cmdline=cmdline, port=port), 10.0)
    assert _last(records, 8080).publishes == PublishedPort()
    assert _last(records, 2375).publishes is None


def test_what_podman_begins_to_listen_on_is_for_a_container_that_is_yet_to_start(book):
    listeners, records = book
    event = _event(listening=True)
    who = event.who._replace(name="podman", uid=0)
    listeners.changed(event._replace(who=who, cmdline=b"podman\0run\0-p\x008080:80\0image\0"), 10.0)
    assert _last(records, 8080).publishes == PublishedPort()
