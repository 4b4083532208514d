"""Keeps account of files that are mapped executable: which processes have them, and how one gets to them."""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec

from javert.formats.elf_dynamic import Dependencies
from javert.formats.procfs import MemoryTraits, parse_executable_mappings, parse_personality
from javert.model.rule_id import RuleId
from javert.model.telemetry import Limitation, Module, ModuleKind, ProcessKey
from javert.sensors.interface import Emit
from javert.sensors.linux.files import FileScanSensor
from javert.sensors.linux.library_search import LibrarySearcher
from javert.sensors.linux.mount_namespaces import MountNamespaces
from javert.sensors.linux.mount_table import ForeignDevices
from javert.sensors.linux.permissions import PathWalker
from javert.sensors.linux.principals import principals_inside

_LOADER = re.compile(r"^(ld[-.]|ld64|ld-musl)")


class MappedFile(NamedTuple):
    """A file that a process has mapped executable.

    Attributes:
        deleted: no name leads to it any more.
        detached: it lies in no place of the mount namespace (memfd, a lazily unmounted file system).
        uid, gid, mode: of the mapped file as the kernel told them; -1 where not told.
    """

    mount_namespace: int
    device: int
    inode: int
    path: str
    deleted: bool = False
    detached: bool = False
    uid: int = -1
    gid: int = -1
    mode: int = -1


def mapped_files(pid: int) -> tuple[list[MappedFile], MemoryTraits]:
    """What a running process has mapped executable, from /proc, and what its memory is like.

    Raises:
        OSError: it ended, or is not to be looked into.
        ParseError: its map is not what proc_pid_maps(5) says.
    """
    mappings, traits = parse_executable_mappings(Path(f"/proc/{pid}/maps").read_bytes())
    read_implies_exec = parse_personality(Path(f"/proc/{pid}/personality").read_bytes())
    namespace = Path(f"/proc/{pid}/ns/mnt").stat().st_ino
    return [
        MappedFile(namespace, mapping.device, mapping.inode, mapping.path, deleted=mapping.deleted)
        for mapping in mappings
    ], traits._replace(read_implies_exec=read_implies_exec)


class _Known(msgspec.Struct):
    file: MappedFile
    first_seen: float
    last_seen: float
    kind: ModuleKind
    processes: dict[ProcessKey, None]
    root_processes: dict[ProcessKey, None]
    way: tuple[str, ...] = ()
    foreign: str = ""
    deleted: bool = False
    changed: bool = True
    told: bool = False


