"""Where the dynamic loader looks for what root's modules need, as far as others than root may have a say in it.

The system's own directories are left out: what is found there was mapped, and its way is walked as a module's.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from javert.errors import ParseError
from javert.formats.elf_dynamic import MAGIC, Dependencies, read_dependencies
from javert.model.rule_id import RuleId
from javert.model.telemetry import LibrarySearch, Limitation, SearchedFile
from javert.sensors.interface import Emit
from javert.sensors.linux.permissions import PathWalker

_RULES = (RuleId.ROOT_PROCESS_INSECURE_PERMISSIONS,)
_GLIBC_LOADER = "ld-linux"
_LOADER_FILES = (("/etc/ld.so.preload", "preload"), ("/etc/ld.so.cache", "cache"))


class LibrarySearcher:
    """Reads modules of root processes, each once, and walks to where they have the loader look."""

    def __init__(self, emit: Emit, walker: PathWalker) -> None:
        """A searcher that has read nothing yet.

        Args:
            emit: takes a LibrarySearch for each module that has the loader look somewhere.
            walker: looks at the ways.
        """
        self._emit = emit
        self._walker = walker
        self._known: set[tuple[int, str]] = set()

    def look_at(self, *, mount_namespace: int, root: str, path: str) -> None:
        """Read one module.

        Args:
            mount_namespace: its inode number.
            root: the root directory of that namespace as seen from here.
            path: of the module inside it, no link in it, as the kernel names mapped files.
        """
        if (mount_namespace, path) in self._known:
            return
        self._known.add((mount_namespace, path))
        try:
            dependencies = _read(f"{root.rstrip('/')}{path}")
        except FileNotFoundError:
            return  # it was removed: the module itself says so
        except (OSError, ParseError) as error:
            self._emit(
                Limitation(
                    code="root-modules-search-unread",
                    rules=_RULES,
                    scope=path,
                    params={"path": path, "reason": str(error)},
                )
            )
            return
        if dependencies is None:
            return
        files = [
            SearchedFile(path=name, by=by, way=way)
            for name, by, way in self._searched(mount_namespace, root, path, dependencies)
            if way
        ]
        if files:
            self._emit(LibrarySearch(mount_namespace=mount_namespace, path=path, files=tuple(files)))

    def _searched(
        self, namespace: int, root: str, path: str, dependencies: Dependencies
    ) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        def walk(name: str) -> tuple[str, ...]:
            return self._walker.walk(mount_namespace=namespace, root=root, path=name)

        if dependencies.interpreter.startswith("/"):
            yield dependencies.interpreter, "interpreter", walk(dependencies.interpreter)
        if path.rpartition("/")[2].startswith(_GLIBC_LOADER):
            for name, by in _LOADER_FILES:
                yield name, by, walk(name)
        directories = dependencies.directories(path.rpartition("/")[0])
        by = "runpath" if dependencies.runpath else "rpath"
        missing: set[str] = set()
        for needed in dependencies.needed:
            if needed.startswith("/"):
                yield needed, "needed", walk(needed)
            if "/" in needed:
                continue
            for directory in directories:
                name = f"{directory.rstrip('/')}/{needed}"
                way = walk(name)
                there = self._walker.leads_to_file(mount_namespace=namespace, way=way)
                if there or directory not in missing:  # one name tells enough of a directory where it is missing
                    yield name, by, way
                if there:
                    break
                missing.add(directory)


def _read(path: str) -> Dependencies | None:
    """What the object asks for; None if it is not one of the loader's (a Java archive, a Windows library)."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb", buffering=0):
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ParseError(f"{Path(path).name} is no regular file")
        if os.pread(descriptor, len(MAGIC), 0) != MAGIC:
            return None
        return read_dependencies(lambda offset, size: os.pread(descriptor, size, offset))
