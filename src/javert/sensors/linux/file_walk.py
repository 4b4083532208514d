"""Walks directory trees and finds the files that could be software, in bounded memory and without following links.

Each directory is opened relative to its parent (openat(2) with O_NOFOLLOW), so that nobody who renames directories
during the walk can lead it elsewhere; open directories are a stack no deeper than the tree.
"""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from stat import S_ISREG
from typing import NamedTuple

MAX_DEPTH = 128
"""Directories within directories; deeper ones are reported, not entered (each level keeps two descriptors open)."""

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_ANY_EXECUTE = 0o111
_SMALLEST_ELF = 52
_FILES_BETWEEN_CHECKS = 1024


class Candidate(NamedTuple):
    """A regular file worth opening: executable for somebody, or named like a shared object.

    Attributes:
        directory: descriptor of the open directory that ``name`` is relative to, valid until the walk goes on.
        path: for people.
    """

    directory: int | None
    name: str
    path: str
    stat: os.stat_result


class Walk:
    """One walk over several trees.

    Attributes:
        files: regular files seen so far.
    """

    def __init__(
        self,
        *,
        boundaries: frozenset[str],
        skip: frozenset[str] = frozenset(),
        stopped: Callable[[], bool],
        unreadable: Callable[[str, OSError | None], None],
    ) -> None:
        """Prepare; nothing is read yet.

        Args:
            boundaries: paths of directories that are not entered from above (mount points).
            skip: further paths of directories that are not entered.
            stopped: asked now and then; once it is true the walk ends.
            unreadable: told the path of each directory that could not be read; without an error it was too deep.
        """
        self.files = 0
        self._closed = boundaries | skip
        self._stopped = stopped
        self._unreadable = unreadable

    def tree(self, root: str, *, one_device: bool = True) -> Iterator[Candidate]:
        """Every candidate below ``root``.

        Args:
            root: absolute path of a directory; it may be a mount point.
            one_device: do not enter directories whose ``st_dev`` differs from the root's, for mounts that came
                after ``boundaries`` was read.
        """
        try:
            top = os.open(root, _DIRECTORY & ~os.O_NOFOLLOW)
        except OSError as error:
            self._unreadable(root, error)
            return
        device = os.fstat(top).st_dev if one_device else None
        with closing(_Stack()) as stack:
            if not self._push(stack, top, root.rstrip("/") + "/"):
                return
            while stack.levels:
                depth = len(stack.levels)
                try:
                    yield from self._level(stack, stack.levels[-1], device)
                except OSError as error:
                    self._unreadable(stack.levels[-1].prefix, error)
                    stack.pop()
                else:
                    if len(stack.levels) == depth:
                        stack.pop()
                if self._stopped():
                    return

    def _level(self, stack: "_Stack", level: "_Level", device: int | None) -> Iterator[Candidate]:
        """What is left of one directory, up to the first directory in it that was entered.

        Written flat, because it runs once for every file of the host.
        """
        for entry in level.entries:
            if entry.is_file(follow_symlinks=False):
                self.files += 1
                try:
                    stat = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue  # gone since it was listed
                except OSError as error:
                    self._unreadable(level.prefix + entry.name, error)
                    continue
                mode = stat.st_mode
                if (mode & _ANY_EXECUTE or ".so" in entry.name) and stat.st_size >= _SMALLEST_ELF and S_ISREG(mode):
                    yield Candidate(level.descriptor, entry.name, level.prefix + entry.name, stat)
                if self.files % _FILES_BETWEEN_CHECKS == 0 and self._stopped():
                    return
            elif entry.is_dir(follow_symlinks=False) and self._enter(stack, level, entry.name, device):
                return

    def _enter(self, stack: "_Stack", level: "_Level", name: str, device: int | None) -> bool:
        path = level.prefix + name
        if path in self._closed:
            return False
        if len(stack.levels) >= MAX_DEPTH:
            self._unreadable(path, None)
            return False
        try:
            descriptor = os.open(name, _DIRECTORY, dir_fd=level.descriptor)
        except FileNotFoundError:
            return False  # gone since it was listed
        except OSError as error:
            self._unreadable(path, error)
            return False
        if device is not None and os.fstat(descriptor).st_dev != device:
            os.close(descriptor)
            self._unreadable(path, OSError(errno.EXDEV, "mounted while the scan went on"))
            return False
        return self._push(stack, descriptor, path + "/")

    def _push(self, stack: "_Stack", descriptor: int, prefix: str) -> bool:
        try:
            entries = os.scandir(descriptor)
        except OSError as error:
            os.close(descriptor)
            self._unreadable(prefix, error)
            return False
        stack.levels.append(_Level(descriptor, prefix, entries))
        return True


class _Level:
    """A directory that is being read."""

    __slots__ = ("descriptor", "entries", "prefix")

    def __init__(self, descriptor: int, prefix: str, entries: "os._ScandirIterator[str]") -> None:
        self.descriptor = descriptor
        self.prefix = prefix
        self.entries = entries


class _Stack:
    """The directories from the root to the one being read."""

    def __init__(self) -> None:
        self.levels: list[_Level] = []

    def pop(self) -> None:
        level = self.levels.pop()
        level.entries.close()
        os.close(level.descriptor)

    def close(self) -> None:
        while self.levels:
            self.pop()
