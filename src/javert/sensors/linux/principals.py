"""The users and groups who could act on this host: those it knows by name, and those that run now."""

import grp
import os
import pwd
import re
import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from javert.errors import ParseError
from javert.formats.accounts import parse_group, parse_passwd
from javert.formats.proc_status import ProcessIds, parse_ids
from javert.model.rule_id import RuleId
from javert.model.telemetry import Credentials, Group, Limitation, Principals
from javert.sensors.interface import Emit
from javert.sensors.linux.permissions import PathWalker
from javert.sensors.linux.privileged_programs import PrivilegedPrograms

_NSSWITCH = Path("/etc/nsswitch.conf")
_ENUMERABLE = frozenset({"files", "compat", "systemd", "db", "altfiles", "extrausers", "mymachines", "nis"})
"""Name services that list everybody; directory services (sss, ldap, winbind) answer single questions only."""
_MAX_ACCOUNTS = 16 * 1024 * 1024
_ACTION = re.compile(r"\[[^]]*]")  # [NOTFOUND=return], nsswitch.conf(5)


def tell_principals(emit: Emit, walker: PathWalker) -> None:
    """Emit who there is, with all whom the ways of a run name, and what is unknown of them.

    Args:
        emit: takes the records.
        walker: has looked at the ways.
    """
    programs = PrivilegedPrograms(everywhere=bool(walker.writing_gids - {0}))
    emit(principals(uids=walker.uids, gids=walker.gids, given=programs.groups))
    for limit in (*programs.limits(), enumeration_limit()):
        if limit is not None:
            emit(limit)


def principals(
    *, uids: Iterable[int] = (), gids: Iterable[int] = (), given: Mapping[int, tuple[str, ...]] | None = None
) -> Principals:
    """Users and groups as the name service tells them, and what running processes not of root hold.

    Args:
        uids: owners that matter, asked for one by one because a directory service does not list everybody.
        gids: the same for groups.
        given: by gid, the set-group-ID programs that give a group to whoever runs them.
    """
    accounts = pwd.getpwall()
    known = {account.pw_uid for account in accounts}
    for uid in set(uids) - known:
        with suppress(KeyError):  # an id without a name is no fault: reports show the number
            accounts.append(pwd.getpwuid(uid))
    entries = grp.getgrall()
    for gid in set(gids) - {entry.gr_gid for entry in entries}:
        with suppress(KeyError):
            entries.append(grp.getgrgid(gid))
    users: dict[int, str] = {}
    for account in accounts:
        users.setdefault(account.pw_uid, account.pw_name)
    members = [
        *((entry.gr_gid, entry.gr_name, tuple(entry.gr_mem)) for entry in entries),
        *((account.pw_gid, "", (account.pw_name,)) for account in accounts),
    ]
    roots = {account.pw_name for account in accounts if account.pw_uid == 0} | {"root"}
    return Principals(
        users=users, groups=_groups(members, roots), running=_running(), given_by_programs=dict(given or {})
    )


def principals_inside(mount_namespace: int, root: str) -> Principals | None:
    """Users and groups as the files of another mount namespace tell them.

    None if it has no such files, or the host's own: a service may have a mount namespace of its own, and its users
    are still the host's.

    Args:
        mount_namespace: its inode number.
        root: its root directory as seen from here, "/proc/PID/root".
    """
    passwd, group = _read_inside(root, "passwd"), _read_inside(root, "group")
    if passwd is None or group is None or _same_file(f"{root}/etc/passwd", "/etc/passwd"):
        return None
    accounts = parse_passwd(passwd)
    users: dict[int, str] = {}
    for account in accounts:
        users.setdefault(account.uid, account.name)
    members = [
        *((entry.gid, entry.name, entry.members) for entry in parse_group(group)),
        *((account.gid, "", (account.name,)) for account in accounts),
    ]
    roots = {account.name for account in accounts if account.uid == 0} | {"root"}
    return Principals(mount_namespace=mount_namespace, users=users, groups=_groups(members, roots))


def _same_file(path: str, other: str) -> bool:
    try:
        return Path(path).samefile(other)
    except OSError:
        return False


def _read_inside(root: str, name: str) -> bytes | None:
    """A file in /etc of another file tree; no link is followed, for it could lead out to the host's files."""
    try:
        directory = os.open(f"{root}/etc", os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            with os.fdopen(os.open(name, flags, dir_fd=directory), "rb") as stream:
                return stream.read(_MAX_ACCOUNTS) if stat.S_ISREG(os.fstat(stream.fileno()).st_mode) else None
        finally:
            os.close(directory)
    except OSError:
        return None  # there is none, or it is not ours to read: reports show the host's names, as they say


def enumeration_limit() -> Limitation | None:
    """What is unknown of groups when users come from a directory service; None when the host lists them all."""
    try:
        text = _NSSWITCH.read_text("utf-8", "replace")
    except OSError:
        return None  # without the file the C library reads /etc/passwd and /etc/group
    sources = sorted(set(_sources(text)) - _ENUMERABLE)
    if not sources:
        return None
    return Limitation(
        code="root-modules-directory-service",
        rules=(RuleId.ROOT_PROCESS_INSECURE_PERMISSIONS,),
        params={"sources": ", ".join(sources)},
    )


def _sources(nsswitch: str) -> Iterator[str]:
    for line in nsswitch.splitlines():
        database, colon, value = line.partition("#")[0].partition(":")
        if colon and database.strip() in ("passwd", "group", "initgroups"):
            yield from _ACTION.sub(" ", value).split()


def _groups(entries: Iterable[tuple[int, str, tuple[str, ...]]], roots: set[str]) -> tuple[Group, ...]:
    """Puts together what is known of each group: its id, its name once it is known, and members besides root."""
    names: dict[int, str] = {}
    members: dict[int, set[str]] = defaultdict(set)
    for gid, name, users in entries:
        names.setdefault(gid, name)
        members[gid].update(users)
    return tuple(
        Group(gid=gid, name=name, members=tuple(sorted(members[gid] - roots)))
        for gid, name in sorted(names.items())
    )


def _running() -> tuple[Credentials, ...]:
    names: dict[tuple[int, tuple[int, ...]], set[str]] = defaultdict(set)
    for ids in _processes():
        if 0 not in ids.uids:
            names[ids.uids[1], tuple(sorted({*ids.gids, *ids.groups}))].add(ids.name)
    return tuple(
        Credentials(uid=uid, gids=gids, names=tuple(sorted(held))) for (uid, gids), held in sorted(names.items())
    )


def _processes() -> Iterator[ProcessIds]:
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            # An error says that it ended meanwhile.
            with suppress(OSError, ParseError), open(f"{entry.path}/status", "rb", buffering=0) as stream:
                yield parse_ids(stream.readall())