class ModuleBook:
    """All modules of the run.

    Args:
        emit: where Module records go.
        walker: looks at the ways to modules of root processes; None if nobody asks for them.
        scan: reads modules that its own walk may not come by; None if nobody asks for it.
    """

    def __init__(self, emit: Emit, walker: PathWalker | None, scan: FileScanSensor | None) -> None:
        self._emit = emit
        self._walker = walker
        self._searcher = LibrarySearcher(emit, walker) if walker is not None else None
        self._scan = scan
        self._foreign = ForeignDevices()
        self._namespaces = MountNamespaces()
        self._known: dict[tuple[int, int, int, str], _Known] = {}
        self._hosts: dict[MappedFile, MappedFile] = {}
        self._peopled: set[int] = set()

    def add(self, file: MappedFile, process: ProcessKey, *, root: bool, executable: bool, now: float) -> None:
        """Note that a process has the file mapped.

        Args:
            file: which.
            process: whose; Javert's own process is left out.
            root: the process is one of root.
            executable: the file is the program that the process runs.
            now: seconds since the epoch.
        """
        if process.pid == os.getpid():
            return
        file = self._hosts.get(file) or self._as_hosts(file, process.pid)
        identity = (file.mount_namespace, file.device, file.inode, file.path)
        known = self._known.get(identity)
        if known is None:
            known = self._known[identity] = _Known(file, now, now, _kind(file.path, executable), {}, {})
            # A stat or open on a server that is gone would stop the run: only the walk, which knows, looks there.
            known.foreign = self._foreign.kind(file.device, process.pid)
            self._read(known, process.pid)
        known.last_seen = now
        if executable and known.kind is ModuleKind.SHARED_OBJECT:
            known.kind = ModuleKind.EXECUTABLE
        if process not in known.processes:
            known.processes[process] = None
            known.changed = True
        if root and process not in known.root_processes:
            if not known.way:
                self._walk(known, process.pid)
            known.root_processes[process] = None
            if executable:
                self._ask_environment(known, process.pid)
            known.changed = True

    def mapped_at_start(self, program: tuple[int, int], files: Iterable[MappedFile], pid: int) -> set[MappedFile]:
        """Which of a process's files the dynamic loader mapped before the program's first instruction.

        These are the program, its ELF interpreter, and what they need, and so on (DT_NEEDED). What the program
        opens itself (dlopen(3)) is not among them.

        Args:
            program: device and inode of the program.
            files: all that the process has mapped.
            pid: of the process, which may be gone.
        """
        asked: dict[MappedFile, Dependencies] = {}
        for file in files:
            root = self._root(file, pid)
            if root is not None and self._searcher is not None and not self._foreign.kind(file.device, pid):
                read = self._searcher.dependencies(mount_namespace=file.mount_namespace, root=root, path=file.path)
                asked[file] = read or Dependencies()
        found = {file for file in asked if (file.device, file.inode) == program or _LOADER.match(_name(file.path))}
        waiting = list(found)
        while waiting:
            needed = {name.rpartition("/")[2] for name in asked[waiting.pop()].needed}
            new = {file for file, of in asked.items() if (of.name or _name(file.path)) in needed} - found
            found |= new
            waiting.extend(new)
        return found

    def still_there(self, file: MappedFile, now: float) -> None:
        """Note that a file that ``add`` knows is still mapped."""
        file = self._hosts.get(file, file)
        known = self._known.get((file.mount_namespace, file.device, file.inode, file.path))
        if known is not None:
            known.last_seen = now

    def flush(self, *, everything: bool = False) -> None:
        """Emit modules not told before; with ``everything`` all, with every process that has them by now."""
        for known in self._known.values():
            if everything or (known.changed and not known.told):
                self._tell(known)

    def _tell(self, known: _Known) -> None:
        known.changed = False
        known.told = True
        file = known.file
        self._emit(
            Module(
                path=file.path,
                device=file.device,
                inode=file.inode,
                mount_namespace=file.mount_namespace,
                kind=known.kind,
                processes=tuple(known.processes),
                root_processes=tuple(known.root_processes),
                way=known.way,
                deleted=known.deleted or file.deleted,
                mapped_uid=file.uid,
                mapped_gid=file.gid,
                mapped_mode=file.mode,
                first_seen=known.first_seen,
                last_seen=known.last_seen,
            )
        )

    def _walk(self, known: _Known, pid: int) -> None:
        """Look at the way to a module of a root process, in that process's mount namespace."""
        known.changed, known.told = True, False
        file = known.file
        if self._walker is None or self._searcher is None:
            return
        root = self._root(file, pid)
        if root is None:
            return  # the namespace is gone with its last process: the rule tells of a module without a way
        self._tell_principals(file.mount_namespace, root)
        known.way = self._walker.walk(mount_namespace=file.mount_namespace, root=root, path=file.path)
        known.deleted = not file.deleted and not known.foreign and not _is_at(root, file)
        if self._walker.leads_to_file(mount_namespace=file.mount_namespace, way=known.way):
            self._searcher.look_at(mount_namespace=file.mount_namespace, root=root, path=file.path)

    def _ask_environment(self, known: _Known, pid: int) -> None:
        """Look where the environment of a root process has the dynamic loader look."""
        file = known.file
        root = self._root(file, pid) if known.way else None
        if self._searcher is not None and root is not None:
            self._searcher.look_at_process(pid, mount_namespace=file.mount_namespace, root=root, path=file.path)

    def _tell_principals(self, namespace: int, root: str) -> None:
        """Tell once who the users and groups of a mount namespace are; Javert's own are the host's."""
        if root != "/" and namespace not in self._peopled:
            self._peopled.add(namespace)
            if (inside := principals_inside(namespace, root)) is not None:
                self._emit(inside)

    def _read(self, known: _Known, pid: int) -> None:
        """Have the file's headers read, where the file scan may not come by."""
        file = known.file
        if self._scan is None:
            return
        if known.foreign:
            self._emit(
                Limitation(
                    code="mapped-file-foreign",
                    rules=(RuleId.SOFTWARE_WITHOUT_DEP,),
                    scope=file.path,
                    params={"file_system": known.foreign},
                )
            )
            return
        root = self._root(file, pid)
        place = "" if root is None else f"{root}{file.path}" if root != "/" else file.path
        self._scan.look_at(place, file.device, file.inode, file.path, pid)

    def _root(self, file: MappedFile, pid: int) -> str | None:
        """A directory that is the root of the file's mount namespace; None if no process leads there any more."""
        if file.detached:
            return None
        if file.mount_namespace == self._namespaces.own:
            return "/"
        candidates = self._namespaces.roots(file.mount_namespace, pid)
        if self._foreign.kind(file.device, pid):
            return candidates[0] if candidates else None
        # A process may have changed its root: paths are told from the namespace's, so the file must be there.
        fitting = next((root for root in candidates if _is_at(root, file)), None)
        # If it was removed since, the namespace's own root tells who could do that.
        return fitting or self._namespaces.whole_root(file.mount_namespace, pid)

    def _as_hosts(self, file: MappedFile, pid: int) -> MappedFile:
        """The file, and if there is no way to it but Javert's own namespace has it, as the one that it has there.

        So it is with what a process mapped before it left the host's root for a container's (pivot_root(2)), and
        with a namespace that went with its last process, say a service of a moment.
        """
        found = file
        if file.mount_namespace != self._namespaces.own and not self._foreign.kind(file.device, pid):
            gone = file.detached or not self._namespaces.roots(file.mount_namespace, pid)
            if gone and _is_hosts(file):
                found = file._replace(mount_namespace=self._namespaces.own, detached=False)
        self._hosts[file] = found
        return found


def _is_at(root: str, file: MappedFile) -> bool:
    try:
        status = os.stat(f"{root}/{file.path}")
    except OSError:
        return False
    return status.st_ino == file.inode


def _is_hosts(file: MappedFile) -> bool:
    """Whether Javert's own mount namespace has the very file at the path."""
    try:
        status = os.stat(file.path)
    except OSError:
        return False
    return (status.st_dev, status.st_ino) == (file.device, file.inode)


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _kind(path: str, executable: bool) -> ModuleKind:
    if executable:
        return ModuleKind.EXECUTABLE
    if _LOADER.match(_name(path)):
        return ModuleKind.INTERPRETER
    return ModuleKind.SHARED_OBJECT
