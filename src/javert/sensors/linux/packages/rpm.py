"""RPM's database, through the ``rpm`` program, which reads every format of it (SQLite, NDB, Berkeley DB).

The program trusts what it is given, and anybody may have made the database. So it gets the directory as a
descriptor (in a path it would expand macros, which can be commands), runs as the directory's owner, and has little
time.
"""

import os
import signal
import subprocess
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

from javert.errors import SensorError
from javert.model.telemetry import Package
from javert.sensors.linux.packages.distribution import Distribution, distribution

_DIRECTORIES = ("usr/lib/sysimage/rpm", "var/lib/rpm")
_FILES = ("rpmdb.sqlite", "Packages.db", "Packages")
_FORMAT = r"[%{FILENAMES}\t%{=NAME}\t%{=VERSION}-%{=RELEASE}\t%{=VENDOR}\t%{=PACKAGER}\n]"
_NONE = "(none)"
_TIMEOUT_S = 120.0
_TIMEOUT_ELSEWHERE_S = 20.0
_NO_GROUP = 65534


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
        with self._listing() as lines:
            for line in lines:
                name, tab, rest = line.partition(b"\t")
                if tab and (path := wanted.get(name)) is not None:
                    found.setdefault(path, _package(rest.decode("utf-8", "replace"), system))
        return found

    @contextmanager
    def _listing(self) -> Iterator[Iterable[bytes]]:
        """The lines of the program's answer; it is ended if it takes too long."""
        try:
            directory = os.open(self._found or "", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise SensorError(f"the database in {self._found} cannot be read: {error}") from error
        try:
            with _rpm(directory) as program:
                limit = _TIMEOUT_S if self._root == "/" else _TIMEOUT_ELSEWHERE_S
                timer = Timer(limit, program.kill)
                timer.daemon = True
                timer.start()
                try:
                    yield program.stdout or ()
                    status = program.wait()
                finally:
                    timer.cancel()
                    program.kill()
        except OSError as error:
            raise SensorError(f"the rpm program cannot be run: {error}") from error
        finally:
            os.close(directory)
        if status == -signal.SIGKILL:
            raise SensorError(f"the rpm program did not come to an end with the database in {self._found}")
        if status:
            raise SensorError(f"the rpm program cannot read the database in {self._found} (exit status {status})")


def _rpm(directory: int) -> "subprocess.Popen[bytes]":
    """``rpm``, listing what is installed by the database in the directory, with no more rights than its owner."""
    status = os.fstat(directory)
    owner = status.st_uid if os.geteuid() == 0 and status.st_uid else None
    return subprocess.Popen(
        (
            "rpm",
            "--query",
            "--all",
            "--nosignature",
            "--dbpath",
            f"/proc/self/fd/{directory}",
            "--queryformat",
            _FORMAT,
        ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "LC_ALL": "C"},
        pass_fds=(directory,),
        user=owner,
        group=None if owner is None else _NO_GROUP,
        extra_groups=None if owner is None else (),
    )


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
