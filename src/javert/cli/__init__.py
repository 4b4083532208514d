"""The command line: one module a command, each imported only when it is called."""

import contextlib
import os
import sys


def main() -> int:
    """Run ``javert`` with the arguments of the process.

    Returns:
        The exit code: 0 done; 1 done, and a finding is at or above ``--fail-on``; 2 wrong usage; 3 the run failed
        or nothing could be assessed.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller, as in ``javert rules >&-``
            setattr(sys, name, open(os.devnull, "w"))  # noqa: PTH123, SIM115 - stays open to the end
    arguments = sys.argv[1:]
    if arguments == ["--version"]:  # asked for by scripts and probes, so it does not wait for the rest to load
        from javert import __version__  # noqa: PLC0415

        with contextlib.suppress(OSError):  # the long way, below, has words for what is wrong
            sys.stdout.write(f"javert {__version__}\n")
            sys.stdout.flush()
            return 0
    from javert.cli.frame import run  # noqa: PLC0415

    return run(arguments)
