"""The file scan against other tools over the same tree, measured in turns, medians with spread.

    python -m benchmarks.dep_scan [--tree /] [--rounds 5] [--others 1] [--cold] [--million]

Prints how many times as long scanelf and checksec take; what a second scan takes, which remembers what has not
changed, beside a first one and beside a walk that does nothing but list and stat the files; and what memory a tree
of a million files costs. checksec starts dozens of programs a file, so it runs over a sample and is scaled to the
files that Javert judged.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from benchmarks.interleaved import in_turns, ratios, row, spread

FULL = ("--others", "3", "--cold", "--million")

SCAN = """
import resource, sys, time
from javert.model.rule_id import RuleId
from javert.model.telemetry import FileScan
from javert.sensors.interface import SensorOptions
from javert.sensors.linux.files import FileScanSensor
records = []
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
began = time.perf_counter()
sensor = FileScanSensor(
    SensorOptions(
        rules=(RuleId.SOFTWARE_WITHOUT_DEP,), scan_roots=(sys.argv[1],), one_file_system=True, planned_s=0,
        state_directory=sys.argv[2],
    )
)
sensor.start(records.append)
sensor.stop()
took = time.perf_counter() - began
scan = [record for record in records if isinstance(record, FileScan)][-1]
assert scan.finished
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(took, scan.files, scan.candidates, scan.remembered, scan.elf, before, after)
"""

WALK = """
import sys, time
from javert.sensors.linux import mounts
from javert.sensors.linux.file_walk import Walk
plan = mounts.plan([sys.argv[1]], mounts.mounts(), mounts.block_file_systems(), one_file_system=True)
began = time.perf_counter()
walk = Walk(boundaries=plan.boundaries, stopped=lambda: False, unreadable=lambda path, error: None)
for root in plan.roots:
    for _ in walk.tree(root):
        pass
print(time.perf_counter() - began)
"""


class Scan(NamedTuple):
    """One scan: seconds, counts of files, and resident memory before and at most, KiB."""

    seconds: float
    files: int
    candidates: int
    remembered: int
    elf: int
    memory_before: int
    memory: int


def scan(tree: str, state: str = "") -> Scan:
    """Scan a tree in a process of its own; ``state`` is where it remembers, nowhere if empty."""
    output = subprocess.run(
        [sys.executable, "-c", SCAN, tree, state], stdout=subprocess.PIPE, text=True, check=True
    ).stdout.split()
    return Scan(float(output[0]), *map(int, output[1:]))


def walk(tree: str) -> float:
    """Seconds for listing the tree, with the status of every file and no more."""
    return float(subprocess.run([sys.executable, "-c", WALK, tree], stdout=subprocess.PIPE, check=True).stdout)


def timed(*command: str) -> float:
    began = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return time.perf_counter() - began


def compare(tree: str, rounds: int) -> None:
    first = scan(tree)  # so that the page cache is as warm for the first as for the last
    row(f"files in {tree}, of them worth opening, ELF", f"{first.files}, {first.candidates}, {first.elf}")
    legs: dict[str, Callable[[], float]] = {"javert": lambda: scan(tree).seconds}
    if shutil.which("scanelf"):
        legs["scanelf"] = lambda: timed("scanelf", "--recursive", "--mount", tree)
    results = in_turns(legs, rounds)
    row("javert, s", spread(results["javert"]))
    if "scanelf" in legs:
        row("scanelf -R, s", spread(results["scanelf"]))
        row("scanelf -R ÷ javert", ratios(results, "scanelf", "javert"), ">= 3")
    if shutil.which("checksec"):
        sample = [path for path in sorted(Path("/usr/bin").iterdir()) if not path.is_symlink()][:20]
        each = statistics.median(timed("checksec", f"--file={path}") for path in sample)
        row("checksec, ms a file; s for the ELF files of the tree", f"{each * 1000:.0f}; {each * first.elf:.0f}")
        row("checksec ÷ javert", f"{each * first.elf / spread(results['javert']).median:.0f}", ">= 50")


def again(tree: str, rounds: int, cold: bool) -> None:
    """A second scan beside the first, with everything in the page cache, and with nothing in it."""
    with tempfile.TemporaryDirectory(prefix="javert-bench-") as state:
        kept = scan(tree, state)
        kept = scan(tree, state)
        row("remembered by the second scan, of the files worth opening", f"{kept.remembered} of {kept.candidates}")
        results = in_turns(
            {
                "first": lambda: scan(tree).seconds,
                "second": lambda: scan(tree, state).seconds,
                "walk": lambda: walk(tree),
            },
            rounds,
        )
        for name in results:
            row(f"{name}, everything in memory, s", spread(results[name]))
        row("second ÷ first, everything in memory", ratios(results, "second", "first"), "<= 0.3")
        row("walk alone ÷ first, everything in memory", ratios(results, "walk", "first"))
        if cold:
            results = in_turns(
                {
                    "first": lambda: forgotten(lambda: scan(tree).seconds),
                    "second": lambda: forgotten(lambda: scan(tree, state).seconds),
                    "second, in memory": lambda: scan(tree, state).seconds,
                    "walk": lambda: forgotten(lambda: walk(tree)),
                },
                max(rounds, 5),
            )
            for name in results:
                row(f"{name}, nothing in memory before, s", spread(results[name]))
            row("second ÷ first, nothing in memory before", ratios(results, "second", "first"))
            row("walk alone ÷ first, nothing in memory before", ratios(results, "walk", "first"))
            row("second, in memory ÷ first, not in memory", ratios(results, "second, in memory", "first"), "<= 0.3")


def forgotten(leg: Callable[[], float]) -> float:
    """What ``leg`` takes when the kernel has nothing of the disk in memory."""
    os.sync()
    Path("/proc/sys/vm/drop_caches").write_text("3\n")
    return leg()


def million() -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as top, tempfile.TemporaryDirectory(dir="/var/tmp") as state:
        program = b"\x7fELF" + bytes(60)
        for directory in range(1000):
            path = Path(top, f"{directory // 100}", f"{directory}")
            path.mkdir(parents=True)
            descriptor = os.open(path, os.O_RDONLY)
            for number in range(1000):
                mode = 0o755 if number % 20 == 0 else 0o644
                file = os.open(f"file{number}", os.O_WRONLY | os.O_CREAT, mode, dir_fd=descriptor)
                if mode == 0o755:
                    os.write(file, program)
                os.close(file)
            os.close(descriptor)
        Path(state).chmod(0o700)
        made = scan(top, state)
        row(f"{made.files} files, s", f"{made.seconds:.1f}")
        row(
            "resident memory at most; before the scan, MiB",
            f"{made.memory / 1024:.1f}; {made.memory_before / 1024:.1f}",
            "<= 60",
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", default="/", help="what to scan; all stay on its file system")
    parser.add_argument("--rounds", type=int, default=5, help="of first and second scans")
    parser.add_argument("--others", type=int, default=1, help="rounds beside scanelf")
    parser.add_argument("--cold", action="store_true", help="also with nothing in memory")
    parser.add_argument("--million", action="store_true", help="also scan a million files made for it in /var/tmp")
    arguments = parser.parse_args()
    compare(arguments.tree, arguments.others)
    again(arguments.tree, arguments.rounds, arguments.cold)
    if arguments.million:
        million()


if __name__ == "__main__":
    main()
