"""Who can change what a path leads to, decided as the Linux kernel would decide.

Sources: path_resolution(7), acl(5), inode(7), and of the kernel fs/namei.c (``generic_permission``,
``acl_permission_check``, ``may_create``, ``may_delete``), fs/posix_acl.c (``posix_acl_permission``) and fs/attr.c.
A test compares every answer with what a process of that user really could do.

Somebody changes what a path leads to by writing the file, or by putting something else in the place of the file, or
of a directory or link on the way to it. For either they need search permission on every directory above. The owner
of a file or directory may change its mode first, so an owner has every permission. Only a read-only mount and the
attributes immutable and append-only stand in the way, and only root can lift those.

Out of scope is what a mode does not decide: files that somebody already holds open, other names of the same file
(hard links, bind mounts elsewhere), and processes with capabilities.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from javert.model.telemetry import AclEntry, PathNode

READ = 4
WRITE = 2
EXECUTE = 1

STICKY = 0o1000
_NOBODY = -1


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody other than root, without capabilities.

    Attributes:
        uid: -1 stands for any user whom no owner and no access control list names.
        gids: the groups that matter here.
        names: of the users meant, where ``uid`` does not tell.
    """

    uid: int = _NOBODY
    gids: frozenset[int] = frozenset()
    names: tuple[str, ...] = ()


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What gives a permission.

    Attributes:
        reason: "owner", "mode-group", "mode-other" or "acl".
        uid: that got it by name ("owner" and "acl"), -1 otherwise.
        gid: of the group that got it ("mode-group" and "acl"), -1 otherwise.
    """

    reason: str
    uid: int = _NOBODY
    gid: int = _NOBODY


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One way in which a subject changes what a path leads to.

    Attributes:
        entry: what is written, replaced or, if it is missing, created.
        place: what has to be protected to prevent it: the file itself, the directory that holds ``entry``, or in a
            sticky directory an ``entry`` that belongs to the subject.
        grant: what gives the subject the right there.
        needed: this and what lets the subject through to it.
    """

    entry: str
    place: str
    grant: Grant
    needed: frozenset[Grant]


def granted(node: PathNode, subject: Subject, want: int) -> Grant | None:
    """What gives the subject all permissions in ``want`` on a file or directory as it is now; None if nothing does.

    Only one class of bits counts, even if a later one would give more, as in ``acl_permission_check``.

    Args:
        node: the file or directory, which the subject is taken to reach.
        subject: who asks.
        want: READ, WRITE and EXECUTE added up; for a directory EXECUTE means to search it.
    """
    if _owns(subject, node):
        return Grant(reason="owner", uid=node.uid) if _allows(node.mode >> 6, want) else None
    if node.acl and node.mode & 0o070:  # without group bits the kernel does not look at the list
        return _granted_by_list(node, subject, want)
    if node.gid in subject.gids:
        return Grant(reason="mode-group", gid=node.gid) if _allows(node.mode >> 3, want) else None
    return Grant(reason="mode-other") if _allows(node.mode, want) else None


def obtainable(node: PathNode, subject: Subject, want: int) -> Grant | None:
    """As ``granted``, after the subject has changed the mode if it is allowed to."""
    if _owns(subject, node) and not (node.read_only or node.immutable or node.append_only):
        return Grant(reason="owner", uid=node.uid)
    return granted(node, subject, want)


def changes(nodes: Sequence[PathNode], subject: Subject) -> Iterator[Change]:
    """Every way in which the subject can change what a path leads to.

    Args:
        nodes: the way to the file as ``javert.sensors.linux.permissions`` gives it: with the directory of each.
        subject: who tries.
    """
    directories = {node.path: node for node in nodes if node.kind == "directory"}
    reach = {"/": frozenset[Grant]()}
    for node in sorted(nodes, key=lambda node: node.path.count("/") if node.path != "/" else 0):
        parent = directories.get(_parent(node.path))
        if node.path != "/":
            above = _through(parent, reach, subject)
            if parent is None or above is None:
                continue
            reach[node.path] = above
            yield from _replaced(node, parent, reach[parent.path], subject)
        if node.kind == "file" and not (node.read_only or node.immutable or node.file_system):
            grant = obtainable(node, subject, WRITE)
            if grant is not None:
                yield _change(node.path, node.path, grant, reach[node.path])


def _through(
    directory: PathNode | None, reach: Mapping[str, frozenset[Grant]], subject: Subject
) -> frozenset[Grant] | None:
    """What lets the subject look up names in the directory; None if it cannot."""
    if directory is None or directory.path not in reach:
        return None
    grant = obtainable(directory, subject, EXECUTE)
    return None if grant is None else reach[directory.path] | {grant}


def _replaced(node: PathNode, parent: PathNode, above: frozenset[Grant], subject: Subject) -> Iterator[Change]:
    """``may_create`` and ``may_delete``: who writes to a directory creates, renames and removes what is in it."""
    grant = obtainable(parent, subject, WRITE | EXECUTE)
    if grant is None or parent.read_only or parent.immutable:
        return
    if node.kind == "missing":
        yield _change(node.path, parent.path, grant, above)
        return
    if parent.append_only or node.immutable or node.append_only or node.mount_point:
        return
    if not parent.mode & STICKY or _owns(subject, parent):
        yield _change(node.path, parent.path, grant, above)
    elif _owns(subject, node):
        yield _change(node.path, node.path, Grant(reason="owner", uid=node.uid), above | {grant})


def _change(entry: str, place: str, grant: Grant, above: frozenset[Grant]) -> Change:
    return Change(entry=entry, place=place, grant=grant, needed=above | {grant})


def _granted_by_list(node: PathNode, subject: Subject, want: int) -> Grant | None:
    """``posix_acl_permission``: the entry that names the user decides, else the first group's that suffices."""
    mask = next((entry.permissions for entry in node.acl if entry.tag == "mask"), 0o7)
    in_a_group = False
    for entry in node.acl:
        grant = _named_by(entry, node, subject)
        if grant is None:
            continue
        if entry.tag == "user":
            return grant if _allows(entry.permissions & mask, want) else None
        in_a_group = True
        if _allows(entry.permissions, want):
            return grant if _allows(mask, want) else None
    if in_a_group:
        return None
    other = next((entry.permissions for entry in node.acl if entry.tag == "other"), 0)
    return Grant(reason="mode-other") if _allows(other, want) else None


def _named_by(entry: AclEntry, node: PathNode, subject: Subject) -> Grant | None:
    if entry.tag == "user" and entry.id == subject.uid:
        return Grant(reason="acl", uid=entry.id)
    if entry.tag == "group" and entry.id in subject.gids:
        return Grant(reason="acl", gid=entry.id)
    if entry.tag == "group-owner" and node.gid in subject.gids:
        return Grant(reason="mode-group", gid=node.gid)
    return None


def _owns(subject: Subject, node: PathNode) -> bool:
    return subject.uid == node.uid != _NOBODY


def _allows(bits: int, want: int) -> bool:
    return bits & want == want


def _parent(path: str) -> str:
    return path.rpartition("/")[0] or "/"
