"""What a package database is."""

from collections.abc import Collection
from typing import Protocol

from javert.model.telemetry import Package


class PackageDatabase(Protocol):
    """The installed packages of one root directory, as one package manager keeps them."""

    manager: str

    def present(self) -> bool:
        """Whether this package manager keeps a database here."""

    def owners(self, paths: Collection[str]) -> dict[str, Package]:
        """The package of each path that one claims.

        Args:
            paths: absolute, within the root directory; the names under which the database may know the files.

        Raises:
            SensorError: the database is there and cannot be read.
        """
