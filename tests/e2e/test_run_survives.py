"""``javert assess`` as a process: signals, kill -9, full disks, a second Javert, no root. Its sensors are fakes."""

import errno
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

# The seam for tests: the run asks javert.sensors.suite.build for its sensors.
PROGRAM = """
import os, sys, time
from javert.model.telemetry import Limitation, SensorReport
from javert.sensors import suite

class Ticking:
    name = "ticking"
    def __init__(self, payload, stop_s):
        self.payload, self.stop_s, self.ticks = payload, stop_s, 0
    def start(self, emit):
        self.emit = emit
    def poll(self):
        self.ticks += 1
        self.emit(Limitation(code="tick", rules=(), scope=f"{self.ticks:06d}" + "x" * self.payload))
    def flush(self):
        pass
    def stop(self):
        time.sleep(self.stop_s)
    def report(self):
        return SensorReport(name=self.name, started_at=1.0, records=self.ticks)

payload, stop_s = int(sys.argv.pop(1)), float(sys.argv.pop(1))
suite.build = lambda options: (Ticking(payload, stop_s),)
from javert.cli import main
if "BECOME" in os.environ:
    import javert.cli.assess
    from javert.catalogue import Language, text
    text("report.what_to_do", Language.ENGLISH)  # loads the catalogue
    uid = int(os.environ["BECOME"])
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
sys.exit(main())
"""

NOBODY = 65534

needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="needs root: mounts a file system, or becomes another user"
)


@pytest.fixture
def environment(tmp_path):
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "JAVERT_STATE_DIR": str(tmp_path / "state"),
    }


