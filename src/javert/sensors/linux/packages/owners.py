"""Asks every package database of a root directory whose a file is."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from javert.errors import SensorError
from javert.model.telemetry import Package
from javert.sensors.linux.packages.apk import ApkDatabase
from javert.sensors.linux.packages.dpkg import DpkgDatabase
from javert.sensors.linux.packages.interface import PackageDatabase
from javert.sensors.linux.packages.rpm import RpmDatabase

_LINKS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32", "libo32", "usr/sbin", "usr/lib64")
"""Directories that became symbolic links when distributions merged /bin into /usr/bin, sbin into bin and so on."""


class Ownership:
    """Who owns the files below one root directory.

    Attributes:
        errors: one line for each database that was there and could not be read by the last question.
    """

    def __init__(self, root: str = "/") -> None:
        databases: tuple[PackageDatabase, ...] = (DpkgDatabase(root), RpmDatabase(root), ApkDatabase(root))
        self._databases = tuple(database for database in databases if database.present())
        self._links = merged_directories(root)
        self.errors: tuple[str, ...] = ()

    def owners(self, paths: Iterable[str]) -> dict[str, Package]:
        """The package of each path that one claims.

        Args:
            paths: absolute within the root directory, without symbolic links.
        """
        names = {name: path for path in paths for name in reversed(aliases(path, self._links))}
        found: dict[str, Package] = {}
        errors: list[str] = []
        for database in self._databases:
            try:
                for name, package in database.owners(names.keys()).items():
                    found.setdefault(names[name], package)
            except SensorError as error:
                errors.append(str(error))
        self.errors = tuple(errors)
        return found


def merged_directories(root: str) -> tuple[tuple[str, str], ...]:
    """Pairs of a merged directory's old path and the real one, both ending in a slash, both within ``root``."""
    top = os.path.realpath(root).rstrip("/")
    pairs = []
    for link in _LINKS:
        path = f"{top}/{link}"
        real = os.path.realpath(path)
        if real != path and real.startswith(top + "/") and Path(real).is_dir():
            pairs.append((f"/{link}/", real[len(top) :] + "/"))
    return tuple(pairs)


def aliases(path: str, links: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """The names under which a database may know ``path``: itself first, then by way of each merged directory."""
    return (path, *(old + path[len(real) :] for old, real in links if path.startswith(real)))
