"""Sensors, run directories and journals that need no host."""

import os
from collections.abc import Callable

import pytest

from javert.assessment.run_directory import STATE_DIRECTORY_VARIABLE
from javert.model.telemetry import SensorReport


class ScriptedSensor:
    """A sensor that does what its test says; each step may be a callable that is given ``emit``."""

    def __init__(self, name="scripted", rules=(), **steps: Callable):
        self.name = name
        self.rules = rules
        self.steps = steps
        self.calls = []
        self.emit = None

    def _step(self, step):
        self.calls.append(step)
        if step in self.steps:
            self.steps[step](self.emit)

    def start(self, emit):
        self.emit = emit
        self._step("start")

    def poll(self):
        self._step("poll")

    def flush(self):
        self._step("flush")

    def stop(self):
        self._step("stop")

    def report(self):
        return SensorReport(name=self.name, started_at=1.0, records=len(self.calls), rules=self.rules)


@pytest.fixture
def scripted_sensor():
    return ScriptedSensor


@pytest.fixture
def state_directory(tmp_path, monkeypatch):
    """A state directory of the test's own, so that tests can run beside each other and beside a real run."""
    path = tmp_path / "state"
    monkeypatch.setenv(STATE_DIRECTORY_VARIABLE, str(path))
    return path


class FullDisk:
    """Makes os.write fail as on a full disk, after so many bytes more."""

    def __init__(self, monkeypatch):
        self.room = None
        self._write = os.write
        monkeypatch.setattr(os, "write", self)

    def __call__(self, file, data):
        if self.room is None:
            return self._write(file, data)
        if self.room == 0:
            raise OSError(28, "No space left on device")
        written = self._write(file, bytes(data)[: self.room])
        self.room -= written
        return written


@pytest.fixture
def disk(monkeypatch):
    return FullDisk(monkeypatch)
