"""Network namespaces: found by process and by name, and looked into from a thread that goes away."""

import os
import subprocess
import threading

import pytest

from javert.errors import SensorError
from javert.sensors.linux import namespaces

root = pytest.mark.skipif(os.geteuid() != 0, reason="making network namespaces takes root")


@pytest.fixture
def other_namespace():
    """A named network namespace with loopback up."""
    name = f"javert-unit-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        subprocess.run(["ip", "-n", name, "address", "add", "198.18.77.1/32", "dev", "lo"], check=True)
        yield name
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)


def test_javerts_own_namespace_comes_first_and_has_its_addresses():
    own = namespaces.network_namespaces()[0]
    assert own.inode == os.stat("/proc/self/ns/net").st_ino
    described = namespaces.describe(own, "ignored")
    assert described.initial
    assert described.name == ""
    assert "127.0.0.1" in described.addresses


@pytest.mark.root
@root
def test_a_named_namespace_is_found_and_described(other_namespace):
    entry = next(one for one in namespaces.network_namespaces() if one.name == other_namespace)
    described = namespaces.describe(entry, "")
    assert (described.initial, described.name) == (False, other_namespace)
    assert "198.18.77.1" in described.addresses


@pytest.mark.root
@root
def test_a_namespace_that_only_a_mount_keeps_is_found(tmp_path):
    kept = tmp_path / "kept here"
    kept.touch()
    mount = 'mount --bind /proc/$$/ns/net "$1"'
    subprocess.run(["unshare", "--net", "sh", "-c", mount, "sh", kept], check=True)
    try:
        (entry,) = [one for one in namespaces.network_namespaces() if one.name == "kept here"]
        assert namespaces.inside(entry, lambda: os.stat("/proc/thread-self/ns/net").st_ino) == entry.inode
    finally:
        subprocess.run(["umount", kept], check=True)


@pytest.mark.root
@root
def test_looking_inside_moves_nobody_else(other_namespace):
    before = os.stat("/proc/thread-self/ns/net").st_ino
    entry = next(one for one in namespaces.network_namespaces() if one.name == other_namespace)
    inside = namespaces.inside(entry, lambda: os.stat("/proc/thread-self/ns/net").st_ino)
    assert inside == entry.inode
    assert os.stat("/proc/thread-self/ns/net").st_ino == before
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("netns-")]


def test_a_namespace_that_is_gone_is_a_sensor_error():
    gone = namespaces.NamespaceEntry(1, "/proc/self/ns/missing", 0, "gone")
    with pytest.raises(SensorError, match="gone"):
        namespaces.inside(gone, lambda: None)


@pytest.mark.root
@root
def test_another_namespace_at_the_same_path_is_not_taken_for_it(other_namespace):
    # As when a process ends and its number goes to one of another namespace.
    entry = next(one for one in namespaces.network_namespaces() if one.name == other_namespace)
    looked: list[bool] = []
    with pytest.raises(SensorError, match="is gone"):
        namespaces.inside(entry._replace(inode=entry.inode + 1), lambda: looked.append(True))
    assert not looked


def _way(inode, path):
    return namespaces.NamespaceEntry(inode, path, 0, "")


def test_a_way_that_closed_is_replaced_by_another(monkeypatch):
    monkeypatch.setattr(namespaces, "network_namespaces", lambda: [_way(1, "/a"), _way(2, "/new")])
    tried = []

    def look(entry):
        tried.append(entry.path)
        if entry.path == "/old":
            raise SensorError("gone")

    assert namespaces.look_into(_way(2, "/old"), look) == _way(2, "/new")
    assert tried == ["/old", "/new"]


def test_a_namespace_that_is_gone_is_no_error(monkeypatch):
    monkeypatch.setattr(namespaces, "network_namespaces", lambda: [_way(1, "/a")])

    def look(entry):
        raise SensorError("gone")

    assert namespaces.look_into(_way(2, "/old"), look) is None


def test_a_namespace_that_stays_shut_is_an_error(monkeypatch):
    monkeypatch.setattr(namespaces, "network_namespaces", lambda: [_way(2, "/there")])
    tried = []

    def look(entry):
        tried.append(entry)
        raise SensorError("not permitted")

    with pytest.raises(SensorError, match="not permitted"):
        namespaces.look_into(_way(2, "/there"), look)
    assert len(tried) == 3
