"""Records of what processes have loaded, and of the ways by which somebody could change it."""

from enum import StrEnum

import msgspec

from javert.model.telemetry.record import ProcessKey, Record


class AclEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a POSIX access control list, acl(5).

    Attributes:
        tag: "user", "group", "mask", "user-owner", "group-owner" or "other".
        id: uid or gid for "user" and "group"; -1 otherwise.
        permissions: bits 4 read, 2 write, 1 execute.
    """

    tag: str
    id: int = -1
    permissions: int = 0


class PathNode(Record, frozen=True, kw_only=True):
    """One file, directory or symbolic link on the way to a module, in one mount namespace.

    Attributes:
        path: absolute, in that mount namespace, not resolved.
        kind: "file", "directory", "symlink" or "missing".
        mode: permission bits with set-id and sticky (``st_mode & 07777``).
        acl: access ACL; empty if it has none beyond the mode.
        immutable: has the immutable attribute. append_only: has the append-only attribute (chattr(1)).
        read_only: its file system is mounted read-only, here and wherever else the host has it mounted.
        mount_point: something is mounted here, so it cannot be renamed or removed in this namespace.
        file_system: type name where permissions mean something else ("nfs", "fuse.sshfs" …); "" otherwise.
        resolves_to: for a symbolic link, its target as stored.
    """

    mount_namespace: int
    path: str
    kind: str
    uid: int = -1
    gid: int = -1
    mode: int = 0
    acl: tuple[AclEntry, ...] = ()
    immutable: bool = False
    append_only: bool = False
    read_only: bool = False
    mount_point: bool = False
    file_system: str = ""
    resolves_to: str = ""


class ModuleKind(StrEnum):
    """How a module came into a process."""

    EXECUTABLE = "executable"
    SHARED_OBJECT = "shared-object"
    INTERPRETER = "interpreter"
    SCRIPT = "script"


class Module(Record, frozen=True, kw_only=True):
    """A file mapped executable by processes of this host at any moment of the run.

    Attributes:
        path: in the processes' mount namespace.
        device, inode: identity of the mapped file.
        processes: every process seen with it (cumulative).
        root_processes: those of them that were root's when they were seen with it.
        way: paths of the ``PathNode`` records from the root to the file, symbolic links included; empty if it
            was not looked at (no root process has it) or could not be.
        deleted: the mapped file is no longer at its path (removed or replaced).
        mapped_uid, mapped_gid, mapped_mode: owner and mode of the mapped file itself as the kernel told them;
            -1 where not known.
    """

    path: str
    device: int
    inode: int
    mount_namespace: int
    kind: ModuleKind = ModuleKind.SHARED_OBJECT
    processes: tuple[ProcessKey, ...] = ()
    root_processes: tuple[ProcessKey, ...] = ()
    way: tuple[str, ...] = ()
    deleted: bool = False
    mapped_uid: int = -1
    mapped_gid: int = -1
    mapped_mode: int = -1
    first_seen: float = 0.0
    last_seen: float = 0.0


class SearchedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that the dynamic loader, or an interpreter, looks for before, or to learn, where the others are.

    Attributes:
        path: as the loader asks the kernel for it; it need not exist.
        by: what makes it look there: "runpath", "rpath", "needed" (an absolute name), "interpreter" (PT_INTERP),
            "preload" (/etc/ld.so.preload), "cache" (/etc/ld.so.cache), "ld-preload", "ld-audit" or
            "ld-library-path" (variables of a process), "python-path" (the directory of a script of Python, in which
            modules are found before all others; the name in ``path`` stands for any).
        way: as in ``Module``.
    """

    path: str
    by: str
    way: tuple[str, ...] = ()


class LibrarySearch(Record, frozen=True, kw_only=True):
    """Where more is looked for on behalf of a module of root's, besides the system's own directories.

    Attributes:
        path: of the module; joins with ``Module`` in the same mount namespace.
    """

    mount_namespace: int
    path: str
    files: tuple[SearchedFile, ...]
