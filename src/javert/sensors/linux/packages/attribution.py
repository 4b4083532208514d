"""Whose software files are, wherever they lie: on the host, in a container, in another system below a directory."""

import os
import time
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from math import inf
from pathlib import Path
from typing import NamedTuple

import msgspec

from javert.model.telemetry import Package
from javert.sensors.linux.packages.language_trees import language_package
from javert.sensors.linux.packages.owners import Ownership

_SYSTEMS_REMEMBERED = 16
_DIRECTORIES_REMEMBERED = 4096
_TIME_FOR_OTHERS_S = 15.0
"""What lies outside the host's own databases anybody can have made, and made to be long to read."""

_DATABASES = (
    "var/lib/dpkg/status",
    "lib/apk/db/installed",
    "usr/lib/apk/db/installed",
    "usr/lib/sysimage/rpm/rpmdb.sqlite",
    "var/lib/rpm/rpmdb.sqlite",
    "var/lib/rpm/Packages.db",
    "var/lib/rpm/Packages",
)


class Place(NamedTuple):
    """A file that was found.

    Attributes:
        path: for people, in its own mount namespace.
        place: where the host can open it; the same as ``path`` for the host's own files.
    """

    path: str
    place: str


class Attribution:
    """Finds the package of files.

    Attributes:
        errors: one line for each database that was there and could not be read by the last question.
    """

    def __init__(self) -> None:
        self.errors: tuple[str, ...] = ()
        self._unread: set[str] = set()
        self._ownership = lru_cache(_SYSTEMS_REMEMBERED)(Ownership)
        self._has_database = lru_cache(_DIRECTORIES_REMEMBERED)(_has_database)

    def packages(self, places: Iterable[Place]) -> dict[Place, Package]:
        """The package of each file that one claims.

        System package managers are asked before those of languages, because distributions package Python modules
        too. The package of another system than the host's own has ``Package.system`` set to that system's root.
        """
        self._unread.clear()
        systems: defaultdict[str, list[Place]] = defaultdict(list)
        for each in places:
            systems[self._system(each.place)].append(each)
        found: dict[Place, Package] = {}
        errors: list[str] = []
        deadline = inf
        for root in sorted(systems):  # the host's own comes first, and may take its time
            if time.monotonic() > deadline:
                errors.append(f"looking up whose files lie below {root} would have taken too long")
                self._unread.add(root)
                continue
            top = root.rstrip("/")
            ownership = self._ownership(root)
            owners = ownership.owners(each.place[len(top) :] for each in systems[root])
            errors += ownership.errors
            if ownership.errors:
                self._unread.add(root)
            deadline = min(deadline, time.monotonic() + _TIME_FOR_OTHERS_S)
            for each in systems[root]:
                package = owners.get(each.place[len(top) :])
                if package is None and time.monotonic() <= deadline:
                    package = language_package(each.place, each.path)
                elif package is None:
                    errors.append(f"looking up whose files lie below {root} took too long")
                    self._unread.add(root)
                if package is not None:
                    found[each] = msgspec.structs.replace(package, system=_system_name(top, each))
        self.errors = tuple(dict.fromkeys(errors))
        return found

    def knows(self, place: Place) -> bool:
        """Whether the last question could be answered for the system that the file lies in."""
        return self._system(place.place) not in self._unread

    def _system(self, place: str) -> str:
        """The innermost directory above ``place`` that is the root of an installed system; "/" if there is none."""
        directory = place.rpartition("/")[0]
        while directory:
            if self._has_database(directory):
                return directory
            directory = directory.rpartition("/")[0]
        return "/"


def _has_database(directory: str) -> bool:
    top = Path(directory)
    if top.name == "usr":
        return False  # apk's database is in /usr/lib or /lib, and /usr would look like a root directory of its own
    return any((top / name).is_file() for name in _DATABASES)


def _system_name(top: str, each: Place) -> str:
    """None for the host's own, which processes may see through a root directory of their own in /proc."""
    through_process = top.startswith("/proc/") and each.place == top + each.path
    return "" if through_process and _is_hosts_root(top) else top


def _is_hosts_root(directory: str) -> bool:
    try:
        return os.path.samefile(directory, "/")
    except OSError:
        return False  # the process has ended
