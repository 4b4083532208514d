"""Runs the benchmarks: every module here that has a ``main``, or only those named.

    python -m benchmarks [--full] [NAME…]

Without ``--full`` all of them take about a quarter of an hour; with it each gets the arguments that its ``FULL``
holds.
"""

import argparse
import ast
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def modules() -> dict[str, tuple[str, ...]]:
    """The benchmarks by name, with their arguments for a full run. They are read, not imported: some need root."""
    found = {}
    for path in sorted(HERE.glob("[!_]*.py")):
        body = ast.parse(path.read_text("utf-8")).body
        if any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in body):
            full = [
                ast.literal_eval(node.value)
                for node in body
                if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
                if node.targets[0].id == "FULL"
            ]
            found[path.stem] = full[0] if full else ()
    return found


def main() -> int:
    known = modules()
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Print the benchmark ratios.")
    parser.add_argument("--full", action="store_true", help="longer and more rounds")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(known))
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(known):
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    failed = []
    for name in arguments.names or known:
        print(f"\n{name}", flush=True)
        command = [sys.executable, "-m", f"benchmarks.{name}", *(known[name] if arguments.full else ())]
        if subprocess.run(command, cwd=HERE.parent, check=False).returncode:
            failed.append(name)
    if failed:
        print(f"\nnot measured to the end: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
