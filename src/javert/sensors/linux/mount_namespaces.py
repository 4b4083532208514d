"""Ways into mount namespaces: a process inside leads to their files, as long as it lives (proc_pid_root(5))."""

import os
import time
from contextlib import suppress

from javert.sensors.linux.namespaces import processes

_LOOK_AGAIN_S = 1.0


class MountNamespaces:
    """Processes by the mount namespace they were seen in.

    Attributes:
        own: the inode number of Javert's own.
    """

    def __init__(self) -> None:
        """No process is known yet."""
        self.own = os.stat("/proc/self/ns/mnt").st_ino
        self._pids: dict[int, dict[int, None]] = {}
        self._looked_at = 0.0

    def note(self, namespace: int, pid: int) -> None:
        """Note that a process is in a namespace; it may be gone by now."""
        self._pids.setdefault(namespace, {})[pid] = None

    def roots(self, namespace: int, pid: int) -> list[str]:
        """Root directories of processes that are in the namespace now, as seen from here.

        Args:
            namespace: another than Javert's own.
            pid: the process that is asked for, which is noted, and comes first if it is there. The others follow
                only if their root directory is the namespace's own, which a process may leave (chroot(2)).
        """
        self.note(namespace, pid)
        found = [root for each in self._pids[namespace] if (root := _root(each, namespace, changed=each == pid))]
        if not found and time.monotonic() - self._looked_at >= _LOOK_AGAIN_S:
            self._pids[namespace].clear()
            self._look()
            found = [root for each in self._pids[namespace] if (root := _root(each, namespace, changed=False))]
        self._pids[namespace] = {int(root.split("/")[2]): None for root in found}
        return sorted(found, key=lambda root: root != f"/proc/{pid}/root")

    def whole_root(self, namespace: int, pid: int) -> str | None:
        """A root directory that is the namespace's own; None if no process is known that has it.

        Args:
            namespace: another than Javert's own.
            pid: as for ``roots``.
        """
        return next((root for root in self.roots(namespace, pid) if _is_whole(root)), None)

    def _look(self) -> None:
        """Find one process of every namespace: others than the one that is asked for may be left in it."""
        self._looked_at = time.monotonic()
        for pid in processes():
            with suppress(OSError):  # it ended meanwhile
                namespace = os.stat(f"/proc/{pid}/ns/mnt").st_ino
                if namespace != self.own and not self._pids.get(namespace):
                    self.note(namespace, pid)


def _root(pid: int, namespace: int, *, changed: bool) -> str:
    """The root directory of a process; "" if it is gone or elsewhere, or has another root and must not have."""
    root = f"/proc/{pid}/root"
    try:
        fits = os.stat(f"/proc/{pid}/ns/mnt").st_ino == namespace
    except OSError:
        return ""
    return root if fits and (changed or _is_whole(root)) else ""


def _is_whole(root: str) -> bool:
    try:
        return os.readlink(root) == "/"
    except OSError:
        return False  # it ended meanwhile
