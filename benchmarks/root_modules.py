"""What all processes have mapped executable: Javert's kernel program beside reading every /proc/PID/maps in Python.

    python -m benchmarks.root_modules [--processes 2000] [--rounds 7]

Both end with the same: for each process the executable files it has mapped, by device and inode. The processes
sleep, with a dozen libraries loaded by LD_PRELOAD, as many as a common daemon has. Needs root.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.interleaved import in_turns, ratios, row, spread

from javert.errors import ParseError
from javert.formats.kernel_records import TaskRecords, parse_module_event
from javert.formats.procfs import parse_executable_mappings
from javert.sensors.linux.libbpf import BpfObject
from javert.sensors.linux.namespaces import processes
from javert.sensors.linux.network_programs import OBJECTS

FULL = ("--rounds", "25")
LIBRARIES = (
    *(
        "libm.so.6",
        "libmvec.so.1",
        "libresolv.so.2",
        "libanl.so.1",
        "libutil.so.1",
        "librt.so.1",
        "libpthread.so.0",
    ),
    *("libdl.so.2", "libnss_files.so.2", "libnss_dns.so.2", "libthread_db.so.1", "libBrokenLocale.so.1"),
)
"""Of the C library itself, so that every host has them and none brings others along."""


@contextmanager
def sleepers(count: int) -> Iterator[None]:
    """Processes that do nothing."""
    environment = {**os.environ, "LD_PRELOAD": " ".join(LIBRARIES)}
    pids: list[int] = []
    try:
        for _ in range(count):
            pid = os.posix_spawnp("sleep", ["sleep", "infinity"], environment)
            pids.append(pid)
        time.sleep(1)
        yield
    finally:
        for pid in pids:
            os.kill(pid, 9)
        for pid in pids:
            os.waitpid(pid, 0)


class Kernel:
    """The walk that the sensor makes, without what it does with the answer."""

    def __init__(self) -> None:
        self._object = BpfObject(OBJECTS / "modules.bpf.o", {"process_exec": "sched_prepare_exec"})
        self._files: dict[int, tuple[int, int]] = {}
        self._before: dict[int, set[tuple[int, int]]] = {}
        self._consume = self._object.ring("module_events", self._take)

    def _take(self, raw: bytes) -> None:
        event = parse_module_event(raw)
        self._files[event.module] = (event.device, event.inode)

    def look(self) -> dict[int, set[tuple[int, int]]]:
        reader = TaskRecords()
        tasks = [task for chunk in self._object.iterate("all_tasks") for task in reader.feed(chunk)]
        self._consume()
        self._before = {pid: self._before[pid] for pid in reader.unchanged}
        self._before |= {task.who.key.pid: {self._files[number] for number in task.modules} for task in tasks}
        return self._before

    def close(self) -> None:
        self._object.close()


def from_proc() -> dict[int, set[tuple[int, int]]]:
    """The same by reading text."""
    found = {}
    for pid in processes():
        try:
            mappings, _ = parse_executable_mappings(Path(f"/proc/{pid}/maps").read_bytes())
        except (OSError, ParseError):
            continue  # it ended meanwhile
        if mappings:
            found[pid] = {(mapping.device, mapping.inode) for mapping in mappings}
    return found


def timed(look: Callable[[], object]) -> float:
    began = time.perf_counter()
    look()
    return time.perf_counter() - began


def first_walk() -> float:
    kernel = Kernel()
    try:
        return timed(kernel.look)
    finally:
        kernel.close()


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended, too
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("modules of all processes are measured as root")
    with sleepers(arguments.processes):
        kernel = Kernel()
        try:
            ours, theirs = kernel.look(), from_proc()
            common = [pid for pid in theirs if pid in ours]
            same = sum(ours[pid] == theirs[pid] for pid in common)
            results = in_turns(
                {"first": first_walk, "later": lambda: timed(kernel.look), "proc": lambda: timed(from_proc)},
                arguments.rounds,
            )
        finally:
            kernel.close()
    row("processes, and how many of them both tell alike", f"{len(common):,}, {same:,}")
    row("files that a process has mapped executable", spread([len(files) for files in theirs.values()]))
    row("s for the first walk in the kernel, files told by name", spread(results["first"]))
    row("s for a later walk, most processes unchanged", spread(results["later"]))
    row("s for reading every /proc/PID/maps in Python", spread(results["proc"]))
    row("/proc/PID/maps / first walk, times as long", ratios(results, "proc", "first"), "≥ 5")
    row("/proc/PID/maps / later walk, times as long", ratios(results, "proc", "later"), "≥ 5")


if __name__ == "__main__":
    main()
