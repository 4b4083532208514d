"""How long commands take to start against a bare interpreter, measured in turns, medians with spread.

    python benchmarks/startup.py [--rounds 21]

The figure to reach: ``javert --version`` at most 3 times ``python -c pass``.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=21)
    rounds = parser.parse_args().rounds
    javert = shutil.which("javert", path=str(Path(sys.executable).parent)) or "javert"
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "javert --version": [javert, "--version"],
        "javert --help": [javert, "--help"],
        "javert rules": [javert, "rules"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            began = time.perf_counter()
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
            times[name].append(time.perf_counter() - began)
    bare = statistics.median(times["python -c pass"])
    for name, measured in times.items():
        median = statistics.median(measured)
        spread = f"{min(measured) * 1e3:.1f} to {max(measured) * 1e3:.1f} ms"
        print(f"{name:18} {median * 1e3:6.1f} ms ({spread})  {median / bare:.2f} x python -c pass")


if __name__ == "__main__":
    main()
