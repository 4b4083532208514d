"""The command line: one module a command, each imported only when it is called."""

import sys


def main() -> int:
    """Run ``javert`` with the arguments of the process; the exit code as docs/cli describes it.

    Nothing but this function turns an error into what a person reads: one line on standard error.
    """
    arguments = sys.argv[1:]
    if arguments == ["--version"]:  # asked for by scripts and probes, so it does not wait for the rest to load
        from javert import __version__  # noqa: PLC0415

        sys.stdout.write(f"javert {__version__}\n")
        return 0
    from javert.cli.frame import run  # noqa: PLC0415

    return run(arguments)
