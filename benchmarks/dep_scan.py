"""The file scan against other tools over the same tree, measured in turns, medians with spread.

    python benchmarks/dep_scan.py [--tree /] [--rounds 1] [--cold] [--million]

Prints how many times as long scanelf and checksec take, and what memory a tree of a million files costs. checksec
starts dozens of programs a file, so it runs over a sample and is scaled to the files that Javert judged.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FULL = ("--rounds", "3", "--cold", "--million")

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
        rules=(RuleId.SOFTWARE_WITHOUT_DEP,), scan_roots=(sys.argv[1],), one_file_system=True, planned_s=0
    )
)
sensor.start(records.append)
sensor.stop()
took = time.perf_counter() - began
scan = [record for record in records if isinstance(record, FileScan)][-1]
assert scan.finished
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(took, scan.files, scan.elf, before, after)
"""


def scan(tree: str) -> tuple[float, int, int, int, int]:
    """Seconds, files, ELF files, and resident memory before and at most, KiB."""
    output = subprocess.run(
        [sys.executable, "-c", SCAN, tree], stdout=subprocess.PIPE, text=True, check=True
    ).stdout.split()
    files, elf, before, after = map(int, output[1:])
    return float(output[0]), files, elf, before, after


def timed(*command: str) -> float:
    began = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return time.perf_counter() - began


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.3f} s ({min(values):.3f} to {max(values):.3f})"


def compare(tree: str, rounds: int) -> None:
    scan(tree)  # so that the page cache is as warm for the first as for the last
    ours, theirs = [], []
    for _ in range(rounds):
        took, files, elf, *_ = scan(tree)
        ours.append(took)
        if shutil.which("scanelf"):
            theirs.append(timed("scanelf", "--recursive", "--mount", tree))
    print(f"javert      {spread(ours)} over {files} files, {elf} of them ELF, in {tree}")
    if theirs:
        print(f"scanelf -R  {spread(theirs)}")
        print(f"scanelf / javert    {statistics.median(theirs) / statistics.median(ours):.1f} times as long")
    if shutil.which("checksec"):
        sample = [path for path in sorted(Path("/usr/bin").iterdir()) if not path.is_symlink()][:20]
        each = statistics.median(timed("checksec", f"--file={path}") for path in sample)
        print(f"checksec    {each * 1000:.0f} ms a file, {each * elf:.0f} s for {elf} files")
        print(f"checksec / javert   {each * elf / statistics.median(ours):.0f} times as long\n")


def second_scan(tree: str, rounds: int) -> None:
    first, second = [], []
    for _ in range(rounds):
        os.sync()
        Path("/proc/sys/vm/drop_caches").write_text("3\n")
        first.append(scan(tree)[0])
        second.append(scan(tree)[0])
    print(f"first scan, nothing in memory  {spread(first)}")
    print(f"second scan                    {spread(second)}")
    print(f"second / first                 {statistics.median(second) / statistics.median(first):.2f}\n")


def million() -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as top:
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
        took, files, _, before, after = scan(top)
        print(
            f"{files} files: {took:.1f} s, {after / 1024:.1f} MiB resident at most, "
            f"{before / 1024:.1f} before the scan"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", default="/", help="what to scan; both stay on its file system")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--cold", action="store_true", help="also a second scan against one after dropping caches")
    parser.add_argument("--million", action="store_true", help="also scan a million files made for it in /var/tmp")
    arguments = parser.parse_args()
    compare(arguments.tree, arguments.rounds)
    if arguments.cold:
        second_scan(arguments.tree, 3)
    if arguments.million:
        million()


if __name__ == "__main__":
    main()
