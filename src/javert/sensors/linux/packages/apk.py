"""apk's list of installed packages, read without apk: versions 2 and 3 keep the same text format.

Records are separated by empty lines; in each, ``P:`` name, ``V:`` version, ``m:`` maintainer, ``F:`` a directory
and ``R:`` a file in the last directory (apk-tools, src/database.c).
"""

from collections.abc import Collection, Iterable
from itertools import chain
from pathlib import Path

from javert.errors import SensorError
from javert.model.telemetry import Package
from javert.sensors.linux.packages.untrusted import opened

_PLACES = ("lib/apk/db/installed", "usr/lib/apk/db/installed")


class ApkDatabase:
    """The packages apk installed below one root directory."""

    manager = "apk"

    def __init__(self, root: str = "/") -> None:
        self._links = root == "/"
        self._places = [Path(root) / place for place in _PLACES]

    def present(self) -> bool:
        """Whether apk keeps a database here."""
        return any(place.is_file() for place in self._places)

    def owners(self, paths: Collection[str]) -> dict[str, Package]:
        """See ``PackageDatabase.owners``. apk does not say where a package came from; all count as the system's."""
        wanted = {path.lstrip("/").encode("utf-8", "surrogateescape"): path for path in paths}
        found: dict[str, Package] = {}
        try:
            for place in self._places:
                if place.is_file():
                    with opened(str(place), links=self._links) as lines:
                        _read(lines, wanted, found)
        except OSError as error:
            raise SensorError(f"apk's database cannot be read: {error}") from error
        return found


def _read(lines: Iterable[bytes], wanted: dict[bytes, str], found: dict[str, Package]) -> None:
    fields: dict[bytes, bytes] = {}
    directory = b""
    claimed: list[str] = []
    for line in chain(lines, (b"\n",)):
        key, value = line[:2], line[2:].rstrip(b"\n")
        if key == b"F:":
            directory = value + b"/" if value else b""
        elif key == b"R:":
            if (path := wanted.get(directory + value)) is not None:
                claimed.append(path)
        elif line == b"\n":
            for path in claimed:
                found.setdefault(path, _package(fields))
            fields, claimed = {}, []
        else:
            fields[key] = value


def _package(fields: dict[bytes, bytes]) -> Package:
    return Package(
        name=fields.get(b"P:", b"").decode("utf-8", "replace"),
        version=fields.get(b"V:", b"").decode("utf-8", "replace"),
        vendor=fields.get(b"m:", b"").decode("utf-8", "replace"),
        manager="apk",
    )
