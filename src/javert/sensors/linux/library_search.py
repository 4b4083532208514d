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
from javert.formats.loader_paths import SUBDIRECTORIES, expanded, interpreter, library_directory
from javert.model.rule_id import RuleId
from javert.model.telemetry import LibrarySearch, Limitation, SearchedFile
from javert.sensors.interface import Emit
from javert.sensors.linux.permissions import PathWalker

_RULES = (RuleId.ROOT_PROCESS_INSECURE_PERMISSIONS,)
_GLIBC_LOADER = "ld-linux"
_MAX_SUBDIRECTORIES = 64
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
        self._read: dict[tuple[int, str], Dependencies] = {}
        self._found: dict[tuple[int, str], dict[tuple[str, str], SearchedFile]] = {}

    def look_at(self, *, mount_namespace: int, root: str, path: str) -> None:
        """Read one module.

        Args:
            mount_namespace: its inode number.
            root: the root directory of that namespace as seen from here.
            path: of the module inside it, no link in it, as the kernel names mapped files.
        """
        key = mount_namespace, path
        if key in self._read:
            return
        self._read[key] = Dependencies()
        try:
            dependencies = _dependencies(f"{root.rstrip('/')}{path}")
        except FileNotFoundError:
            return  # it was removed: the module itself says so
        except (OSError, ParseError) as error:
            params = {"path": path, "reason": str(error)}
            self._emit(Limitation(code="root-modules-search-unread", rules=_RULES, scope=path, params=params))
            return
        if dependencies is not None:
            self._read[key] = dependencies
            self._tell(key, self._asked_for(key, root, dependencies))

    def dependencies(self, *, mount_namespace: int, root: str, path: str) -> Dependencies | None:
        """What a module asks of the loader; None if it cannot be read. Arguments are those of ``look_at``."""
        known = self._read.get((mount_namespace, path))
        if known is not None:
            return known
        try:
            return _dependencies(f"{root.rstrip('/')}{path}")
        except (OSError, ParseError):
            return None  # what follows from it is not known: ``look_at`` says so of what root has

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
        named = [("ld-preload", name) for name in self._expanded(key, root, variables.preload)]
        named += [("ld-audit", name) for name in self._expanded(key, root, variables.audit)]
        directories = self._expanded(key, root, variables.library_path)
        files = [self._file(key, root, name, by) for by, name in named]
        self._tell(key, [*files, *self._search(key, root, directories, "ld-library-path")])

    def _tell(self, key: tuple[int, str], files: Iterable[SearchedFile]) -> None:
        found = self._found.setdefault(key, {})
        before = len(found)
        found.update(((file.path, file.by), file) for file in files if file.way)
        if len(found) > before:
            self._emit(LibrarySearch(mount_namespace=key[0], path=key[1], files=tuple(found.values())))

    def _asked_for(self, key: tuple[int, str], root: str, dependencies: Dependencies) -> Iterator[SearchedFile]:
        name = key[1].rpartition("/")[2]
        if dependencies.interpreter.startswith("/"):
            yield self._file(key, root, dependencies.interpreter, "interpreter")
        if name.startswith(_GLIBC_LOADER):
            for path, by in _LOADER_FILES:
                yield self._file(key, root, path, by)
        for needed in dependencies.needed:
            if needed.startswith("/"):
                yield self._file(key, root, needed, "needed")
        by = "runpath" if dependencies.runpath else "rpath"
        directories = self._expanded(key, root, dependencies.search)
        yield from self._search(key, root, tuple(path for path in directories if path.startswith("/")), by)
        relative = [path or "." for path in directories if not path.startswith("/")]
        if relative:
            params = {"path": key[1], "directories": ", ".join(relative)}
            self._emit(Limitation(code="root-modules-relative-search", rules=_RULES, scope=key[1], params=params))

    def _expanded(self, key: tuple[int, str], root: str, paths: tuple[str, ...]) -> tuple[str, ...]:
        """Entries of a search path with the loader's tokens replaced."""
        if not any("$" in path for path in paths):
            return tuple(dict.fromkeys(paths))
        read = self._read.get(key, Dependencies())
        loader = self._walker.walk(
            mount_namespace=key[0], root=root, path=read.interpreter or interpreter(read.machine, read.wide) or "/"
        )
        there = self._walker.leads_to_file(mount_namespace=key[0], way=loader)
        library = library_directory(loader[-1]) if there else ""
        origin = key[1].rpartition("/")[0]
        return expanded(paths, origin=origin, library=library, machine=read.machine, wide=read.wide)

    def _search(
        self, key: tuple[int, str], root: str, directories: tuple[str, ...], by: str
    ) -> Iterator[SearchedFile]:
        """Where the loader looks in these directories for what the module needs, until it finds it."""
        directories = tuple(
            each for directory in directories for each in self._with_subdirectories(key[0], root, directory)
        )
        missing: set[str] = set()
        for needed in (name for name in self._read.get(key, Dependencies()).needed if "/" not in name):
            for directory in directories:
                file = self._file(key, root, f"{directory.rstrip('/')}/{needed}", by)
                there = self._walker.leads_to_file(mount_namespace=key[0], way=file.way)
                if there or directory not in missing:  # one name tells enough of a directory where it is missing
                    yield file
                if there:
                    break
                missing.add(directory)

    def _with_subdirectories(self, namespace: int, root: str, directory: str) -> list[str]:
        """The directory behind those below it that are searched first, for some kinds of processors.

        Only those that exist are of interest: to make another takes the right to write to one that exists.
        """
        found = [directory]
        for above in found:
            way = self._walker.walk(mount_namespace=namespace, root=root, path=above)
            resolved = self._walker.directory(mount_namespace=namespace, way=way)
            if resolved and len(found) < _MAX_SUBDIRECTORIES:
                names = sorted(SUBDIRECTORIES.intersection(_names(f"{root.rstrip('/')}{resolved}")))
                found.extend(f"{above.rstrip('/')}/{name}" for name in names)
        return found[::-1]

    def _file(self, key: tuple[int, str], root: str, path: str, by: str) -> SearchedFile:
        way = self._walker.walk(mount_namespace=key[0], root=root, path=path)
        return SearchedFile(path=path, by=by, way=way)


def _names(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError:
        return []  # none that could be searched: the way to the directory itself is told


def _bytes(path: str) -> bytes:
    with open(path, "rb", buffering=0) as stream:
        return stream.readall()


def _dependencies(path: str) -> Dependencies | None:
    """What the object asks for; None if it is not one of the loader's (a Java archive, a Windows library)."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb", buffering=0):
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ParseError(f"{Path(path).name} is no regular file")
        if os.pread(descriptor, len(MAGIC), 0) != MAGIC:
            return None
        return read_dependencies(lambda offset, size: os.pread(descriptor, size, offset))
