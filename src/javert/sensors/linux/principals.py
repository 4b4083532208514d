"""The users and groups who could act on this host: those it knows by name, and those that run now."""

import grp
import os
import pwd
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from javert.errors import ParseError
from javert.formats.proc_status import ProcessIds, parse_ids
from javert.model.rule_id import RuleId
from javert.model.telemetry import Credentials, Group, Limitation, Principals

_NSSWITCH = Path("/etc/nsswitch.conf")
_ENUMERABLE = frozenset({"files", "compat", "systemd", "db", "altfiles", "extrausers", "mymachines", "nis"})
"""Name services that list everybody; directory services (sss, ldap, winbind) answer single questions only."""
_ACTION = re.compile(r"\[[^]]*]")  # [NOTFOUND=return], nsswitch.conf(5)


def principals(*, uids: Iterable[int] = (), gids: Iterable[int] = ()) -> Principals:
    """Users and groups as the name service tells them, and what running processes not of root hold.

    Args:
        uids: owners that matter, asked for one by one because a directory service does not list everybody.
        gids: the same for groups.
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
    return Principals(users=users, groups=_groups(accounts, entries), running=_running())


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


def _groups(accounts: Iterable[pwd.struct_passwd], entries: Iterable[grp.struct_group]) -> tuple[Group, ...]:
    roots = {account.pw_name for account in accounts if account.pw_uid == 0} | {"root"}
    names: dict[int, str] = {}
    members: dict[int, set[str]] = defaultdict(set)
    for entry in entries:
        names.setdefault(entry.gr_gid, entry.gr_name)
        members[entry.gr_gid].update(entry.gr_mem)
    for account in accounts:
        names.setdefault(account.pw_gid, "")
        members[account.pw_gid].add(account.pw_name)
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
            with suppress(OSError, ParseError):  # it ended meanwhile
                yield parse_ids(Path(entry.path, "status").read_bytes())
