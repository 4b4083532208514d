"""The book of modules: each file once, with every process, and a way only for what root has."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from javert.model.telemetry import Module, ModuleKind, PathNode, ProcessKey
from javert.sensors.linux.module_book import MappedFile, ModuleBook
from javert.sensors.linux.permissions import PathWalker

OWN = os.stat("/proc/self/ns/mnt").st_ino
ONE, TWO = ProcessKey(999_001, 1), ProcessKey(999_002, 1)


@pytest.fixture
def book():
    """A book and the records it emits."""
    records: list[object] = []
    return ModuleBook(records.append, PathWalker(records.append), None), records


def _file(path: str = "/bin/sh", **fields) -> MappedFile:
    status = os.stat(path)
    return MappedFile(OWN, status.st_dev, status.st_ino, path, **fields)


def _modules(records) -> list[Module]:
    return [record for record in records if isinstance(record, Module)]


def test_a_file_is_told_once_with_all_its_processes(book):
    modules, records = book
    modules.add(_file(), ONE, root=False, executable=True, now=1.0)
    modules.add(_file(), TWO, root=False, executable=True, now=2.0)
    modules.flush()
    modules.flush()
    (module,) = _modules(records)
    assert module.processes == (ONE, TWO)
    assert module.kind is ModuleKind.EXECUTABLE
    assert (module.first_seen, module.last_seen) == (1.0, 2.0)
    assert module.way == ()
    assert module.root_processes == ()


def test_what_root_loads_gets_a_way(book):
    modules, records = book
    modules.add(_file(), ONE, root=True, executable=False, now=1.0)
    modules.flush()
    (module,) = _modules(records)
    assert module.root_processes == (ONE,)
    assert module.way[0] == "/"
    assert {node.path for node in records if isinstance(node, PathNode)} >= set(module.way)


def test_a_file_that_root_loads_later_is_told_again(book):
    modules, records = book
    modules.add(_file(), ONE, root=False, executable=False, now=1.0)
    modules.flush()
    modules.add(_file(), TWO, root=True, executable=False, now=2.0)
    modules.flush()
    assert [bool(module.way) for module in _modules(records)] == [False, True]


def test_processes_that_come_later_are_told_at_the_end(book):
    modules, records = book
    modules.add(_file(), ONE, root=False, executable=False, now=1.0)
    modules.flush()
    modules.add(_file(), TWO, root=False, executable=False, now=2.0)
    modules.flush()
    assert len(_modules(records)) == 1
    modules.flush(everything=True)
    assert _modules(records)[-1].processes == (ONE, TWO)


def test_javert_itself_is_left_out(book):
    modules, records = book
    modules.add(_file(sys.executable), ProcessKey(os.getpid(), 1), root=True, executable=True, now=1.0)
    modules.flush(everything=True)
    assert records == []


def test_a_replaced_file_is_told_apart_and_judged_by_what_is_there(book, tmp_path):
    modules, records = book
    path = tmp_path / "plugin.so"
    path.write_bytes(b"old")
    mapped = _file(str(path))
    kept_open = path.open("rb")
    path.unlink()
    path.write_bytes(b"new")
    modules.add(mapped, ONE, root=True, executable=False, now=1.0)
    modules.flush()
    kept_open.close()
    (module,) = _modules(records)
    assert module.deleted
    assert module.way[-1] == str(path)


def test_a_namespace_that_is_gone_is_judged_by_the_hosts_files_if_it_showed_them(book):
    """As with a service of a moment that has a mount namespace of its own."""
    modules, records = book
    host = _file(os.path.realpath("/bin/sh"))._replace(mount_namespace=OWN + 1)
    modules.add(host, ONE, root=True, executable=True, now=1.0)
    modules.add(host._replace(path="/bin/other"), ONE, root=True, executable=True, now=1.0)
    modules.add(host._replace(inode=host.inode + 1), ONE, root=True, executable=True, now=1.0)
    modules.flush()
    assert [bool(module.way) for module in _modules(records)] == [True, False, False]
    first, *_others = _modules(records)
    assert {node.mount_namespace for node in records if isinstance(node, PathNode)} == {OWN}
    assert first.mount_namespace == OWN, "the rule joins a module with the nodes of its namespace"


def test_a_way_that_could_not_be_walked_is_tried_again_with_the_next_process(book, monkeypatch):
    monkeypatch.setattr("javert.sensors.linux.mount_namespaces._LOOK_AGAIN_S", float("inf"))
    modules, records = book
    with subprocess.Popen(["unshare", "--mount", "sleep", "300"]) as process:
        while (namespace := Path(f"/proc/{process.pid}/ns/mnt").stat().st_ino) == OWN:
            assert process.poll() is None
        other = MappedFile(namespace, 0, Path("/bin/sh").stat().st_ino, os.path.realpath("/bin/sh"))
        modules.add(other, ONE, root=True, executable=True, now=1.0)
        modules.flush()
        modules.add(other, ProcessKey(process.pid, 1), root=True, executable=True, now=2.0)
        modules.flush()
        process.kill()
    assert [bool(module.way) for module in _modules(records)] == [False, True]


def test_what_a_process_loaded_before_it_left_the_hosts_namespace_is_judged_there(book):
    modules, records = book
    host = _file(os.path.realpath("/bin/sh"))._replace(mount_namespace=OWN + 1, detached=True)
    modules.add(host, ONE, root=True, executable=True, now=1.0)
    modules.flush()
    assert _modules(records)[0].way[-1] == os.path.realpath("/bin/sh")


def test_memory_without_a_place_has_no_way(book):
    modules, records = book
    modules.add(MappedFile(OWN, 1, 2, "/memfd:x", detached=True), ONE, root=True, executable=False, now=1.0)
    modules.flush()
    assert _modules(records)[0].way == ()


@pytest.mark.parametrize("name", ["ld-linux-x86-64.so.2", "ld-2.31.so", "ld-musl-x86_64.so.1", "ld64.so.2"])
def test_the_loader_is_the_interpreter(book, tmp_path, name):
    modules, records = book
    path = tmp_path / name
    path.write_bytes(b"")
    modules.add(_file(str(path)), ONE, root=False, executable=False, now=1.0)
    modules.flush()
    assert _modules(records)[0].kind is ModuleKind.INTERPRETER
