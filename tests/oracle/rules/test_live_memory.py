"""Real programs with memory of every kind run, both sensors of modules look at them, and the rule answers."""

import os
import platform
import shutil
import struct
import subprocess
import time
from pathlib import Path

import pytest

from javert.errors import SensorError
from javert.model.rule_id import RuleId
from javert.model.telemetry import Process, RunStarted
from javert.model.view import assemble
from javert.rules.software_without_dep import RULE
from javert.sensors.interface import SensorOptions
from javert.sensors.linux import host
from javert.sensors.linux.clock import BootClock
from javert.sensors.linux.files import FileScanSensor
from javert.sensors.linux.modules import BpfModuleSensor
from javert.sensors.linux.polling_modules import PollingModuleSensor
from javert.sensors.linux.processes import ProcessTable

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to look into all processes"),
    pytest.mark.skipif(platform.machine() != "x86_64", reason="builds and runs x86 programs"),
    pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc"),
]

RULES = (RuleId.SOFTWARE_WITHOUT_DEP,)
PT_GNU_STACK = 0x6474E551

PROGRAM = r"""
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <unistd.h>
static void *wait_for_ever(void *unused) { for (;;) pause(); return unused; }
int main(int count, char **words)
{
    pthread_t thread;
    if (!strcmp(words[1], "thread")) pthread_create(&thread, 0, wait_for_ever, 0);
    if (!strcmp(words[1], "personality")) personality(READ_IMPLIES_EXEC);
    if (!strcmp(words[1], "code"))
        mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    puts("ready");
    fflush(stdout);
    wait_for_ever(0);
}
"""


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """The same program with a header that protects the stack, without one, and under the name of a compiler."""
    directory = tmp_path_factory.mktemp("programs")
    plain = directory / "plain"
    command = ["gcc", "-x", "c", "-", "-w", "-D_GNU_SOURCE", "-pthread", "-o", str(plain)]
    subprocess.run(command, input=PROGRAM, text=True, check=True)
    data = bytearray(plain.read_bytes())
    (table,) = struct.unpack_from("<Q", data, 32)
    entry, count = struct.unpack_from("<2H", data, 54)
    for number in range(count):
        at = table + number * entry
        if struct.unpack_from("<I", data, at) == (PT_GNU_STACK,):
            struct.pack_into("<I", data, at, 0)  # PT_NULL
    (directory / "headerless").write_bytes(data)
    (directory / "headerless").chmod(0o755)
    shutil.copy(plain, directory / "luajit")
    return directory


@pytest.fixture
def run(programs):
    """``run(program, what)`` starts it, and returns once it has done ``what``."""
    started = []

    def start(program: str, what: str) -> int:
        process = subprocess.Popen([programs / program, what], stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout.readline() == "ready\n"
        return process.pid

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture(params=["kernel", "polling"])
def assessed(request, programs):
    """``assessed()``: the rule's verdict on this host, and the records of processes, by pid."""

    def assess():
        records = [
            RunStarted(
                run_id="r",
                javert_version="0",
                started_at=time.time(),
                planned_s=1.0,
                host=host.describe(),
                rules=RULES,
            )
        ]
        scan = FileScanSensor(SensorOptions(rules=RULES, scan_roots=(str(programs),), planned_s=0.0))
        table = ProcessTable()
        if request.param == "kernel":
            modules = BpfModuleSensor(table, BootClock(), RULES, scan)
        else:
            modules = PollingModuleSensor(table, RULES, scan)
        scan.start(records.append)
        try:
            modules.start(records.append)
        except SensorError as error:
            scan.stop()
            pytest.skip(str(error))
        modules.stop()
        scan.stop()
        processes = {record.key.pid: record for record in records if isinstance(record, Process)}
        return RULE.evaluate(assemble(records)), processes

    return assess


def about(verdict, pid):
    return [finding.attributes for finding in verdict.findings if pid in finding.attributes.running_pids]


def excluded(verdict):
    return " ".join(
        each.params["examples"] for each in verdict.exclusions if each.code == "code-memory-unexplained"
    )


def test_threads_of_a_program_without_a_header(run, assessed, programs):
    """The kernel protects its stack; glibc makes those of its threads executable (see tests/oracle/dep)."""
    pid, alone = run("headerless", "thread"), run("headerless", "nothing")
    maps = Path(f"/proc/{pid}/maps").read_text()
    executable = any(" rwxp " in line and not line.endswith("]") for line in maps.splitlines())
    verdict, processes = assessed()
    assert processes[pid].code_memory == executable
    assert not processes[pid].executable_stack
    assert not processes[alone].code_memory
    found = about(verdict, pid)
    assert [(one.path, one.reasons) for one in found] == (
        [(str(programs / "headerless"), ("stack-header-missing",))] if executable else []
    )
    assert about(verdict, alone) == []


def test_threads_of_a_program_with_a_header_are_protected(run, assessed):
    pid = run("plain", "thread")
    verdict, processes = assessed()
    assert not processes[pid].code_memory
    assert about(verdict, pid) == []


def test_a_program_that_makes_all_its_memory_executable(run, assessed, programs):
    pid = run("plain", "personality")
    verdict, processes = assessed()
    assert processes[pid].read_implies_exec
    assert [(one.path, one.reasons) for one in about(verdict, pid)] == [
        (str(programs / "plain"), ("read-implies-exec",))
    ]


def test_memory_of_a_just_in_time_compiler_is_told_apart(run, assessed):
    compiler, unknown = run("luajit", "code"), run("plain", "code")
    verdict, processes = assessed()
    assert processes[compiler].code_memory
    assert processes[unknown].code_memory
    assert about(verdict, compiler) == about(verdict, unknown) == []
    assert verdict.coverage["processes_with_just_in_time_compiler"] >= 1
    assert "plain" in excluded(verdict)
    assert "luajit" not in excluded(verdict)


@pytest.mark.skipif(shutil.which("java") is None, reason="needs a Java virtual machine")
def test_a_real_java_virtual_machine_is_no_finding_and_no_exclusion(assessed, tmp_path):
    source = tmp_path / "Wait.java"
    source.write_text(
        "public class Wait { public static void main(String[] a) throws Exception {"
        ' System.out.println("ready"); Thread.sleep(60000); } }'
    )
    with subprocess.Popen(["java", str(source)], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            verdict, processes = assessed()
        finally:
            process.kill()
    assert processes[process.pid].code_memory
    assert about(verdict, process.pid) == []
    assert "java" not in excluded(verdict)
