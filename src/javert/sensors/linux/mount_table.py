"""The mounts a process sees, and what they mean for permissions."""

import os
import re
from pathlib import Path

from javert.errors import ParseError
from javert.formats import mountinfo
from javert.formats.mountinfo import Mount

_PROCESS_ROOT = re.compile(r"(/proc/(?:[0-9]+|self))/root")

# Owner, mode and ACL of these are what a server or a program says, which may decide by rules of its own.
_FOREIGN = frozenset(
    {
        *("9p", "afs", "ceph", "cifs", "coda", "ncpfs", "nfs", "nfs4", "smb3", "smbfs"),
        *("beegfs", "gpfs", "lustre", "orangefs", "panfs"),
        *("prl_fs", "vboxsf", "virtiofs", "vmhgfs"),
        *("fuse", "fuseblk"),
    }
)


class MountTable:
    """Mounts by id and by mount point, read again when one appears that was not there before."""

    def __init__(self, root: str) -> None:
        """The mounts that the process sees whose root directory is ``root``.

        Args:
            root: "/", or "/proc/PID/root" for another process.
        """
        self.seen_from(root)
        self._by_id: dict[int, Mount] = {}
        self._by_point: dict[str, Mount] = {}
        self._elsewhere: tuple[Mount, ...] = ()
        self._read()

    def seen_from(self, root: str) -> None:
        """Ask this process from now on: the one that was asked before may have ended."""
        match = _PROCESS_ROOT.fullmatch(root)
        self._process = match[1] if match else "/proc/self"

    def mount(self, identifier: int) -> Mount | None:
        """The mount with this id as ``/proc/self/fdinfo`` tells it; None if the process cannot see it."""
        if identifier not in self._by_id:
            self._read()
        return self._by_id.get(identifier)

    def foreign_at(self, path: str) -> str:
        """The type of a network or user-space file system mounted at ``path``; "" if there is none."""
        mount = self._by_point.get(path)
        return foreign(mount) if mount else ""

    def writable_elsewhere(self, mount: Mount, path: str) -> bool:
        """Whether the host has what is at ``path`` mounted writable too, although ``mount`` is read-only.

        A service's read-only view of /usr (``ProtectSystem=``) does not protect it from others on the host.
        """
        inside = _within(mount, path)
        return any(
            other.device == mount.device and not other.read_only and _covers(other.root, inside)
            for other in (*self._by_id.values(), *self._elsewhere)
        )

    def _read(self) -> None:
        mounts = _mounts(self._process)
        if mounts:  # else the process ended, and what is known stands; or it sees none from its changed root
            self._by_id = {mount.id: mount for mount in mounts}
            self._by_point = {mount.mount_point: mount for mount in mounts}
        if self._process == "/proc/self":
            return
        self._elsewhere = _mounts("/proc/self")
        for mount in self._elsewhere:  # a changed root directory hides the mount it lies on
            self._by_id.setdefault(mount.id, mount)


class ForeignDevices:
    """Knows by device number the file systems whose server may never answer, without asking it."""

    def __init__(self) -> None:
        """Mounts are read when a device is met for the first time."""
        self._kinds: dict[int, str] = {}

    def kind(self, device: int, pid: int) -> str:
        """The type of the network or user-space file system with this ``st_dev``; "" for a local or unknown one.

        Args:
            device: as the kernel told it of a file.
            pid: a process that sees the file system; Javert's own mounts are asked too.
        """
        if device not in self._kinds:
            for process in (f"/proc/{pid}", "/proc/self"):
                for mount in _mounts(process):
                    major, _, minor = mount.device.partition(":")
                    if major.isdigit() and minor.isdigit():
                        self._kinds[os.makedev(int(major), int(minor))] = foreign(mount)
        return self._kinds.setdefault(device, "")


def foreign(mount: Mount) -> str:
    """The type of the mount's file system if it is one whose permissions mean something else; "" otherwise."""
    kind = mount.file_system
    return kind if kind in _FOREIGN or kind.startswith("fuse.") else ""


def _mounts(process: str) -> tuple[Mount, ...]:
    try:
        return mountinfo.parse(Path(process, "mountinfo").read_bytes())
    except (OSError, ParseError):
        return ()  # the process ended or hides it: the caller finds the mount unknown, and says so


def _within(mount: Mount, path: str) -> str:
    point = "" if mount.mount_point == "/" else mount.mount_point
    return mount.root.rstrip("/") + path.removeprefix(point)


def _covers(root: str, path: str) -> bool:
    return root in ("/", path) or path.startswith(root + "/")
