"""A run from CREATED to its end, in this process, with sensors of the test's own."""

import json
import platform
import re
import shutil
import signal
import threading

import pytest

from javert.assessment.lock import sole_run
from javert.assessment.run import RunOptions, assess
from javert.assessment.run_directory import JOURNAL, RESULT, STATE, read_result, read_telemetry
from javert.assessment.system import privileged
from javert.catalogue.lookup import Language
from javert.errors import AlreadyRunningError, CanceledError, RunDirectoryError
from javert.model.assessment import RunState
from javert.model.rule_id import RuleId
from javert.model.telemetry import FileScan, Limitation, RunEnded


def names(path):
    return sorted(entry.name for entry in path.iterdir())


class Watcher:
    """Remembers what an observer is told."""

    def __init__(self):
        self.states = []
        self.left = []

    def entered(self, state, directory):
        self.states.append(state)
        self.directory = directory

    def collecting(self, left_s):
        self.left.append(left_s)

    def scanned(self, files, finished):
        self.scan = (files, finished)

    def finishing(self, interrupted):
        self.interrupted = interrupted


@pytest.fixture
def live(state_directory):
    """Runs an assessment with sensors; keyword arguments are options."""

    def run(*sensors, watcher=None, **options):
        asked = {"rules": tuple(RuleId), "duration_s": 0.3, "language": Language.ENGLISH} | options
        return assess(RunOptions(**asked), watcher or Watcher(), lambda _: sensors)

    return run


def titles(run):
    return [exclusion.title for exclusion in run.assessment.exclusions]


def state_of(directory):
    return json.loads((directory / STATE).read_bytes())["state"]


def test_a_run_goes_through_its_states(live):
    watcher = Watcher()
    run = live(watcher=watcher)
    assert watcher.states == [
        RunState.CREATED,
        RunState.COLLECTING_DATA,
        RunState.DATA_COLLECTED,
        RunState.EVALUATING_RULES,
        RunState.COMPLETED,
    ]
    assert watcher.directory == run.directory
    assert not watcher.interrupted
    assert watcher.left[0] == pytest.approx(0.3, abs=0.1)
    assert state_of(run.directory) == "COMPLETED"


def test_the_run_is_kept_with_its_result(live, state_directory):
    run = live()
    assert run.directory.parent == state_directory / "runs"
    assert run.directory.name == run.assessment.run.id
    assert run.failure is None
    assert names(run.directory) == [JOURNAL, RESULT, STATE]
    assert read_result(run.directory) == run.assessment


def test_the_telemetry_says_what_was_asked(live):
    telemetry = read_telemetry(live(rules=(RuleId.SOFTWARE_WITHOUT_DEP,), scan_roots=("/opt",)).directory)
    assert telemetry.started.rules == (RuleId.SOFTWARE_WITHOUT_DEP,)
    assert telemetry.started.scan_roots == ("/opt",)
    assert telemetry.started.planned_s == 0.3
    assert telemetry.started.privileged == privileged()
    assert telemetry.started.host.hostname == platform.node()
    assert telemetry.ended == RunEnded(ended_at=telemetry.ended.ended_at)


def test_what_a_sensors_own_thread_emits_is_there(live, scripted_sensor):
    def from_a_thread(emit):
        limitation = Limitation(code="moon", rules=())
        thread = threading.Thread(target=emit, args=(limitation,))
        thread.start()
        thread.join()

    run = live(scripted_sensor(start=from_a_thread))
    assert "Something could not be looked at (moon)" in titles(run)


def test_the_observer_is_told_how_far_the_file_scan_is(live, scripted_sensor):
    watcher = Watcher()
    scan = FileScan(roots=("/",), files=7, finished=False)
    live(scripted_sensor(start=lambda emit: emit(scan)), watcher=watcher)
    assert watcher.scan == (7, False)


def test_a_chosen_run_directory_is_used(live, tmp_path):
    assert live(run_directory=tmp_path / "mine").directory == tmp_path / "mine"


def test_a_second_run_is_refused_and_makes_no_directory(live, state_directory):
    state_directory.mkdir()
    with sole_run(state_directory / "lock"), pytest.raises(AlreadyRunningError):
        live()
    assert names(state_directory) == ["lock"]


def test_an_interruption_ends_early_and_evaluates(live, scripted_sensor):
    sensor = scripted_sensor(poll=lambda _: signal.raise_signal(signal.SIGINT))
    watcher = Watcher()
    run = live(sensor, watcher=watcher, duration_s=60.0)
    assert any(title.startswith("The run was interrupted") for title in titles(run))
    assert sensor.calls[-1] == "stop"
    assert watcher.interrupted
    assert read_telemetry(run.directory).ended.interrupted


def test_a_second_signal_ends_at_once_and_keeps_what_was_seen(live, scripted_sensor, tmp_path):
    def twice(_):
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)

    def see(emit):
        emit(Limitation(code="seen", rules=()))

    with pytest.raises(CanceledError, match=re.escape(f"javert evaluate {tmp_path / 'run'}")):
        live(scripted_sensor(start=see, stop=twice), run_directory=tmp_path / "run")
    assert state_of(tmp_path / "run") == "CANCELED"
    telemetry = read_telemetry(tmp_path / "run")
    assert [limitation.code for limitation in telemetry.limitations] == ["seen"]
    assert telemetry.ended is None


def test_a_full_disk_ends_the_run_early_and_everything_seen_is_judged(live, scripted_sensor, disk, monkeypatch):
    monkeypatch.setattr("javert.assessment.journal.SYNC_EVERY_S", 0.01)

    def fill(emit):
        disk.room = 20
        emit(Limitation(code="late", rules=()))

    sensor = scripted_sensor(poll=fill, stop=lambda emit: emit(Limitation(code="last", rules=())))
    run = live(sensor, duration_s=60.0)
    assert run.failure.errno == 28
    assert run.assessment.run.state is RunState.COMPLETED_WITH_ERRORS
    assert run.assessment.run.duration_s < 30
    assert {
        "The run ended early: its journal could not be written",
        "Something could not be looked at (late)",
        "Something could not be looked at (last)",
    } <= set(titles(run))
    (unwritable,) = [e for e in run.assessment.exclusions if "journal" in e.title]
    assert "No space left on device" in unwritable.description
    assert unwritable.scope == str(run.directory)


def test_a_disk_that_is_full_from_the_start_is_an_error(live, disk):
    disk.room = 0
    with pytest.raises(RunDirectoryError, match=r"cannot write to the run directory .*: No space left on device"):
        live()


def test_a_run_directory_that_was_removed_meanwhile_is_told(live, scripted_sensor, tmp_path):
    run = live(
        scripted_sensor(poll=lambda _: shutil.rmtree(tmp_path / "run", True)), run_directory=tmp_path / "run"
    )
    assert isinstance(run.failure, FileNotFoundError)
    assert "The run ended early: its journal could not be written" in titles(run)


def test_a_fault_of_the_run_itself_lets_go_of_the_host(live, scripted_sensor, tmp_path):
    class Fault(Watcher):
        def collecting(self, left_s):
            raise ZeroDivisionError

    sensor = scripted_sensor()
    with pytest.raises(ZeroDivisionError):
        live(sensor, watcher=Fault(), run_directory=tmp_path / "run")
    assert sensor.calls[-1] == "stop"
    assert state_of(tmp_path / "run") == "FAILED"


def test_the_first_record_is_the_start_of_the_run(live):
    first = (live().directory / JOURNAL).read_bytes().splitlines()[0]
    assert b'"record":"RunStarted"' in first
