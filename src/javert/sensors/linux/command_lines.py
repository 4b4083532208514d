"""The command line of a process as it is, for what must not be told: whole, and never emitted."""

from pathlib import Path

from javert.formats.cmdline import split


def arguments_of(pid: int) -> list[str]:
    """Its arguments, argv[0] first; empty if it has none, or has ended (proc(5), /proc/PID/cmdline)."""
    try:
        return split(Path(f"/proc/{pid}/cmdline").read_bytes())
    except OSError:
        return []
