"""The command line in this process, with a state directory and sensors of the test's own."""

from typing import NamedTuple

import pytest

from javert.assessment import run as run_module
from javert.assessment.run_directory import STATE_DIRECTORY_VARIABLE
from javert.cli import assess
from javert.cli.frame import run
from javert.model.codec import encode_assessment
from javert.model.telemetry import SensorReport
from javert.sensors import suite


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def state_directory(tmp_path, monkeypatch):
    path = tmp_path / "state"
    monkeypatch.setenv(STATE_DIRECTORY_VARIABLE, str(path))
    return path


@pytest.fixture
def javert(capsys, monkeypatch, state_directory):
    """Runs ``javert`` with arguments; the locale is English, and nothing is a terminal."""
    for name in ("LC_ALL", "LC_MESSAGES", "JAVERT_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("COLUMNS", "100")

    def call(*arguments):
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ended(code, captured.out, captured.err)

    return call


class Idle:
    """A sensor that sees nothing, and remembers what it was asked for."""

    name = "idle"
    options = None

    def start(self, emit):
        pass

    def poll(self):
        pass

    def flush(self):
        pass

    def stop(self):
        pass

    def report(self):
        return SensorReport(name=self.name, started_at=1.0)


@pytest.fixture
def sensors(monkeypatch):
    """Replaces the host's sensors by an idle one, which is returned; ``options`` holds what was asked of it."""
    idle = Idle()

    def build(options):
        idle.options = options
        return (idle,)

    monkeypatch.setattr(suite, "build", build)
    return idle


@pytest.fixture
def as_root(monkeypatch):
    for module in (assess, run_module):
        monkeypatch.setattr(module, "privileged", lambda: True)


@pytest.fixture
def stored(tmp_path):
    """Stores an assessment as a result file, and returns its path."""

    def store(assessment, name="result.json"):
        path = tmp_path / name
        path.write_bytes(encode_assessment(assessment))
        return path

    return store


@pytest.fixture
def one_finding(make_assessment, make_finding, attributes_of_every_rule):
    """An assessment with one finding, of severity Medium."""
    rule = next(rule for rule in attributes_of_every_rule if rule == "software-without-dep")
    return make_assessment(findings=(make_finding(rule, attributes_of_every_rule[rule], "libold.so has no DEP"),))
