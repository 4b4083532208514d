"""The command line of a process, whole."""

import os
import subprocess
import sys
from pathlib import Path

from javert.sensors.linux.command_lines import arguments_of


def test_a_process_is_known_by_all_its_arguments():
    raw = Path("/proc/self/cmdline").read_bytes()
    assert arguments_of(os.getpid()) == raw.decode().rstrip("\0").split("\0")


def test_a_process_that_has_ended_has_none():
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    assert arguments_of(process.pid) == []
