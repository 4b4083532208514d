"""A program on a file system whose server does not answer must not stop the run."""

import json
import os
import shutil
import signal
import subprocess
import sys
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
    result = tmp_path / "result.json"
    with subprocess.Popen(["bindfs", "-f", "-o", "allow_other", served, mounted]) as server:
        try:
            while not (mounted / "sleeper").exists():
                assert server.poll() is None
            with subprocess.Popen([mounted / "sleeper", "600"]) as program:
                server.send_signal(signal.SIGSTOP)
                try:
                    _assess(tmp_path, result)
                finally:
                    server.send_signal(signal.SIGCONT)
                    program.kill()
        finally:
            server.send_signal(signal.SIGCONT)
            subprocess.run(["umount", "--lazy", mounted], check=True)
    exclusions = json.loads(result.read_text("utf-8"))["exclusions"]
    unread = [one for one in exclusions if one["scope"] == str(mounted / "sleeper")]
    assert "software-without-dep" in [one["rule_id"] for one in unread]


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
