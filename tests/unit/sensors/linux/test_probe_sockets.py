"""A socket for a probe is made where the service is, and stays there."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from javert.errors import SensorError
from javert.sensors.linux.namespaces import own_network_namespace
from javert.sensors.linux.probe_sockets import NamespacedSockets

root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to make a network namespace")


def test_a_socket_of_javerts_own_namespace():
    with NamespacedSockets().make(own_network_namespace(), socket.AF_INET, socket.SOCK_STREAM) as made:
        assert made.family == socket.AF_INET


def test_a_namespace_that_nothing_leads_to_is_a_sensor_error():
    with pytest.raises(SensorError, match="namespace 1 "):
        NamespacedSockets().make(1, socket.AF_INET, socket.SOCK_STREAM)


def test_an_interface_that_is_not_known_is_no_hindrance():
    sockets = NamespacedSockets()
    assert sockets.scope(own_network_namespace(), "fe80::dead") == 0
    assert sockets.scope(1, "fe80::1") == 0


@pytest.fixture
def another():
    """A process in a network namespace of its own, whose loopback device has a link-local address."""
    script = "ip link set lo up; ip -6 address add fe80::77/64 dev lo nodad; echo up; exec sleep 60"
    with subprocess.Popen(["unshare", "-n", "sh", "-c", script], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "up\n"
            yield Path(f"/proc/{process.pid}/ns/net").stat().st_ino
        finally:
            process.kill()


@pytest.mark.root
@root
def test_a_socket_of_another_namespace_reaches_what_listens_there(another):
    sockets = NamespacedSockets()
    with (
        sockets.make(another, socket.AF_INET, socket.SOCK_STREAM) as server,
        sockets.make(another, socket.AF_INET, socket.SOCK_STREAM) as client,
        socket.socket() as outside,
    ):
        server.bind(("127.0.0.1", 0))
        server.listen()
        client.bind(("127.0.0.2", 0))
        client.connect(server.getsockname())
        with pytest.raises(ConnectionRefusedError):
            outside.connect(server.getsockname())


@pytest.mark.root
@root
def test_a_link_local_address_is_reached_by_its_interface(another):
    sockets = NamespacedSockets()
    scope = sockets.scope(another, "fe80::77")
    assert scope
    with (
        sockets.make(another, socket.AF_INET6, socket.SOCK_STREAM) as server,
        sockets.make(another, socket.AF_INET6, socket.SOCK_STREAM) as client,
    ):
        server.bind(("fe80::77", 0, 0, scope))
        server.listen()
        client.connect(server.getsockname())


@pytest.mark.root
@root
def test_another_process_may_lead_there_when_one_has_ended(another):
    sockets = NamespacedSockets()
    sockets.make(another, socket.AF_INET, socket.SOCK_STREAM).close()
    entry = sockets._ways[another]
    sockets._ways[another] = entry._replace(path="/proc/0/ns/net")
    sockets._looked_at = 0.0
    sockets.make(another, socket.AF_INET, socket.SOCK_STREAM).close()
