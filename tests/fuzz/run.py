"""Fuzzes the parsers with atheris, guided by what the code does: ``python -m tests.fuzz.run [TARGET …]``.

Every run starts from the same seeds and the same random numbers, so that a failure comes again. What made a target
fail is kept in ``build/fuzz``; give that file to the target's ``check``, and make it a test.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import atheris

if "--here" in sys.argv:
    with atheris.instrument_imports(include=["javert"]):
        from tests.fuzz.targets import TARGETS
else:
    from tests.fuzz.targets import TARGETS

KEPT = Path(__file__).parents[2] / "build" / "fuzz"
SEED = 20260701
LONGEST_INPUT = 6000
HANGS_AFTER_S = 60
"""An input takes milliseconds; what takes a minute never ends."""
MEMORY_MIB = 1024


def main() -> int:
    """Fuzz the targets one after the other, each in a process of its own; 1 if one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", choices=[[], *TARGETS], metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--runs", type=int, default=0, help="inputs for each target (default: as in CI)")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        fuzz(options.targets[0], options.runs, options.seed)
    KEPT.mkdir(parents=True, exist_ok=True)
    failed = []
    for name in options.targets or TARGETS:
        runs = options.runs or TARGETS[name].runs
        command = [
            sys.executable,
            "-m",
            "tests.fuzz.run",
            name,
            "--here",
            f"--runs={runs}",
            f"--seed={options.seed}",
        ]
        ended = subprocess.run(
            command, env={**os.environ, "PYTHONHASHSEED": "0"}, capture_output=True, text=True, check=False
        )
        if ended.returncode:
            failed.append(name)
            print(ended.stderr[-4000:])
        print(f"{name}: {runs:,} inputs, {'FAILED' if ended.returncode else 'no fault'}", flush=True)
    return bool(failed)


def fuzz(name: str, runs: int, seed: int) -> None:
    """Fuzz one target; ends the process."""
    target = TARGETS[name]
    with tempfile.TemporaryDirectory() as corpus:
        for number, data in enumerate(target.seeds):
            (Path(corpus) / f"{number:03}").write_bytes(data)
        # Units that other processes found are looked for once a second, which would make a run depend on the time.
        limits = [
            "-reload=0",
            f"-max_len={LONGEST_INPUT}",
            f"-timeout={HANGS_AFTER_S}",
            f"-rss_limit_mb={MEMORY_MIB}",
        ]
        options = [f"-runs={runs}", f"-seed={seed}", f"-artifact_prefix={KEPT}/{name}-", *limits]
        atheris.Setup(["fuzz", *options, corpus], target.check)
        atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
