"""Packages that other package managers keep in directories of their own, told by where a file lies.

Followed are: PyPA's "Recording installed projects" (``NAME-VERSION.dist-info/RECORD``), npm's folders (package.json
in the innermost directory below ``node_modules``), RubyGems' layout (``specifications/NAME-VERSION.gemspec``), and
the mount points and deployment directories of snapd and Flatpak. Nothing that is read is trusted beyond a name.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path

import msgspec

from javert.model.telemetry import Package
from javert.sensors.linux.packages.untrusted import contents

_MOST_PROJECTS = 20_000
_MOST_BYTES_OF_RECORDS = 256 * 1024 * 1024

_PYTHON = re.compile(r"^(.*/(?:site|dist)-packages)/(.+)$", re.DOTALL)
_NODE = re.compile(r"^(.*/node_modules/((?:@[^/]+/)?[^/]+))/", re.DOTALL)
_GEM = re.compile(r"^(.*)/(?:gems|extensions/[^/]+/[^/]+)/([^/]+)/", re.DOTALL)
_SNAP = re.compile(r"^/(?:snap|var/lib/snapd/snap)/([a-z0-9-]+)/([^/]+)/")
_FLATPAK = re.compile(r"/flatpak/(?:app|runtime)/([^/]+)/[^/]+/([^/]+)/")
_NAME_VERSION = re.compile(r"^(.+?)-(\d[^/]*)$")


def language_package(place: str, path: str) -> Package | None:
    """The package of some other manager that a file belongs to.

    Args:
        place: where the file can be opened; directories beside it are read there.
        path: its path for people, in its own mount namespace.
    """
    for find in _FINDERS:
        if (package := find(place, path)) is not None:
            # Names are what directories are called: one that reads as an option is to reach no command line.
            return None if package.name.startswith("-") else package
    return None


def _snap(_place: str, path: str) -> Package | None:
    match = _SNAP.match(path)
    return _third_party(match[1], match[2], "snap") if match else None


def _flatpak(_place: str, path: str) -> Package | None:
    match = _FLATPAK.search(path)
    return _third_party(match[1], match[2], "flatpak") if match else None


def _python(place: str, _path: str) -> Package | None:
    match = _PYTHON.match(place)
    if match is None:
        return None
    wanted = b"\n" + os.fsencode(match[2]) + b","
    left = _MOST_BYTES_OF_RECORDS
    for project in _projects(match[1]):
        record = contents(f"{match[1]}/{project}/RECORD")
        if (left := left - len(record)) < 0:
            break  # nobody has that much installed
        if wanted in b"\n" + record:
            name, _, version = project.removesuffix(".dist-info").partition("-")
            return _third_party(name, version, "pip")
    return None


def _projects(directory: str) -> list[str]:
    try:
        with os.scandir(directory) as entries:
            names = [entry.name for entry, _ in zip(entries, range(_MOST_PROJECTS), strict=False)]
    except OSError:
        return []
    return sorted(name for name in names if name.endswith(".dist-info"))


class _Manifest(msgspec.Struct):
    version: str = ""


def _node(place: str, _path: str) -> Package | None:
    match = _NODE.match(place)
    if match is None:
        return None
    try:
        version = msgspec.json.decode(contents(f"{match[1]}/package.json"), type=_Manifest).version
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        version = ""  # the directory alone names the package
    return _third_party(match[2], version, "npm")


def _gem(place: str, _path: str) -> Package | None:
    match = _GEM.match(place)
    if match is None or not Path(f"{match[1]}/specifications/{match[2]}.gemspec").is_file():
        return None
    parts = _NAME_VERSION.match(match[2])
    return _third_party(parts[1], parts[2], "gem") if parts else None


def _third_party(name: str, version: str, manager: str) -> Package:
    return Package(name=name, version=version, origin="third-party-package", manager=manager)


_FINDERS: tuple[Callable[[str, str], Package | None], ...] = (_snap, _flatpak, _python, _node, _gem)
