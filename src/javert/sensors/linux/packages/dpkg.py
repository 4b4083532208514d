"""dpkg's database, read without dpkg: status, diversions and info/*.list in /var/lib/dpkg (dpkg(1), FILES)."""

import errno
import os
import subprocess
from collections import defaultdict
from collections.abc import Collection, Container, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from javert.errors import SensorError
from javert.model.telemetry import Package
from javert.sensors.linux.packages.distribution import Distribution, distribution
from javert.sensors.linux.packages.untrusted import opened

_APT_TIMEOUT_S = 20.0
_DPKG = "dpkg"
_MOST_BYTES_OF_LISTS = 512 * 1024 * 1024
_FIELDS = frozenset({"Package", "Status", "Architecture", "Version", "Maintainer", "Origin"})


class _Claim(NamedTuple):
    """A package that lists a path; ``architecture`` is "" where the file name of the list has none."""

    name: str
    architecture: str


class _Diversion(NamedTuple):
    """``contested`` is kept at ``moved_to`` for every package but ``by`` (":" for the administrator)."""

    contested: str
    moved_to: str
    by: str


class DpkgDatabase:
    """The packages dpkg installed below one root directory."""

    manager = "dpkg"

    def __init__(self, root: str = "/") -> None:
        self._root = root
        self._directory = Path(root) / "var/lib/dpkg"

    def present(self) -> bool:
        """Whether dpkg keeps a database here."""
        return (self._directory / "status").is_file()

    def owners(self, paths: Collection[str]) -> dict[str, Package]:
        """See ``PackageDatabase.owners``. Of several owners the first by name is given (they share the file)."""
        try:
            claims = self._claims(paths)
            stanzas = self._stanzas({_DPKG, *(claim.name for claim in claims.values())})
        except OSError as error:
            raise SensorError(f"dpkg's database cannot be read: {error}") from error
        system = distribution(self._root)
        native = stanzas.get(_Claim(_DPKG, ""), {}).get("Architecture", "")
        origins = _origins(self._doubtful(stanzas, system)) if self._root == "/" else {}
        packages = {}
        for claim in set(claims.values()):
            fields = stanzas.get(claim) or stanzas.get(_Claim(claim.name, "")) or {}
            ours = _is_distributions(fields, system, origins.get(claim.name, ()))
            packages[claim] = _package(claim, fields, native, ours=ours)
        return {path: packages[claim] for path, claim in claims.items()}

    def _opened(self, name: str) -> BinaryIO:
        return opened(f"{self._directory}/{name}", links=self._root == "/")

    def _claims(self, paths: Collection[str]) -> dict[str, _Claim]:
        diversions = self._diversions()
        moved_here = {each.moved_to: each for each in diversions}
        moved_away = {each.contested: each.by for each in diversions}
        wanted: defaultdict[bytes, list[str]] = defaultdict(list)
        for path in paths:
            wanted[os.fsencode(path)].append(path)
            if path in moved_here:
                wanted[os.fsencode(moved_here[path].contested)].append(path)
        claims: dict[str, _Claim] = {}
        for claim, lines in self._lists(wanted):
            for line in lines:
                listed = os.fsdecode(line)
                # Where a diversion contests the listed path, the diverter's file is there and all others' away.
                away = listed in moved_away and moved_away[listed] != claim.name
                for path in wanted[line]:
                    if (path != listed) == away:
                        claims.setdefault(path, claim)
        return claims

    def _lists(self, wanted: Container[bytes]) -> Iterator[tuple[_Claim, set[bytes]]]:
        """Every installed package, with those of the wanted paths that it lists."""
        left = _MOST_BYTES_OF_LISTS
        for entry in sorted((self._directory / "info").glob("*.list")):
            name, _, architecture = entry.name.removesuffix(".list").partition(":")
            try:
                with self._opened(f"info/{entry.name}") as file:
                    lines = {line for each in file if (line := each.rstrip(b"\n")) in wanted}
                    left -= file.tell()
            except FileNotFoundError:
                continue  # removed since it was listed
            if left < 0:
                raise OSError(errno.EFBIG, "its lists are larger than they can be")
            yield _Claim(name, architecture), lines

    def _diversions(self) -> list[_Diversion]:
        try:
            with self._opened("diversions") as file:
                lines = file.read().split(b"\n")
        except FileNotFoundError:
            return []
        texts = [os.fsdecode(line) for line in lines]
        diversions = (_Diversion(*texts[at : at + 3]) for at in range(0, len(texts) - 2, 3))
        return [each for each in diversions if each.contested.startswith("/")]

    def _stanzas(self, names: Collection[str]) -> dict[_Claim, dict[str, str]]:
        """Fields of the installed packages called ``names``, also under architecture ""."""
        found: dict[_Claim, dict[str, str]] = {}
        with self._opened("status") as status:
            fields: dict[str, str] = {}
            for line in status:
                if line == b"\n":
                    _keep(found, fields, names)
                    fields = {}
                elif not line.startswith(b" "):
                    key, _, value = line.decode("utf-8", "replace").partition(":")
                    if key in _FIELDS:
                        fields[key] = value.strip()
            _keep(found, fields, names)
        return found

    @staticmethod
    def _doubtful(stanzas: dict[_Claim, dict[str, str]], system: Distribution) -> set[str]:
        return {
            claim.name
            for claim, fields in stanzas.items()
            if not system.maintained_by(fields.get("Maintainer", ""))
        }


