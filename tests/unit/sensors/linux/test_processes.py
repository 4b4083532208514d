"""Who a process is: from the kernel's description, from /proc, and never with a secret."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from javert.formats.kernel_records import Who
from javert.formats.procfs import MemoryTraits, parse_stat
from javert.model.telemetry import Process, ProcessKey
from javert.sensors.linux import processes
from javert.sensors.linux.processes import ProcessTable


@pytest.fixture
def table():
    """A table and the records it emits."""
    records: list[Process] = []
    made = ProcessTable()
    made.emit_to(records.append)
    return made, records


def _who(name: str = "worker", uid: int = 0, exe: int = 2) -> Who:
    return Who(ProcessKey(999_999, 5), 1, 1, exe, 1, uid, 10, 20, name, "init")


def test_a_process_that_is_gone_is_known_from_the_kernel(table):
    made, records = table
    made.from_kernel(_who(), exe="/opt/worker", cmdline=b"/opt/worker\0--token=s3cret\0")
    (process,) = records
    assert (process.name, process.exe, process.user, process.root) == ("worker", "/opt/worker", "root", True)
    assert process.cmdline_redacted == "worker --token=***"
    assert made.is_root(process.key)


def test_nothing_is_emitted_twice_and_what_is_learnt_later_is_added(table):
    made, records = table
    made.from_kernel(_who(), exe="/opt/worker")
    made.from_kernel(_who())
    assert len(records) == 1
    for _ in range(2):
        made.memory_seen(_who().key, MemoryTraits(executable_stack=True))
        made.memory_seen(_who().key, MemoryTraits())
    made.memory_seen(_who().key, MemoryTraits(code_memory=True))
    made.memory_seen(_who().key, MemoryTraits(read_implies_exec=True))
    made.from_kernel(_who())
    assert [(record.executable_stack, record.code_memory, record.read_implies_exec) for record in records] == [
        (False, False, False),
        (True, False, False),
        (True, True, False),
        (True, True, True),
    ]
    assert records[-1].exe == "/opt/worker"


def test_javerts_own_memory_is_left_out(table):
    """Its callbacks for libbpf (libffi) lie in memory that is both writable and executable."""
    made, records = table
    own = made.from_proc(os.getpid())
    made.memory_seen(own, MemoryTraits(code_memory=True))
    assert [record.code_memory for record in records if record.key == own] == [False]


def test_a_name_that_the_kernel_cut_short_is_told_in_full(table):
    made, records = table
    made.from_kernel(_who("inetutils-telne"), exe="/usr/bin/inetutils-telnet")
    made.from_kernel(_who("a-name-of-15-ch", exe=9), exe="/usr/bin/python3")
    assert [record.name for record in records] == ["inetutils-telnet", "a-name-of-15-ch"]


def test_a_program_that_replaced_itself_is_another_process_for_findings(table):
    made, records = table
    first = made.from_kernel(_who("sh", exe=7))
    second = made.from_kernel(_who("curl", exe=8))
    assert (first.pid, first.start) == (second.pid, second.start)
    assert first != second
    assert [record.name for record in records] == ["sh", "curl"]
    assert made.known_as(_who("sh", exe=7)) == first
    assert made.known_as(_who("sh", exe=7, uid=1000)) is None
    assert made.from_kernel(_who("sh", exe=7)) == first


def test_a_running_process_is_read_from_proc(table):
    made, records = table
    secret = "Tr0ub4dor-in-argv"
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", secret]) as child:
        try:
            while secret.encode() not in Path(f"/proc/{child.pid}/cmdline").read_bytes():
                time.sleep(0.001)  # execve(2) lets the parent go on before it has laid out the arguments
            key = made.from_proc(child.pid)
            assert key is not None
            assert made.from_proc(child.pid) == key
        finally:
            child.kill()
    (process,) = records
    assert process.key.pid == child.pid
    assert os.path.samefile(process.exe, sys.executable)
    assert process.uid == os.geteuid()
    assert process.mount_namespace == os.stat("/proc/self/ns/mnt").st_ino
    assert secret not in process.cmdline_redacted
    assert "-c" in process.cmdline_redacted


def test_a_process_that_ended_is_none(table):
    made, records = table
    child = subprocess.Popen(["/bin/true"])
    child.wait()
    assert made.from_proc(child.pid) is None
    assert records == []


def test_a_number_that_another_process_has_by_now_tells_nothing_of_the_one_before(table, monkeypatch):
    """The kernel told of a process in no control group of its own; a container's process now has its number."""
    made, records = table
    there = f"0::/docker/{'f' * 64}\n".encode()
    read = processes._bytes
    monkeypatch.setattr(processes, "_bytes", lambda path: there if path.endswith("/cgroup") else read(path))
    own = parse_stat(Path("/proc/self/stat").read_bytes()).start
    for start in (own - 1, own):
        made.from_kernel(_who()._replace(key=ProcessKey(os.getpid(), start)))
    assert [record.container for record in records] == ["", "f" * 12]


def test_a_process_whose_number_is_taken_while_it_is_read_is_none(table, monkeypatch):
    made, records = table
    read = processes._bytes
    monkeypatch.setattr(
        processes, "_bytes", lambda path: b"1 (x) S" + b" 1" * 30 if "/stat" in path else read(path)
    )
    assert made.from_proc(os.getpid()) is None
    assert records == []
