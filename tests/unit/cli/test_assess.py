"""``javert assess`` in this process, with an idle sensor."""

import errno
import json
import sys

import pytest

from javert.assessment import run as run_module
from javert.assessment.run import CompletedRun
from javert.assessment.run_directory import read_telemetry
from javert.assessment.system import UNPRIVILEGED
from javert.cli import assess as module
from javert.errors import JavertError
from javert.model.rule_id import RuleId
from javert.sensors.interface import ProbeChoice

pytestmark = pytest.mark.usefixtures("sensors", "as_root")


@pytest.fixture
def run_of(monkeypatch, tmp_path):
    """Lets the command meet a run that came to the given assessment."""

    def replace(assessment, failure=None):
        run = CompletedRun(assessment=assessment, directory=tmp_path / "run", failure=failure)
        monkeypatch.setattr(module, "assess", lambda options, observer: run)

    return replace


def test_what_is_asked_reaches_the_sensors(javert, sensors, tmp_path):
    javert("assess", "--duration", "1s", "--rule", "software-without-dep", "--scan", tmp_path, "--no-probe")
    assert sensors.options.rules == (RuleId.SOFTWARE_WITHOUT_DEP,)
    assert sensors.options.scan_roots == (str(tmp_path),)
    assert sensors.options.planned_s == 1.0
    assert sensors.options.probes is None


def test_services_are_asked_unless_told_otherwise(javert, sensors):
    javert("assess", "--duration", "1s")
    assert sensors.options.probes == ProbeChoice()
    javert("assess", "--duration", "1s", "--no-probe-port", "80,443", "--no-probe-port", "20-21")
    assert sensors.options.probes == ProbeChoice(spared=frozenset({80, 443, 20, 21}))
    javert("assess", "--duration", "1s", "--probe-port", "8080", "--probe-port", "80")
    assert sensors.options.probes == ProbeChoice(only=frozenset({80, 8080}))


def test_a_run_tells_whether_services_were_to_be_asked(javert, tmp_path):
    for number, (options, probing) in enumerate([((), True), (("--no-probe",), False)]):
        javert("assess", "--duration", "1s", "--run-dir", tmp_path / str(number), *options)
        assert read_telemetry(tmp_path / str(number)).started.probing is probing


def test_rules_come_in_their_order_and_once(javert, sensors):
    rules = ["software-without-dep", "insecure-client-login", "software-without-dep"]
    javert("assess", "--duration", "1s", *(part for rule in rules for part in ("--rule", rule)))
    assert sensors.options.rules == (RuleId.INSECURE_CLIENT_LOGIN, RuleId.SOFTWARE_WITHOUT_DEP)


def test_without_rules_all_are_asked(javert, sensors):
    javert("assess", "--duration", "1s")
    assert sensors.options.rules == tuple(RuleId)
    assert sensors.options.scan_roots == ()


def test_json_is_all_there_is_on_standard_output(javert):
    ended = javert("assess", "--duration", "1s", "--format", "json")
    assert json.loads(ended.out)["run"]["duration_s"] >= 1.0


def test_a_run_that_could_judge_nothing_ends_with_3_and_its_report(javert):
    ended = javert("assess", "--duration", "1s", "--rule", "software-without-dep")
    assert ended.code == 3
    assert "does not mean that the host is clean" in ended.out
    assert "nothing could be assessed" in ended.err
    assert ended.err.count("\n") == 1


def test_the_run_directory_is_the_one_asked_for(javert, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    javert("assess", "--duration", "1s", "--run-dir", "mine")
    assert read_telemetry(tmp_path / "mine").ended is not None


def test_a_finding_at_the_threshold_ends_with_1(javert, run_of, one_finding):
    run_of(one_finding)
    assert javert("assess").code == 0
    assert javert("assess", "--fail-on", "high").code == 0
    assert javert("assess", "--fail-on", "medium").code == 1


def test_an_output_that_cannot_be_is_refused_before_the_run(javert, sensors, tmp_path):
    ended = javert("assess", "--output", tmp_path / "no" / "r.json")
    assert ended.code == 2
    assert sensors.options is None


def test_a_report_that_cannot_be_written_after_all_is_kept_in_the_run(
    javert, run_of, one_finding, tmp_path, monkeypatch
):
    run_of(one_finding)

    def fail(assessment, format_name, output):
        raise JavertError("cannot write the report to x: full")

    monkeypatch.setattr(module, "write_report", fail)
    ended = javert("assess", "--output", tmp_path / "x")
    assert ended.code == 3
    assert ended.err == (
        f"javert: error: cannot write the report to x: full; the result is kept: javert report {tmp_path / 'run'}\n"
    )


def test_a_run_directory_that_filled_up_is_told_after_the_report(javert, run_of, one_finding):
    run_of(one_finding, OSError(errno.ENOSPC, "No space left on device"))
    ended = javert("assess")
    assert ended.code == 3
    assert "libold.so has no DEP" in ended.out
    assert "No space left on device" in ended.err
    assert ended.err.count("\n") == 1


def test_without_root_it_says_at_once_what_cannot_be_seen(javert, monkeypatch):
    for each in (module, run_module):
        monkeypatch.setattr(each, "privileged", lambda: False)
    ended = javert("assess", "--duration", "1s", "--rule", "insecure-client-login")
    assert ended.err.startswith(f"javert: {UNPRIVILEGED}\n")
    assert f"Javert did not run as {'an administrator' if sys.platform == 'win32' else 'root'}" in ended.out


def test_a_run_directory_in_use_is_refused(javert, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "x").write_text("")
    ended = javert("assess", "--run-dir", tmp_path / "run")
    assert (ended.code, ended.out) == (3, "")
    assert "is not empty" in ended.err


def test_the_duration_defaults_to_an_hour():
    defaults = {parameter.name: parameter.default for parameter in module.command.params}
    assert defaults["duration"] == "1h"
