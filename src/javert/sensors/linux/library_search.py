"""Where the dynamic loader looks for what root's modules need, as far as others than root may have a say in it.

The system's own directories are left out: what is found there was mapped, and its way is walked as a module's.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from javert.errors import ParseError
from javert.formats.elf_dynamic import MAGIC, Dependencies, read_dependencies
from javert.formats.loader_environment import LoaderVariables, ignores_environment, loader_variables
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
        self._needed: dict[tuple[int, str], tuple[str, ...]] = {}
        self._found: dict[tuple[int, str], dict[tuple[str, str], SearchedFile]] = {}

    def look_at(self, *, mount_namespace: int, root: str, path: str) -> None:
        """Read one module.

        Args:
            mount_namespace: its inode number.
            root: the root directory of that namespace as seen from here.
            path: of the module inside it, no link in it, as the kernel names mapped files.
        """
        key = mount_namespace, path
        if key in self._needed:
            return
        self._needed[key] = ()
        try:
            dependencies = _read(f"{root.rstrip('/')}{path}")
        except FileNotFoundError:
            return  # it was removed: the module itself says so
        except (OSError, ParseError) as error:
            params = {"path": path, "reason": str(error)}
            self._emit(Limitation(code="root-modules-search-unread", rules=_RULES, scope=path, params=params))
            return
        if dependencies is not None:
            self._needed[key] = tuple(name for name in dependencies.needed if "/" not in name)
            self._tell(key, self._asked_for(key, root, dependencies))

    def look_at_process(self, pid: int, *, mount_namespace: int, root: str, path: str) -> None:
        """Read what the environment of a running process tells the loader.

        Args:
            pid: the process.
            mount_namespace: as for ``look_at``.
            root: as for ``look_at``.
            path: of the program it runs; ``look_at`` has read it.
        """
        try:
            variables = loader_variables(_bytes(f"/proc/{pid}/environ"))
            if variables == LoaderVariables() or ignores_environment(_bytes(f"/proc/{pid}/auxv")):
                return
        except OSError:
            return  # it ended: what it loaded was mapped, and is judged
        key = mount_namespace, path
        preloaded = [self._file(key, root, name, "ld-preload") for name in variables.preload]
        self._tell(key, [*preloaded, *self._search(key, root, variables.library_path, "ld-library-path")])

    def _tell(self, key: tuple[int, str], files: Iterable[SearchedFile]) -> None:
        found = self._found.setdefault(key, {})
        before = len(found)
        found.update(((file.path, file.by), file) for file in files if file.way)
        if len(found) > before:
            self._emit(LibrarySearch(mount_namespace=key[0], path=key[1], files=tuple(found.values())))

    def _asked_for(self, key: tuple[int, str], root: str, dependencies: Dependencies) -> Iterator[SearchedFile]:
        directory, _slash, name = key[1].rpartition("/")
        if dependencies.interpreter.startswith("/"):
            yield self._file(key, root, dependencies.interpreter, "interpreter")
        if name.startswith(_GLIBC_LOADER):
            for path, by in _LOADER_FILES:
                yield self._file(key, root, path, by)
        for needed in dependencies.needed:
            if needed.startswith("/"):
                yield self._file(key, root, needed, "needed")
        by = "runpath" if dependencies.runpath else "rpath"
        yield from self._search(key, root, dependencies.directories(directory), by)

    def _search(
        self, key: tuple[int, str], root: str, directories: tuple[str, ...], by: str
    ) -> Iterator[SearchedFile]:
        """Where the loader looks in these directories for what the module needs, until it finds it."""
        missing: set[str] = set()
        for needed in self._needed.get(key, ()):
            for directory in directories:
                file = self._file(key, root, f"{directory.rstrip('/')}/{needed}", by)
                there = self._walker.leads_to_file(mount_namespace=key[0], way=file.way)
                if there or directory not in missing:  # one name tells enough of a directory where it is missing
                    yield file
                if there:
                    break
                missing.add(directory)

    def _file(self, key: tuple[int, str], root: str, path: str, by: str) -> SearchedFile:
        way = self._walker.walk(mount_namespace=key[0], root=root, path=path)
        return SearchedFile(path=path, by=by, way=way)


def _bytes(path: str) -> bytes:
    with open(path, "rb", buffering=0) as stream:
        return stream.readall()


def _read(path: str) -> Dependencies | None:
    """What the object asks for; None if it is not one of the loader's (a Java archive, a Windows library)."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb", buffering=0):
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ParseError(f"{Path(path).name} is no regular file")
        if os.pread(descriptor, len(MAGIC), 0) != MAGIC:
            return None
        return read_dependencies(lambda offset, size: os.pread(descriptor, size, offset))
