"""More listeners at once than the kernel programs can tell of: they are listed, and no verdict is lost."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

COUNT, FIRST_PORT = 4000, 21000
# Waits for a line, then listens on all ports within milliseconds.
PROGRAM = f"""
import resource, socket, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (8000, 8000))
sockets = [socket.socket() for _ in range({COUNT})]
for number, one in enumerate(sockets):
    one.bind(("127.99.0.1", {FIRST_PORT} + number))
print("bound", flush=True)
sys.stdin.readline()
for one in sockets:
    one.listen(1)
sys.stdin.readline()
"""


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to watch with kernel programs")
def test_every_listener_of_a_burst_is_known(tmp_path):
    result, run = tmp_path / "result.json", tmp_path / "run"
    command = [Path(sys.executable).with_name("javert"), "assess", "--duration", "8s", "--run-dir", run]
    options = ["--rule", "unused-listening-tcp-port", "--format", "json", "--output", result]
    environment = {**os.environ, "JAVERT_STATE_DIR": str(tmp_path / "state")}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", PROGRAM], **pipes) as listeners:
        try:
            assert listeners.stdout.readline() == "bound\n"
            with subprocess.Popen([*command, *options], env=environment, stdin=subprocess.DEVNULL) as javert:
                while b'"Heartbeat"' not in _journal(run):
                    assert javert.poll() is None
                listeners.stdin.write("listen\n")
                listeners.stdin.flush()
                assert javert.wait(60) == 0
        finally:
            listeners.kill()
    document = json.loads(result.read_text("utf-8"))
    young = [one for one in document["exclusions"] if one["scope"].startswith("127.99.0.1:")]
    assert len(young) == COUNT
    (rule,) = document["rules"]
    assert rule["outcome"] != "NOT_AVAILABLE"


def _journal(run: Path) -> bytes:
    try:
        return (run / "journal.jsonl").read_bytes()
    except FileNotFoundError:
        return b""
