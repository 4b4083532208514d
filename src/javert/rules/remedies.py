"""Who can change a module, put so that one can act on it: place, reason, principals, and the command to end it."""

import re
import shlex
from collections.abc import Sequence

import msgspec

from javert.model.attributes import Way
from javert.model.telemetry import PathNode
from javert.rules.modifiability import STICKY, WRITE, Change, Grant, Subject, changes
from javert.rules.subjects import Population

_OTHERS = "others"
_UNSAFE = re.compile(r"[^\x20-\x7e]")


def ways(nodes: Sequence[PathNode], population: Population) -> tuple[Way, ...]:
    """Every way in which anybody other than root can change what a path leads to.

    Args:
        nodes: the way to the file, as ``javert.rules.modifiability.changes`` takes it.
        population: who there is.

    Returns:
        One for each place and command that closes it, in the order of the way to the file.
    """
    by_path = {node.path: node for node in nodes}
    principals: dict[tuple[str, Grant, str], set[str]] = {}
    for subject in population.subjects(nodes):
        for change in changes(nodes, subject):
            fix = _fix(by_path[change.place], by_path[change.entry], change.grant, population)
            named = principals.setdefault((change.place, change.grant, fix), set())
            named.update(_principals(change, subject, population))
    found = [
        Way(
            path=place,
            reason=_reason(by_path[place], grant),
            principals=(_OTHERS,) if _OTHERS in names else tuple(sorted(names)),
            fix=fix,
            programs=population.programs(grant.gid) or msgspec.UNSET,
        )
        for (place, grant, fix), names in principals.items()
    ]
    position = {node.path: index for index, node in enumerate(nodes)}
    return tuple(sorted(found, key=lambda way: (position[way.path], way.fix)))


def _principals(change: Change, subject: Subject, population: Population) -> tuple[str, ...]:
    """Who the subject is, named by what it needs for the change: nothing, a group, or to be itself."""
    if any(grant.uid != -1 for grant in change.needed):
        return (population.user(subject.uid),)
    gids = {grant.gid for grant in change.needed if grant.gid != -1}
    if not gids:
        return (_OTHERS,)
    if len(gids) == 1:
        return (population.group(gids.pop()),)
    return subject.names or (population.user(subject.uid),)


def _reason(node: PathNode, grant: Grant) -> str:
    return node.kind if node.kind in ("directory", "symlink") else grant.reason


def _fix(node: PathNode, entry: PathNode, grant: Grant, population: Population) -> str:
    """One command for root's shell. ``-n`` keeps setfacl from widening the mask, and with it other entries.

    Where everybody may make files of his own (/tmp) there is none: to look for files there is the fault.
    """
    if entry.kind == "missing" and node.mode & STICKY and grant.reason != "owner":
        return ""
    path = shell_word(node.path)
    if grant.reason == "owner":
        return f"chown -h root {path}" if node.kind == "symlink" else f"chown root {path}"
    if grant.reason == "mode-other":
        return f"chmod o-w {path}"
    if grant.reason == "mode-group" and not node.acl:
        return f"chmod g-w {path}"
    return f"setfacl -n -m {_acl_entry(node, grant, population)} {path}"


def _acl_entry(node: PathNode, grant: Grant, population: Population) -> str:
    if grant.uid != -1:
        tag, identifier, who = "user", grant.uid, f"u:{_bare(population.user(grant.uid))}"
    elif grant.reason == "acl":
        tag, identifier, who = "group", grant.gid, f"g:{_bare(population.group(grant.gid))}"
    else:
        tag, identifier, who = "group-owner", -1, "g:"
    held = next(entry.permissions for entry in node.acl if (entry.tag, entry.id) == (tag, identifier))
    kept = held & ~WRITE
    return f"{who}:{'r' if kept & 4 else '-'}-{'x' if kept & 1 else '-'}"


def _bare(principal: str) -> str:
    return shell_word(principal.partition(":")[2])


def shell_word(text: str) -> str:
    r"""``text`` as one word of a shell's command line, whatever is in it; bytes outside ASCII as ``$'\xff'``."""
    if not _UNSAFE.search(text) or text.isprintable():
        return shlex.quote(text)
    raw = text.encode("utf-8", "surrogateescape")
    return "$'" + "".join(_escaped(byte) for byte in raw) + "'"


def _escaped(byte: int) -> str:
    if 0x20 <= byte <= 0x7E and byte not in b"\\'":
        return chr(byte)
    return f"\\x{byte:02x}"
