"""Owner, mode and access control list of a file and of everything on the way to it.

A path is resolved by hand, one component after another, as path_resolution(7) describes it, but within the root
directory of the process that used it: a link of a container leads to the container's files and never out to the
host's. Nothing is opened for reading: ``O_PATH`` neither runs drivers nor changes times.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from javert.errors import JavertError, ParseError, SensorError
from javert.formats import posix_acl
from javert.model.rule_id import RuleId
from javert.model.telemetry import AclEntry, Limitation, PathNode
from javert.sensors.interface import Emit, nowhere
from javert.sensors.linux.mount_table import MountTable, foreign
from javert.sensors.linux.statx import Status, statx

_MAX_LINKS = 40  # MAXSYMLINKS of include/linux/namei.h
_PATH_ONLY = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_ACL = frozenset({errno.ENODATA, errno.EOPNOTSUPP})
_RULES = (RuleId.ROOT_PROCESS_INSECURE_PERMISSIONS,)


class PathWalker:
    """Looks at the ways to files, each file, directory and link once for every mount namespace.

    Attributes:
        uids, gids: every owner, group and ACL entry that was met, for ``javert.sensors.linux.principals``.
        writing_gids: those of them that were met where they may write.
    """

    def __init__(self, emit: Emit = nowhere) -> None:
        """A walker that has seen nothing yet.

        Args:
            emit: takes each ``PathNode`` once, and a ``Limitation`` for what could not be looked at.
        """
        self.uids: set[int] = set()
        self.gids: set[int] = set()
        self.writing_gids: set[int] = set()
        self._emit = emit
        self._ways: dict[tuple[int, str, str], tuple[str, ...]] = {}
        self._nodes: dict[tuple[int, str], PathNode] = {}
        self._told: set[tuple[int, str]] = set()
        self._mounts: dict[tuple[int, bool], MountTable] = {}
        self._limits: set[tuple[str, str]] = set()

    def emit_to(self, emit: Emit) -> None:
        """Emit records there from now on; every sensor that shares the walker says so when it starts."""
        self._emit = emit

    def walk(
        self, *, mount_namespace: int, root: str, path: str, within: str = "/", guess: bool = False
    ) -> tuple[str, ...]:
        """The way from the root directory to a file.

        Args:
            mount_namespace: its inode number, as in ``/proc/PID/ns/mnt``.
            root: a directory that is the root of that namespace as seen from here: "/" for Javert's own,
                "/proc/PID/root" of a process that did not change its root directory for another.
            path: an absolute path inside it; links in it are followed.
            within: the root directory of the process there, with which ``path`` begins; no link leads out of it.
            guess: ``path`` may be anything, a secret too, and is forgotten unless it leads to a file.

        Returns:
            The paths of the ``PathNode`` records, in the order in which the kernel comes by them. None of them has
            a link before its last component, so that the directory of each is among them. The last is the file,
            or the first component that is missing, or that lies on a file system whose permissions mean something
            else. Empty if the way could not be looked at; a ``Limitation`` then says why. Empty also for a guess
            that leads to no file; one that leads to a foreign file system is none, for there nobody is asked.
        """
        known = self._ways.get((mount_namespace, path, within))
        if known is not None:
            return known
        try:
            descriptor = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            self._limit("root-modules-root-unreadable", root, root=root, reason=_reason(error))
            return ()
        try:
            key = mount_namespace, root == "/"  # a namespace that is gone may be looked at through Javert's own
            mounts = self._mounts.get(key) or MountTable(root)
            self._mounts[key] = mounts
            mounts.seen_from(root)
            nodes = tuple(dict.fromkeys(self._follow(mount_namespace, descriptor, mounts, path, within)))
        except (OSError, SensorError) as error:
            if not guess:
                self._limit("root-modules-way-unreadable", path, path=path, reason=_reason(error))
            return ()
        finally:
            os.close(descriptor)
        if guess and not (nodes[-1].file_system or nodes[-1].kind == "file"):
            return ()
        for node in nodes:
            self._tell(node)
        way = self._ways[mount_namespace, path, within] = tuple(node.path for node in nodes)
        return way

    def leads_to_file(self, *, mount_namespace: int, way: tuple[str, ...]) -> bool:
        """Whether a way that ``walk`` gave ends at a file, and not where something is missing or foreign."""
        return bool(way) and self._nodes[mount_namespace, way[-1]].kind == "file"

    def leads_nowhere(self, *, mount_namespace: int, way: tuple[str, ...]) -> bool:
        """Whether a way that ``walk`` gave ends where something is missing."""
        return bool(way) and self._nodes[mount_namespace, way[-1]].kind == "missing"

    def directory(self, *, mount_namespace: int, way: tuple[str, ...]) -> str:
        """The directory to which a way of ``walk`` leads, no link in it; "" if it is none, or a foreign one."""
        node = self._nodes[mount_namespace, way[-1]] if way else None
        return node.path if node is not None and node.kind == "directory" and not node.file_system else ""

    def _follow(self, namespace: int, root: int, mounts: MountTable, path: str, within: str) -> Iterator[PathNode]:
        """Yields the nodes; ``directory`` has no link in it at any time."""
        directory, links = "/", 0
        pending = path.split("/")[::-1]
        yield self._look(namespace, root, mounts, directory)
        while pending:
            name = pending.pop()
            if name in ("", "."):
                continue
            if name == "..":
                directory = within if directory == within else directory.rpartition("/")[0] or "/"
                continue
            node = self._look(namespace, root, mounts, f"{directory.rstrip('/')}/{name}")
            yield node
            if node.kind == "symlink":
                links += 1
                if links > _MAX_LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
                if node.resolves_to.startswith("/"):
                    directory = within
                pending.extend(node.resolves_to.split("/")[::-1])
            elif node.kind == "directory" and not node.file_system:
                directory = node.path
            else:
                return

    def _look(self, namespace: int, root: int, mounts: MountTable, path: str) -> PathNode:
        node = self._nodes.get((namespace, path))
        if node is None:
            node = self._nodes[namespace, path] = self._node(namespace, root, mounts, path)
        return node

    def _tell(self, node: PathNode) -> None:
        if (node.mount_namespace, node.path) in self._told:
            return
        self._told.add((node.mount_namespace, node.path))
        self.uids.update({node.uid, *(entry.id for entry in node.acl if entry.tag == "user")} - {-1})
        gids = {node.gid, *(entry.id for entry in node.acl if entry.tag == "group")} - {-1}
        self.gids.update(gids)
        if node.kind != "symlink" and node.mode & stat.S_IWGRP:  # with a list these bits are its mask
            self.writing_gids.update(gids)
        self._emit(node)

    def _node(self, namespace: int, root: int, mounts: MountTable, path: str) -> PathNode:
        if kind := mounts.foreign_at(path):  # not even looked up: a server that is gone would stop the run
            return PathNode(
                mount_namespace=namespace, path=path, kind="directory", mount_point=True, file_system=kind
            )
        with _descended(root, path) as found:
            if found is None:
                return PathNode(mount_namespace=namespace, path=path, kind="missing")
            return self._describe(namespace, mounts, path, *found)

    def _describe(self, namespace: int, mounts: MountTable, path: str, parent: int, descriptor: int) -> PathNode:
        status = statx(descriptor)
        mount_id = _mount_id(descriptor)
        mount = mounts.mount(mount_id)
        if mount is None:
            self._limit("root-modules-mount-unknown", path, path=path)
        kind, target = _kind(status), ""
        if kind == "symlink":
            target = os.readlink("", dir_fd=descriptor)
            if mount is not None and mount.file_system == "proc":
                raise SensorError(f"{path} is a link of the kernel's, which leads elsewhere for every process")
        return PathNode(
            mount_namespace=namespace,
            path=path,
            kind=kind,
            uid=status.uid,
            gid=status.gid,
            mode=stat.S_IMODE(status.mode),
            acl=() if kind == "symlink" else self._acl(descriptor, path),
            immutable=status.immutable,
            append_only=status.append_only,
            read_only=mount is not None and mount.read_only and not mounts.writable_elsewhere(mount, path),
            mount_point=path != "/" and mount_id != _mount_id(parent),
            file_system=foreign(mount) if mount is not None else "",
            resolves_to=target,
        )

    def _acl(self, descriptor: int, path: str) -> tuple[AclEntry, ...]:
        try:
            # Extended attributes cannot be read from an O_PATH descriptor itself, but through its name in /proc.
            return posix_acl.parse(os.getxattr(f"/proc/self/fd/{descriptor}", posix_acl.XATTR_NAME))
        except (OSError, ParseError) as error:
            if not isinstance(error, OSError) or error.errno not in _NO_ACL:
                self._limit("root-modules-acl-unreadable", path, path=path, reason=_reason(error))
        return ()

    def _limit(self, code: str, scope: str, **params: str) -> None:
        if (code, scope) not in self._limits:
            self._limits.add((code, scope))
            self._emit(Limitation(code=code, rules=_RULES, scope=scope, params=params))


@contextmanager
def _descended(root: int, path: str) -> Iterator[tuple[int, int] | None]:
    """Opens the directory of ``path`` and what is there itself, following no link; None if it is missing."""
    parent = descriptor = os.dup(root)
    try:
        for name in filter(None, path.split("/")):
            opened = os.open(name, _PATH_ONLY, dir_fd=descriptor)
            if parent != descriptor:
                os.close(parent)
            parent, descriptor = descriptor, opened
        found = (parent, descriptor)
    except (FileNotFoundError, NotADirectoryError):
        found = None
    try:
        yield found
    finally:
        os.close(descriptor)
        if parent != descriptor:
            os.close(parent)


def _reason(error: OSError | JavertError) -> str:
    return os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)


def _mount_id(descriptor: int) -> int:
    """The mount an open file is on (proc_pid_fdinfo(5)); statx tells it only since Linux 5.8."""
    for line in Path(f"/proc/self/fdinfo/{descriptor}").read_text("ascii").splitlines():
        if line.startswith("mnt_id:"):
            return int(line.removeprefix("mnt_id:"))
    raise SensorError("the kernel does not tell the mount of a file")


def _kind(status: Status) -> str:
    if stat.S_ISDIR(status.mode):
        return "directory"
    return "symlink" if stat.S_ISLNK(status.mode) else "file"
