"""Opens a file that a process has mapped, also if no name leads to it any more."""

import errno
import os
from pathlib import Path

from javert.sensors.linux.regular_file import open_regular


def open_mapped(pid: int, device: int, inode: int) -> int:
    """A descriptor to read the mapped file with, through ``/proc/PID/map_files`` (proc_pid_map_files(5)).

    Args:
        pid: of a process that has it mapped.
        device: as ``/proc/PID/maps`` tells it; some file systems tell stat(2) another one.
        inode: likewise.

    Raises:
        OSError: the process has ended or does not have it mapped any more, or Javert may not (CAP_SYS_ADMIN).
    """
    wanted = (b"%02x:%02x" % (os.major(device), os.minor(device)), b"%d" % inode)
    for line in Path(f"/proc/{pid}/maps").read_bytes().split(b"\n"):
        fields = line.split(None, 5)
        if tuple(fields[3:5]) == wanted:
            start, _, end = fields[0].partition(b"-")
            return open_regular(f"/proc/{pid}/map_files/{int(start, 16):x}-{int(end, 16):x}", links=True)
    raise FileNotFoundError(errno.ENOENT, "it is not mapped any more")
