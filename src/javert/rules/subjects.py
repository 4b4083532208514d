"""Who there is besides root: as many kinds of users as files and directories can tell apart, and no more."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from javert.model.telemetry import PathNode, Principals
from javert.rules.modifiability import Subject

_OTHERS = Subject()
"""A user whom nothing names and who is in no group that matters. There may always be one."""


class Population:
    """The users and groups of a host, asked for those that matter to some files.

    A group without members counts for nobody, unless a process holds it: services are given groups that no group
    file knows of.
    """

    def __init__(self, principals: Principals) -> None:
        """The population of a host as its name service and its processes tell it."""
        self._users = principals.users
        self._group_names = {group.gid: group.name for group in principals.groups}
        self._members = {group.gid: group.members for group in principals.groups}
        self._running = principals.running
        self._given = principals.given_by_programs
        self._groups_of: dict[str, set[int]] = defaultdict(set)
        for group in principals.groups:
            for member in group.members:
                self._groups_of[member].add(group.gid)
        self._roots = {name for uid, name in principals.users.items() if uid == 0}
        self._known: dict[tuple[frozenset[int], frozenset[int]], tuple[Subject, ...]] = {}

    def user(self, uid: int) -> str:
        """The principal as findings write it: "user:app", or "user:1000" if the number has no name."""
        return f"user:{self._users.get(uid) or uid}"

    def group(self, gid: int) -> str:
        """The principal as findings write it: "group:staff", or "group:50" if the number has no name."""
        return f"group:{self._group_names.get(gid) or gid}"

    def programs(self, gid: int) -> tuple[str, ...]:
        """The set-group-ID programs that give the group to whoever runs them."""
        return self._given.get(gid, ())

    def subjects(self, nodes: Iterable[PathNode]) -> tuple[Subject, ...]:
        """Everybody other than root whom the kernel could treat differently on the way along ``nodes``."""
        uids, gids = set[int](), set[int]()
        for node in nodes:
            uids.update({node.uid, *(entry.id for entry in node.acl if entry.tag == "user")})
            gids.update({node.gid, *(entry.id for entry in node.acl if entry.tag == "group")})
        key = frozenset(uids - {0, -1}), frozenset(gids - {-1})
        if key not in self._known:
            self._known[key] = tuple(dict.fromkeys((*self._named(*key), *self._grouped(*key), _OTHERS)))
        return self._known[key]

    def _named(self, uids: frozenset[int], gids: frozenset[int]) -> Iterator[Subject]:
        """Users whom an owner or an access control list names: as they log in, and as they run."""
        for uid in sorted(uids):
            name = self._users.get(uid, "")
            yield Subject(uid=uid, gids=gids & self._groups_of.get(name, set()))
        for credentials in self._running:
            if credentials.uid in uids:
                yield Subject(uid=credentials.uid, gids=gids.intersection(credentials.gids))

    def _grouped(self, uids: frozenset[int], gids: frozenset[int]) -> Iterator[Subject]:
        """Other users, one subject for each set of groups that some of them share."""
        named = {self._users[uid] for uid in uids if uid in self._users}
        members = {name for gid in gids for name in self._members.get(gid, ())} - named - self._roots
        users: dict[frozenset[int], set[str]] = defaultdict(set)
        for name in members:
            users[gids & self._groups_of[name]].add(f"user:{name}")
        for credentials in self._running:
            held = gids.intersection(credentials.gids)
            if credentials.uid not in uids and held:
                users[held].add(self.user(credentials.uid))
        for gid in sorted(gids & self._given.keys()):
            users.setdefault(frozenset({gid}), set())
        for groups, names in sorted(users.items(), key=lambda item: sorted(item[0])):
            yield Subject(gids=groups, names=tuple(sorted(names)))
