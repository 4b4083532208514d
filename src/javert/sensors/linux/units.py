"""Names the systemd socket unit behind a socket that systemd itself holds: systemd.socket(5)."""

import os
from functools import cache
from typing import NamedTuple

from javert.formats.addresses import is_unspecified

UNIT_DIRECTORIES = (
    "/etc/systemd/system.control",
    "/run/systemd/system.control",
    "/run/systemd/transient",
    "/run/systemd/generator.early",
    "/etc/systemd/system",
    "/etc/systemd/system.attached",
    "/run/systemd/system",
    "/run/systemd/system.attached",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/run/systemd/generator.late",
)
"""As ``systemd-analyze unit-paths`` prints them; the first go before the later."""


class StreamUnit(NamedTuple):
    """One ``ListenStream=`` of a socket unit.

    Attributes:
        address: "" for every address.
        starts: the service unit that is started when a client comes.
    """

    unit: str
    address: str
    port: int
    starts: str = ""


def parse_listen(unit: str, value: str, starts: str = "") -> StreamUnit | None:
    """One value of ``ListenStream=``: a port, "address:port" or "[address]:port"; None if it is no IP socket."""
    address, _, port = value.strip().rpartition(":")
    if not port.isdigit() or address.startswith("vsock"):
        return None
    return StreamUnit(unit, address.strip("[]"), int(port), starts)


@cache
def stream_units(directories: tuple[str, ...] = UNIT_DIRECTORIES) -> tuple[StreamUnit, ...]:
    """The TCP sockets of all socket units, drop-ins included.

    A unit, or a drop-in, in an earlier directory hides its namesake in a later one: systemd.unit(5).
    """
    units: dict[str, str] = {}
    drop_ins: dict[str, dict[str, str]] = {}
    for directory in directories:
        for name in _names(directory):
            path = f"{directory}/{name}"
            if name.endswith(".socket"):
                units.setdefault(name, path)
            elif name.endswith(".socket.d"):
                for part in _names(path):
                    if part.endswith(".conf"):
                        drop_ins.setdefault(name[:-2], {}).setdefault(part, f"{path}/{part}")
    found: list[StreamUnit] = []
    for name, path in units.items():
        parts = drop_ins.get(name, {})
        found += _streams(name, (path, *(parts[part] for part in sorted(parts))))
    return tuple(found)


def _names(directory: str) -> list[str]:
    try:
        return sorted(os.listdir(directory))
    except OSError:
        return []  # not a host with systemd, or none of its units here


def _streams(unit: str, paths: tuple[str, ...]) -> list[StreamUnit]:
    values: list[str] = []
    settings = {"Accept": "no", "Service": ""}
    for path in paths:
        for key, value in _settings(path):
            if key == "ListenStream":
                # An empty value takes back what came before it.
                values = [*values, value] if value else []
            elif key in settings:
                settings[key] = value
    name = unit.removesuffix(".socket")
    each = settings["Accept"].lower() in ("yes", "true", "on", "1")
    starts = f"{name}@.service" if each else settings["Service"] or f"{name}.service"
    return [stream for value in values if (stream := parse_listen(unit, value, starts))]


def _settings(path: str) -> list[tuple[str, str]]:
    try:
        with open(path, encoding="utf-8", errors="replace") as lines:
            pairs = (line.partition("=") for line in lines)
            return [(key.strip(), value.strip()) for key, mark, value in pairs if mark]
    except OSError:
        return []  # masked, or a dangling link


def unit_for(address: str, port: int, units: tuple[StreamUnit, ...]) -> StreamUnit | None:
    """The socket unit that listens on ``port`` at ``address``; None if there is none."""
    for unit in units:
        if unit.port == port and (unit.address == address or (not unit.address and is_unspecified(address))):
            return unit
    return None
