"""However a run ends, nothing of it stays in the kernel: programs, their attachments, maps."""

import contextlib
import json
import re
import signal
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.root

KINDS = ("prog", "map", "link")
PROGRAMS = {
    "tcp_state",
    *("packet_in", "packet_out"),
    *("udp_connect4", "udp_connect6", "udp_sendmsg4", "udp_sendmsg6"),
    "process_exit",
}


class Kernel:
    """What the kernel holds for BPF, as bpftool(8) tells it."""

    def __init__(self, execute):
        self._execute = execute

    def held_by(self, pid):
        """Numbers of the programs, maps and links that a process has open, by kind; from /proc/PID/fdinfo."""
        text = ""
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended
            for path in Path(f"/proc/{pid}/fdinfo").iterdir():
                with contextlib.suppress(OSError):  # closed meanwhile
                    text += path.read_text()
        return {kind: set(map(int, re.findall(rf"^{kind}_id:\s*(\d+)$", text, re.MULTILINE))) for kind in KINDS}

    def there(self):
        """Numbers of all there are, by kind, and under "cgroup" those of programs attached to control groups."""
        # A cgroup that ends while the tree is walked makes bpftool complain; what it lists is whole all the same.
        tree = self._execute("bpftool", "-j", "cgroup", "tree", check=False).stdout
        return {kind: {one["id"] for one in self._listed(kind)} for kind in KINDS} | {
            "cgroup": {program["id"] for group in json.loads(tree or "[]") for program in group["programs"]}
        }

    def names(self, numbers):
        return {one.get("name") for one in self._listed("prog") if one["id"] in numbers}

    def _listed(self, kind):
        return json.loads(self._execute("bpftool", "-j", kind, "show").stdout)


@pytest.fixture
def kernel(machine, execute):
    return Kernel(execute)


@pytest.fixture
def gone(kernel, waiting):
    """Waits until nothing of what a run held is there any more; the kernel frees after a grace period."""

    def wait(held):
        def nothing_left():
            there = kernel.there()
            left = {kind: held[kind] & there[kind] for kind in KINDS}
            left["cgroup"] = held["prog"] & there["cgroup"]
            return not any(left.values())

        waiting(nothing_left, "nothing of the run is in the kernel any more")

    return wait


@pytest.fixture
def attached(javert, kernel, waiting):
    """A run that goes on, and what it holds in the kernel: the look is not blind, it sees all of it."""

    def start(*arguments):
        run = javert.assess(*arguments)

        def settled():
            before = kernel.held_by(run.pid)
            if not kernel.names(before["prog"]) >= PROGRAMS:
                return None
            time.sleep(0.3)
            return before if kernel.held_by(run.pid) == before else None

        held = waiting(settled, "all programs are attached")
        there = kernel.there()
        assert all(held[kind] for kind in KINDS)
        assert all(held[kind] <= there[kind] for kind in KINDS)
        assert len(held["prog"] & there["cgroup"]) == sum(name.startswith(("packet", "udp")) for name in PROGRAMS)
        return run, held

    return start


def test_after_a_run_to_its_end(attached, gone, workplace):
    run, held = attached("--duration", "8s", "--scan", workplace)
    assert run.ended().code == 0
    gone(held)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_after_a_signal(attached, gone, workplace, number):
    run, held = attached("--duration", "1h", "--scan", workplace)
    run.process.send_signal(number)
    assert run.ended().code == 0
    gone(held)


def test_after_kill_9(attached, gone, workplace):
    run, held = attached("--duration", "1h", "--scan", workplace)
    run.process.kill()
    assert run.ended().code == -signal.SIGKILL
    gone(held)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_after_a_signal_while_programs_are_being_attached(javert, kernel, gone, waiting, workplace, number):
    run = javert.assess("--duration", "1h", "--scan", workplace)
    held = waiting(lambda: held if (held := kernel.held_by(run.pid))["link"] else None, "the first is attached")
    run.process.send_signal(number)
    held = {kind: held[kind] | more for kind, more in kernel.held_by(run.pid).items()}
    run.ended()
    gone(held)


@pytest.mark.parametrize("files", [22, 26])
def test_after_a_start_that_failed_halfway_while_the_run_goes_on(javert, kernel, files):
    """Attaching needs a file descriptor a program; these limits let it fail at different points."""
    options = ("--duration", "1h", "--rule", "unused-listening-tcp-port")
    run = javert.assess(*options, before=("prlimit", f"--nofile={files}")).collecting()
    assert not any(kernel.held_by(run.pid).values()), "the kernel programs were given up whole"
    ended = run.interrupted()
    assert ended.code == 3, "without kernel programs this rule has no answer"
    titles = [one["title"] for one in ended.document["exclusions"]]
    assert "Connections were polled, not counted" in titles
    assert not any("failed during the run" in title for title in titles)
    assert "network (polling)" in {sensor["name"] for sensor in ended.document["sensors"]}
