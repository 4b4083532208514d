"""``javert --version`` beside ``python -c pass``, in turns.

python -m benchmarks.startup [--rounds 30]
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.interleaved import in_turns, ratios, row, spread

JAVERT = Path(sys.executable).with_name("javert")
FULL = ("--rounds", "200")


def seconds(*command: str | Path) -> float:
    began = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    rounds = parser.parse_args().rounds
    legs = {
        "pass": lambda: seconds(sys.executable, "-c", "pass"),
        "version": lambda: seconds(JAVERT, "--version"),
        "help": lambda: seconds(JAVERT, "--help"),
    }
    for leg in legs.values():
        leg()  # compiles what is not compiled yet
    results = in_turns(legs, rounds)
    row("python -c pass, s", spread(results["pass"]))
    row("javert --version / python -c pass", ratios(results, "version", "pass"), "≤ 3")
    row("javert --help / python -c pass", ratios(results, "help", "pass"))


if __name__ == "__main__":
    main()
