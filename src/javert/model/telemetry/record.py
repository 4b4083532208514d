"""What every telemetry record is, and what names a process."""

import msgspec


class Record(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="record", omit_defaults=True):
    """Base of every telemetry record; the class name is its tag in the journal."""


class ProcessKey(msgspec.Struct, frozen=True, array_like=True):
    """Names one process for good: a reused pid has another start, and what execve(2) makes of it another program.

    Attributes:
        pid: process id (of the thread group) in the initial pid namespace.
        start: when it started, clock ticks since boot: field 22 of ``/proc/PID/stat`` (proc_pid_stat(5)); on
            Windows milliseconds since the epoch.
        program: counts the programs, and the users it ran them as, that the process was seen with.
    """

    pid: int
    start: int
    program: int = 0
