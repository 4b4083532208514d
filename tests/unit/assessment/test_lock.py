"""One run at a time, and never a lock that outlives its process."""

import os
import signal
import subprocess
import sys

import pytest

from javert.assessment.lock import sole_run
from javert.errors import AlreadyRunningError, RunDirectoryError

HOLD = """
import sys, time
from pathlib import Path
from javert.assessment.lock import sole_run
with sole_run(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_the_second_is_refused_and_told_who_holds_it(tmp_path):
    path = tmp_path / "lock"
    with sole_run(path), pytest.raises(AlreadyRunningError, match=rf"\(process {os.getpid()}\)"), sole_run(path):
        pass


def test_the_lock_is_free_again_afterwards(tmp_path):
    path = tmp_path / "lock"
    for _ in range(2):
        with sole_run(path):
            pass
    with pytest.raises(ZeroDivisionError), sole_run(path):
        raise ZeroDivisionError
    with sole_run(path):
        pass


def test_kill_9_frees_the_lock(tmp_path):
    path = tmp_path / "lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE)
    try:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(AlreadyRunningError), sole_run(path):
            pass
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        holder.stdout.close()
    with sole_run(path):
        pass


def test_a_lock_that_cannot_be_made_is_told(tmp_path):
    with pytest.raises(RunDirectoryError, match="No such file or directory"), sole_run(tmp_path / "no" / "lock"):
        pass


def test_a_symbolic_link_is_not_followed(tmp_path):
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunDirectoryError), sole_run(tmp_path / "lock"):
        pass
    assert not (tmp_path / "elsewhere").exists()