@pytest.fixture
def start(environment):
    """Starts ``javert`` with a sensor that sees something four times a second; ended with the test."""
    started = []

    def run(*arguments, payload=10, stop_s=0.0, **options):
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(payload), str(stop_s), *map(str, arguments)],
            env=environment,
            text=True,
            **({"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options),
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def wait_for(condition, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
    return value


def ticks(directory):
    """How many ticks the journal on the disk holds."""
    journal = directory / "journal.jsonl"
    return journal.read_bytes().count(b'"tick"') if journal.exists() else 0


def ended(process, seconds=30.0):
    out, err = process.communicate(timeout=seconds)
    return process.returncode, out, err


def state(directory):
    return json.loads((directory / "state.json").read_bytes())["state"]


def test_a_run_to_its_end_keeps_its_result(start, tmp_path):
    code, out, err = ended(start("assess", "--duration", "1s", "--run-dir", tmp_path / "run", "--format", "json"))
    assert code in (0, 3), "whether anything could be judged is not this test's matter"
    assert json.loads(out) == json.loads((tmp_path / "run" / "result.json").read_bytes())
    assert state(tmp_path / "run").startswith("COMPLETED")
    assert "Traceback" not in err
    assert ended(start("evaluate", tmp_path / "run", "--format", "json"))[1] == out, "recorded, it tells the same"


def test_after_kill_9_what_was_seen_is_evaluated(start, tmp_path):
    process = start("assess", "--duration", "1h", "--run-dir", tmp_path / "run")
    wait_for(lambda: ticks(tmp_path / "run") >= 2)
    process.send_signal(signal.SIGKILL)
    assert ended(process)[0] == -signal.SIGKILL
    assert state(tmp_path / "run") == "COLLECTING_DATA"
    recorded = ticks(tmp_path / "run")
    code, out, _ = ended(start("evaluate", tmp_path / "run", "--format", "json"))
    document = json.loads(out)
    assert code in (0, 3)
    assert document["run"]["state"] == "COMPLETED_WITH_ERRORS"
    titles = [exclusion["title"] for exclusion in document["exclusions"]]
    assert sum("The record of the run stops at" in title for title in titles) == 1
    assert sum("(tick)" in title for title in titles) == recorded
    again = start("assess", "--duration", "1s", "--run-dir", tmp_path / "again")
    assert ended(again)[0] in (0, 3), "nothing of the killed run stands in the way"


def test_what_is_seen_reaches_the_disk_while_the_run_goes_on(start, tmp_path):
    process = start("assess", "--duration", "1h", "--run-dir", tmp_path / "run")
    journal = tmp_path / "run" / "journal.jsonl"
    wait_for(lambda: journal.exists() and b'"Heartbeat"' in journal.read_bytes())
    before = ticks(tmp_path / "run")
    wait_for(lambda: ticks(tmp_path / "run") > before)
    assert process.poll() is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_collection_early_and_evaluates(start, tmp_path, number):
    process = start("assess", "--duration", "1h", "--run-dir", tmp_path / "run", "--format", "json")
    wait_for(lambda: ticks(tmp_path / "run"))
    process.send_signal(number)
    code, out, err = ended(process)
    assert code in (0, 3)
    assert "Traceback" not in err
    assert any("The run was interrupted after" in item["title"] for item in json.loads(out)["exclusions"])
    assert state(tmp_path / "run") == "COMPLETED"


def test_a_second_ctrl_c_ends_at_once_with_one_line(start, tmp_path):
    process = start("assess", "--duration", "1h", "--run-dir", tmp_path / "run", stop_s=60.0)
    wait_for(lambda: ticks(tmp_path / "run"))
    process.send_signal(signal.SIGINT)
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    code, out, err = ended(process, seconds=20.0)
    assert (code, out) == (3, "")
    assert err.count("\n") == 1
    assert "javert evaluate" in err
    assert state(tmp_path / "run") == "CANCELED"
    assert ended(start("evaluate", tmp_path / "run"))[0] in (0, 3)


def test_a_second_javert_is_refused_with_one_line(start, tmp_path):
    first = start("assess", "--duration", "1h", "--run-dir", tmp_path / "one")
    wait_for((tmp_path / "one").exists)
    code, out, err = ended(start("assess", "--duration", "1s", "--run-dir", tmp_path / "two"))
    assert (code, out) == (3, "")
    assert err == (
        f"javert: error: another Javert assesses this host now (process {first.pid}); "
        "wait for its end, or end it with Ctrl-C\n"
    )
    assert not (tmp_path / "two").exists()


@pytest.fixture
def small_disk():
    """A file system of 64 KiB."""
    path = Path(tempfile.mkdtemp(prefix="javert-small-disk-"))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k,mode=0700", "javert-test", path], capture_output=True, check=False
    )
    try:
        if mounted.returncode:
            pytest.skip(f"no tmpfs can be mounted here: {mounted.stderr.decode().strip()}")
        yield path
    finally:
        subprocess.run(["umount", path], capture_output=True, check=False)
        shutil.rmtree(path, ignore_errors=True)


@needs_root
@pytest.mark.root
def test_a_disk_that_fills_up_ends_the_run_and_nothing_seen_is_lost(start, small_disk):
    process = start(
        "assess", "--duration", "1h", "--run-dir", small_disk / "run", "--format", "json", payload=10_000
    )
    code, out, err = ended(process)
    document = json.loads(out)
    assert code == 3
    assert err.count("\n") == 1
    assert os.strerror(errno.ENOSPC) in err
    assert document["run"]["state"] == "COMPLETED_WITH_ERRORS"
    titles = [exclusion["title"] for exclusion in document["exclusions"]]
    assert "The run ended early: its journal could not be written" in titles
    seen = document["sensors"][0]["records"]
    assert seen > 5
    assert sum("(tick)" in title for title in titles) == seen
    lines = (small_disk / "run" / "journal.jsonl").read_bytes().splitlines()
    assert all(json.loads(line) for line in lines), "no half record stays behind"


@needs_root
@pytest.mark.root
def test_a_disk_without_any_room_is_one_line(start, small_disk):
    (small_disk / "ballast").write_bytes(b"")
    with (small_disk / "ballast").open("wb", buffering=0) as ballast, pytest.raises(OSError, match="No space"):
        while True:
            ballast.write(b"x" * 4096)
    code, out, err = ended(start("assess", "--duration", "1h", "--run-dir", small_disk / "run"))
    assert (code, out) == (3, "")
    assert err.count("\n") == 1
    assert os.strerror(errno.ENOSPC) in err


def test_on_a_terminal_a_progress_line_and_the_report_are_apart(start, tmp_path):
    leader, follower = pty.openpty()
    try:
        process = start("assess", "--duration", "2s", "--run-dir", tmp_path / "run", stderr=follower)
        os.close(follower)
        out = process.communicate(timeout=30.0)[0]
        shown = b""
        while True:
            try:
                chunk = os.read(leader, 65536)
            except OSError:  # EIO: the terminal's last process is gone
                break
            if not chunk:
                break
            shown += chunk
    finally:
        os.close(leader)
    assert b"left" in shown
    assert b"Ctrl-C evaluates what was seen" in shown
    assert "Coverage by rule" in out
    assert "Ctrl-C" not in out
    assert "\x1b" not in out


@needs_root
@pytest.mark.root
def test_without_root_it_says_so_at_once_and_assesses_the_rest(start, environment):
    """The process gives its rights away before it begins: its user need not be able to read this checkout."""
    home = Path(tempfile.mkdtemp(prefix="javert-nobody-"))
    try:
        shutil.chown(home, NOBODY, NOBODY)
        environment |= {"JAVERT_STATE_DIR": str(home / "state"), "BECOME": str(NOBODY)}
        code, out, err = ended(start("assess", "--duration", "1s", "--format", "json"))
        (run,) = (home / "state" / "runs").iterdir()
        owner = run.stat().st_uid
    finally:
        shutil.rmtree(home)
    assert owner == NOBODY
    assert err.startswith("javert: not root: ")
    assert "Traceback" not in err
    titles = [exclusion["title"] for exclusion in json.loads(out)["exclusions"]]
    assert "Javert did not run as root" in titles
    assert code in (0, 3)
