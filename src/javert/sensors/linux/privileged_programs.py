"""Programs that give whoever runs them a group, or capabilities with which permissions do not count.

They are looked for where programs are: in the directories of the usual PATH; and where a group may matter, also in
those in which packages keep programs of their own.
"""

import os
import stat
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress

from javert.errors import ParseError
from javert.formats import file_capabilities
from javert.formats.file_capabilities import OVERRULING, parse_permitted
from javert.model.rule_id import RuleId
from javert.model.telemetry import Limitation
from javert.sensors.linux.local_paths import LocalPaths

_PROGRAMS = tuple(f"/usr{local}/{name}" for local in ("", "/local") for name in ("bin", "sbin", "games"))
_OWN_PROGRAMS = ("/usr/libexec", "/usr/lib", "/usr/local/lib", "/opt")
_MOST_FILES = 500_000
_LOCAL = LocalPaths()
_MOST_NAMED = 5
_RULES = (RuleId.ROOT_PROCESS_INSECURE_PERMISSIONS,)


class PrivilegedPrograms:
    """What was found in one look.

    Attributes:
        groups: by gid, the set-group-ID programs that users other than root may run.
        capable: paths of programs with capabilities that overrule permissions, and the names of these.
        complete: everything that was to be looked at was.
    """

    def __init__(self, *, everywhere: bool, places: tuple[str, ...] = _PROGRAMS) -> None:
        """Look for them.

        Args:
            everywhere: also where packages keep programs of their own, which takes the longer.
            places: directories; what is below them is not looked at.
        """
        self.groups: dict[int, tuple[str, ...]] = {}
        self.capable: dict[str, tuple[str, ...]] = {}
        self.complete = True
        found: dict[int, list[str]] = defaultdict(list)
        for path, status in self._files(places, _OWN_PROGRAMS if everywhere else ()):
            if not status.st_mode & 0o011:
                continue
            if status.st_mode & stat.S_ISGID and status.st_mode & stat.S_IXGRP:
                found[status.st_gid].append(path)
            names = _capabilities(path)
            if names:
                self.capable[path] = names
        self.groups = {gid: tuple(sorted(paths)) for gid, paths in sorted(found.items())}

    def limits(self) -> Iterator[Limitation]:
        """What follows for the rule besides the groups."""
        if self.capable:
            named = [f"{path} ({', '.join(names)})" for path, names in sorted(self.capable.items())]
            more = [f"+{len(named) - _MOST_NAMED}"] if len(named) > _MOST_NAMED else []
            params = {"count": str(len(named)), "programs": ", ".join(named[:_MOST_NAMED] + more)}
            yield Limitation(code="root-modules-capable-programs", rules=_RULES, params=params)
        if not self.complete:
            yield Limitation(
                code="root-modules-programs-unread", rules=_RULES, params={"count": f"{_MOST_FILES:,}"}
            )

    def _files(self, places: tuple[str, ...], trees: tuple[str, ...]) -> Iterator[tuple[str, os.stat_result]]:
        waiting = [(place, False) for place in places] + [(tree, True) for tree in trees]
        seen: set[tuple[int, int]] = set()
        files = 0
        while waiting:
            directory, deeper = waiting.pop()
            if not _LOCAL.exists(directory) or not _is_new(directory, seen):
                continue
            with suppress(OSError), os.scandir(directory) as entries:  # it was removed meanwhile
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        if deeper:
                            waiting.append((entry.path, True))
                    elif entry.is_file(follow_symlinks=False):
                        files += 1
                        with suppress(OSError):
                            yield entry.path, entry.stat(follow_symlinks=False)
            if files > _MOST_FILES:
                self.complete = False
                return


def _is_new(directory: str, seen: set[tuple[int, int]]) -> bool:
    with suppress(OSError):
        status = os.stat(directory)
        key = status.st_dev, status.st_ino
        if key not in seen:
            seen.add(key)
            return True
    return False


def _capabilities(path: str) -> tuple[str, ...]:
    try:
        value = os.getxattr(path, file_capabilities.XATTR_NAME, follow_symlinks=False)
        return tuple(OVERRULING[number] for number in sorted(parse_permitted(value) & OVERRULING.keys()))
    except (OSError, ParseError):
        return ()  # it has none, or none that the kernel would give
