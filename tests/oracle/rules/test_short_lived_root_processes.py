"""Processes that live a millisecond: every library they load, and every script that they are, is seen."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from javert.errors import BpfUnavailableError
from javert.model.rule_id import RuleId
from javert.model.telemetry import Module
from javert.sensors.linux.clock import BootClock
from javert.sensors.linux.modules import BpfModuleSensor
from javert.sensors.linux.processes import ProcessTable
from javert.sensors.linux.scripts import BpfScriptSensor

PROCESSES = 1000

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to watch root's processes"),
]


@pytest.fixture
def place():
    made = Path(tempfile.mkdtemp(prefix="javert-test-", dir="/opt"))
    yield made
    shutil.rmtree(made)


@pytest.fixture
def seen():
    """Both sensors, started; the function stops them and gives the paths of root's modules that have a way."""
    table, clock, records = ProcessTable(), BootClock(), []
    sensors = [
        BpfModuleSensor(table, clock, (RuleId.ROOT_PROCESS_INSECURE_PERMISSIONS,), None),
        BpfScriptSensor(table, clock),
    ]
    try:
        for sensor in sensors:
            sensor.start(records.append)
    except BpfUnavailableError as error:
        pytest.skip(str(error))

    def stop() -> set[str]:
        for sensor in sensors:
            sensor.stop()
        assert [sensor.report().lost for sensor in sensors] == [0, 0]
        return {
            record.path for record in records if isinstance(record, Module) and record.root_processes and record.way
        }

    yield stop
    for sensor in sensors:
        sensor.stop()


def run(program: str, environment: dict[str, str]) -> None:
    pid = os.posix_spawn(program, [program], environment)
    assert os.waitpid(pid, 0)[1] == 0


def test_a_planted_library_in_each_of_many_processes(place, seen):
    library = place / "library.so"
    subprocess.run(["gcc", "-shared", "-o", library, "-x", "c", "-"], input=b"int planted;", check=True)
    libraries = [shutil.copy(library, place / f"{number}.so") for number in range(PROCESSES)]
    for path in libraries:
        run("/bin/true", {"LD_PRELOAD": str(path)})
    assert {str(path) for path in libraries} - seen() == set()


def test_a_script_in_each_of_many_processes(place, seen):
    scripts = [place / f"{number}.sh" for number in range(PROCESSES)]
    for script in scripts:
        script.write_text("#!/bin/sh\n")
        script.chmod(0o755)
    for script in scripts:
        run(str(script), {})
    assert {str(script) for script in scripts} - seen() == set()
