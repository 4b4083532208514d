"""Ways into real mount namespaces, while processes come and go in them."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from javert.sensors.linux import mount_namespaces
from javert.sensors.linux.mount_namespaces import MountNamespaces

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to make mount namespaces"),
]
OWN = os.stat("/proc/self/ns/mnt").st_ino


class Inside:
    """A process in a mount namespace: its own, or that of another."""

    def __init__(self, *command: str) -> None:
        self.process = subprocess.Popen([*command, "sleep", "300"])
        while not os.readlink(f"/proc/{self.process.pid}/exe").endswith("sleep"):
            assert self.process.poll() is None
        self.pid = self.process.pid
        self.root = f"/proc/{self.pid}/root"
        self.namespace = Path(f"/proc/{self.pid}/ns/mnt").stat().st_ino

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def first() -> Iterator[Inside]:
    made = Inside("unshare", "--mount")
    yield made
    made.end()


def join(other: Inside, *command: str) -> Inside:
    return Inside("nsenter", f"--mount=/proc/{other.pid}/ns/mnt", *command)


@pytest.fixture
def now(monkeypatch) -> None:
    """A look at all processes is not put off."""
    monkeypatch.setattr(mount_namespaces, "_LOOK_AGAIN_S", 0)


def test_a_process_leads_to_its_namespace_as_long_as_it_lives(first, now):
    namespaces = MountNamespaces()
    assert namespaces.own == OWN != first.namespace
    assert namespaces.roots(first.namespace, first.pid) == [first.root]
    assert namespaces.whole_root(first.namespace, first.pid) == first.root
    first.end()
    assert namespaces.roots(first.namespace, first.pid) == []
    assert namespaces.whole_root(first.namespace, first.pid) is None


def test_when_it_is_gone_another_leads_there_known_or_not(first, now):
    namespaces = MountNamespaces()
    gone, second = join(first), join(first)
    try:
        namespaces.note(first.namespace, gone.pid)
        gone.end()
        (root,) = namespaces.roots(first.namespace, gone.pid)
        assert root in (first.root, second.root)
    finally:
        gone.end()
        second.end()


def test_a_process_of_another_namespace_leads_nowhere(first, now):
    """As one does that got the number of a process that ended."""
    namespaces = MountNamespaces()
    namespaces.note(first.namespace, os.getpid())
    assert namespaces.roots(first.namespace, os.getpid()) == [first.root]


def test_a_changed_root_counts_for_its_own_process_only(first, now):
    namespaces = MountNamespaces()
    changed = join(first, "unshare", "--root=/usr", "/bin/env", "PATH=/bin")
    try:
        assert namespaces.roots(first.namespace, changed.pid) == [changed.root]
        assert namespaces.whole_root(first.namespace, changed.pid) is None
        assert namespaces.roots(first.namespace, first.pid) == [first.root]
    finally:
        changed.end()
