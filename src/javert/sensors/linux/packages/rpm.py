"""RPM's database, through the ``rpm`` program, which reads every format of it (SQLite, NDB, Berkeley DB)."""

import os
import subprocess
from collections.abc import Collection
from pathlib import Path

from javert.errors import SensorError
from javert.model.telemetry import Package
from javert.sensors.linux.packages.distribution import Distribution, distribution

_DIRECTORIES = ("usr/lib/sysimage/rpm", "var/lib/rpm")
_FILES = ("rpmdb.sqlite", "Packages.db", "Packages")
_FORMAT = r"[%{FILENAMES}\t%{=NAME}\t%{=VERSION}-%{=RELEASE}\t%{=VENDOR}\t%{=PACKAGER}\n]"
_NONE = "(none)"
_TIMEOUT_S = 120.0


class RpmDatabase:
    """The packages RPM installed below one root directory."""

    manager = "rpm"

    def __init__(self, root: str = "/") -> None:
        self._root = root
        self._found = next(
            (
                directory
                for name in _DIRECTORIES
                if any(((directory := Path(root) / name) / file).is_file() for file in _FILES)
            ),
            None,
        )

    def present(self) -> bool:
        """Whether RPM keeps a database here."""
        return self._found is not None

    def owners(self, paths: Collection[str]) -> dict[str, Package]:
        """See ``PackageDatabase.owners``. One run of ``rpm`` lists every file of every package; nothing is kept."""
        wanted = {os.fsencode(path): path for path in paths}
        system = distribution(self._root)
        found: dict[str, Package] = {}
        command = (
            "rpm",
            "--query",
            "--all",
            "--nosignature",
            "--dbpath",
            str(self._found),
            "--queryformat",
            _FORMAT,
        )
        try:
            with subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "LC_ALL": "C"},
            ) as program:
                for line in program.stdout or ():
                    name, tab, rest = line.partition(b"\t")
                    if tab and (path := wanted.get(name)) is not None:
                        found.setdefault(path, _package(rest.decode("utf-8", "replace"), system))
                status = program.wait(_TIMEOUT_S)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SensorError(f"the rpm program cannot be run: {error}") from error
        if status:
            raise SensorError(f"the rpm program cannot read the database in {self._found} (exit status {status})")
        return found


def _package(line: str, system: Distribution) -> Package:
    name, version, vendor, packager = (*line.rstrip("\n").split("\t"), "", "", "")[:4]
    vendor = next((each for each in (vendor, packager) if each and each != _NONE), "")
    return Package(
        name=name,
        version=version,
        origin="os-package" if system.ships(vendor) else "third-party-package",
        vendor=vendor,
        manager="rpm",
    )
