"""Whether a path that somebody else chose names a file, without asking a server or mounting anything.

Command lines hold paths. Looking one up the ordinary way asks the server of a network or user-space file system,
which may never answer, and has autofs mount what the path names. So paths are followed by hand, as
path_resolution(7) describes it, and never into such a file system.
"""

import errno
import os
import select
from pathlib import Path

from javert.errors import ParseError
from javert.formats import mountinfo
from javert.sensors.linux.mount_table import foreign

_MAX_LINKS = 40  # MAXSYMLINKS of include/linux/namei.h


class LocalPaths:
    """Paths in Javert's own mount namespace, as far as they lie on local file systems."""

    def __init__(self) -> None:
        """Mounts are read at the first question, and again when they have changed: proc_pid_mounts(5)."""
        self._file: int | None = None
        self._poll = select.poll()
        self._closed: frozenset[str] | None = None

    def exists(self, path: str) -> bool:
        """Whether the absolute ``path`` names a file; False too if that cannot be told without asking a server."""
        closed = self._mount_points()
        if closed is None:
            return False
        directory, links = "/", 0
        pending = path.split("/")[::-1]
        while pending:
            name = pending.pop()
            if name in ("", "."):
                continue
            if name == "..":
                directory = directory.rpartition("/")[0] or "/"
                continue
            here = f"{directory.rstrip('/')}/{name}"
            if here in closed:
                return False
            try:
                target = os.readlink(here)
            except OSError as error:
                if error.errno != errno.EINVAL:  # EINVAL: it is there, and no link
                    return False
                directory = here
                continue
            links += 1
            if links > _MAX_LINKS or here.startswith("/proc/"):  # those of the kernel lead anywhere at all
                return False
            directory = "/" if target.startswith("/") else directory
            pending.extend(target.split("/")[::-1])
        return True

    def _mount_points(self) -> frozenset[str] | None:
        """Where a server answers, or autofs waits; None if the mounts cannot be read."""
        try:
            if self._file is None:
                self._file = os.open("/proc/self/mountinfo", os.O_RDONLY | os.O_CLOEXEC)
                self._poll.register(self._file, select.POLLPRI)
            if self._poll.poll(0) or self._closed is None:
                self._closed = None
                mounts = mountinfo.parse(Path("/proc/self/mountinfo").read_bytes())
                self._closed = frozenset(
                    mount.mount_point for mount in mounts if foreign(mount) or mount.file_system == "autofs"
                )
        except (OSError, ParseError):
            return None
        return self._closed