def _keep(found: dict[_Claim, dict[str, str]], fields: dict[str, str], names: Collection[str]) -> None:
    name = fields.get("Package", "")
    if name in names and fields.get("Status", "").endswith(" installed"):
        found[_Claim(name, fields.get("Architecture", ""))] = fields
        found.setdefault(_Claim(name, ""), fields)


def _is_distributions(fields: dict[str, str], system: Distribution, origins: tuple[str, ...]) -> bool:
    """Debian's maintainers may write from addresses of their own, so apt's archives have a say where it has any."""
    archives = (fields["Origin"],) if "Origin" in fields else origins
    return system.maintained_by(fields.get("Maintainer", "")) or any(system.ships(archive) for archive in archives)


def _package(claim: _Claim, fields: dict[str, str], native: str, *, ours: bool) -> Package:
    architecture = fields.get("Architecture", "")
    return Package(
        name=claim.name,
        version=fields.get("Version", ""),
        origin="os-package" if ours else "third-party-package",
        vendor=fields.get("Maintainer", ""),
        manager="dpkg",
        architecture=architecture if native and architecture not in ("all", native) else "",
    )


def _origins(names: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The Origin of every archive that has a version of the package, as apt-cache(8) tells; empty without apt."""
    if not names:
        return {}
    sources = _archive_origins(_apt_cache("policy"))
    found: dict[str, tuple[str, ...]] = {}
    name = ""
    for line in _apt_cache("policy", "--", *sorted(names)).splitlines():
        if not line.startswith(" "):
            name = line.rstrip().removesuffix(":")
        elif (source := line.strip().partition(" ")[2]) in sources:
            found[name] = (*found.get(name, ()), sources[source])
    return found


def _archive_origins(policy: str) -> dict[str, str]:
    """From ``apt-cache policy``: what an archive is called there, and the ``o=`` of its release line."""
    origins: dict[str, str] = {}
    archive = ""
    for line in policy.splitlines():
        text = line.strip()
        if text.startswith("release "):
            origin = [part[2:] for part in text.removeprefix("release ").split(",") if part.startswith("o=")]
            if origin:
                origins[archive] = origin[0]
        elif text[:1] in "-0123456789":
            archive = text.partition(" ")[2]
    return origins


def _apt_cache(*arguments: str) -> str:
    try:
        result = subprocess.run(
            ("apt-cache", *arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_APT_TIMEOUT_S,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return result.stdout.decode("utf-8", "replace")
