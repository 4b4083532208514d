"""A program on a file system whose server does not answer must not stop the run."""

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount and to watch"),
    pytest.mark.skipif(shutil.which("bindfs") is None, reason="needs bindfs"),
]


def test_a_run_ends_and_says_what_it_did_not_read(tmp_path):
    served, mounted = tmp_path / "served", tmp_path / "mounted"
    served.mkdir()
    mounted.mkdir()
    shutil.copy("/usr/bin/sleep", served / "sleeper")
    (served / "job.sh").write_text("read line\n")
    result = tmp_path / "result.json"
    with subprocess.Popen(["bindfs", "-f", "-o", "allow_other", served, mounted]) as server:
        try:
            while not (mounted / "sleeper").exists():
                assert server.poll() is None
            with (
                subprocess.Popen([mounted / "sleeper", "600"]) as program,
                subprocess.Popen(["sh", mounted / "job.sh"], stdin=subprocess.PIPE) as script,
            ):
                while not _is_open(script.pid, mounted / "job.sh"):
                    assert script.poll() is None
                server.send_signal(signal.SIGSTOP)
                try:
                    _assess(tmp_path, result)
                finally:
                    server.send_signal(signal.SIGCONT)
                    program.kill()
                    script.kill()
        finally:
            server.send_signal(signal.SIGCONT)
            subprocess.run(["umount", "--lazy", mounted], check=True)
    exclusions = json.loads(result.read_text("utf-8"))["exclusions"]
    unread = [one for one in exclusions if one["scope"] == str(mounted / "sleeper")]
    assert "software-without-dep" in [one["rule_id"] for one in unread]
    (foreign,) = [one for one in exclusions if one["scope"] == str(mounted)]
    assert foreign["rule_id"] == "root-process-insecure-permissions"
    assert foreign["title"].startswith("2 modules")  # the program and the script


def _is_open(pid: int, file: Path) -> bool:
    with suppress(FileNotFoundError):
        return any(entry.readlink() == file for entry in Path(f"/proc/{pid}/fd").iterdir())
    return False


def _assess(directory: Path, result: Path) -> None:
    command = [Path(sys.executable).with_name("javert"), "assess", "--no-probe", "--duration", "2s"]
    command += ["--scan", "/usr/lib/locale"]
    environment = {**os.environ, "JAVERT_STATE_DIR": str(directory / "state")}
    subprocess.run(
        [*command, "--format", "json", "--output", result],
        env=environment,
        timeout=60,
        check=True,
        stdin=subprocess.DEVNULL,
    )
