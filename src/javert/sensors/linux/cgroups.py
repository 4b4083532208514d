"""Names control groups of the version 2 tree by their numbers."""

import ctypes
import os
import struct
import time
from collections.abc import Iterator

_FILEID_KERNFS = 0xFE
"""Type of a file handle that is a node's 64-bit number: include/linux/exportfs.h, since Linux 5.5."""
_HANDLE = struct.Struct("=IiQ")
_WALK_EVERY_S = 1.0


class ControlGroups:
    """The cgroup v2 tree.

    Args:
        root: where it is mounted; None where it is not.
    """

    def __init__(self, root: str | None) -> None:
        self._root = root
        self._opens = root is not None and _opens(root)
        self._walked: dict[int, str] = {}
        self._walk_at = 0.0

    def path(self, number: int) -> str:
        """The path of a group from the tree's root; "" for the root itself and for a group that is gone.

        Args:
            number: the inode number of its directory.
        """
        root = self._root
        if root is None or number <= 1:
            return ""
        if self._opens:
            path = _open(root, number)
            return path[len(root) :] if path.startswith(root) else ""  # outside of what is mounted
        if number not in self._walked and time.monotonic() >= self._walk_at:
            self._walked = dict(_walk(root))
            self._walk_at = time.monotonic() + _WALK_EVERY_S
        return self._walked.get(number, "")


def _opens(root: str) -> bool:
    """Whether groups can be opened by number: not without CAP_DAC_READ_SEARCH, and not before Linux 5.5."""
    try:
        return _open(root, os.stat(root).st_ino) == root
    except OSError:
        return False  # the mount point is hidden or was unmounted


def _open(root: str, number: int) -> str:
    """The path of a node by open_by_handle_at(2): one look-up, however large the tree. "" if it is gone."""
    libc = ctypes.CDLL(None)
    handle = ctypes.create_string_buffer(_HANDLE.pack(8, _FILEID_KERNFS, number))
    mount = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        found = libc.open_by_handle_at(mount, handle, os.O_PATH | os.O_CLOEXEC)
        if found < 0:
            return ""
        try:
            return os.readlink(f"/proc/self/fd/{found}")
        finally:
            os.close(found)
    finally:
        os.close(mount)


def _walk(root: str) -> Iterator[tuple[int, str]]:
    for directory, _children, _files in os.walk(root):
        try:
            yield os.stat(directory).st_ino, directory[len(root) :]
        except OSError:
            continue  # removed meanwhile
