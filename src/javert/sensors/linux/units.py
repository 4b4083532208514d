"""Names the systemd socket unit behind a socket that systemd itself holds: systemd.socket(5)."""

import os
from functools import cache
from typing import NamedTuple

from javert.formats.addresses import is_unspecified

UNIT_DIRECTORIES = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/run/systemd/generator",
    "/usr/lib/systemd/system",
)


class StreamUnit(NamedTuple):
    """One ``ListenStream=`` of a socket unit; ``address`` "" stands for every address."""

    unit: str
    address: str
    port: int


def parse_listen(unit: str, value: str) -> StreamUnit | None:
    """One value of ``ListenStream=``: a port, "address:port" or "[address]:port"; None if it is no IP socket."""
    address, _, port = value.strip().rpartition(":")
    if not port.isdigit() or address.startswith("vsock"):
        return None
    return StreamUnit(unit, address.strip("[]"), int(port))


@cache
def stream_units(directories: tuple[str, ...] = UNIT_DIRECTORIES) -> tuple[StreamUnit, ...]:
    """The TCP sockets of all socket units; a unit in an earlier directory hides its namesake in a later one."""
    found: dict[str, list[StreamUnit]] = {}
    for directory in directories:
        try:
            names = sorted(name for name in os.listdir(directory) if name.endswith(".socket"))
        except OSError:
            continue  # not a host with systemd, or none of its units here
        for name in names:
            if name not in found:
                found[name] = _read(f"{directory}/{name}", name)
    return tuple(stream for streams in found.values() for stream in streams)


def _read(path: str, unit: str) -> list[StreamUnit]:
    values: list[str] = []
    try:
        with open(path, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                key, _, value = line.partition("=")
                if key.strip() == "ListenStream":
                    # An empty value takes back what came before it.
                    values = [*values, value] if value.strip() else []
    except OSError:
        return []  # masked, or a dangling link
    return [stream for value in values if (stream := parse_listen(unit, value))]


def unit_for(address: str, port: int, units: tuple[StreamUnit, ...]) -> str:
    """The socket unit that listens on ``port`` at ``address``; "" if there is none."""
    for unit, unit_address, unit_port in units:
        if unit_port == port and (unit_address == address or (not unit_address and is_unspecified(address))):
            return unit
    return ""
