"""For whom a process only holds a listening socket: a container, a systemd unit, or what it starts for a client."""

import os
from pathlib import Path
from typing import NamedTuple

from javert.formats.cmdline import split
from javert.formats.published_ports import (
    DAEMON,
    LAUNCHER,
    MONITOR,
    PROXY,
    pid_file,
    published_port,
    serves_its_own,
)
from javert.model.telemetry import PublishedPort, Transport
from javert.sensors.linux.super_servers import started_by
from javert.sensors.linux.units import stream_units, unit_for


class Holder(NamedTuple):
    """A process that holds a socket, as far as it tells for whom."""

    pid: int
    name: str
    uid: int
    arguments: tuple[str, ...]


class HeldFor(NamedTuple):
    """Attributes of a ``Listener`` record, of the same names."""

    unit: str = ""
    starts: str = ""
    publishes: PublishedPort | None = None


def running_holder(pid: int) -> Holder | None:
    """A running process; None if it ended meanwhile."""
    process = Path(f"/proc/{pid}")
    try:
        name = (process / "comm").read_text("utf-8", "replace").rstrip("\n")
        return Holder(pid, name, process.stat().st_uid, tuple(split((process / "cmdline").read_bytes())))
    except OSError:
        return None


def held_for(holder: Holder, transport: Transport, address: str, port: int, *, alone: bool) -> HeldFor:
    """What the socket, bound to ``address`` and ``port``, is held for.

    Args:
        holder: one of those that hold it.
        transport: of the socket.
        address: to which it is bound.
        port: to which it is bound.
        alone: nobody else is known to hold it.
    """
    if holder.name in (PROXY, MONITOR, DAEMON, LAUNCHER):
        # Of another user's process the name proves nothing.
        return HeldFor(publishes=_published(holder, port) if holder.uid == 0 else None)
    if holder.pid == 1:
        unit = unit_for(address, port, stream_units()) if alone and transport is Transport.TCP else None
        return HeldFor(unit.unit, unit.starts) if unit else HeldFor()
    starts = started_by(holder.pid, holder.name, holder.arguments, transport=transport, address=address, port=port)
    return HeldFor(starts=starts)


def _published(holder: Holder, port: int) -> PublishedPort | None:
    if holder.name == PROXY:
        return published_port(holder.arguments)
    if holder.name == MONITOR:
        return PublishedPort(network_namespace=_namespace_of_container(holder))
    return None if serves_its_own(holder.arguments, port) else PublishedPort()


def _namespace_of_container(monitor: Holder) -> int:
    """The network namespace of a ``conmon``'s container; 0 if that cannot be told."""
    path = pid_file(monitor.arguments)
    try:
        pid = int(Path(f"/proc/{monitor.pid}/root{path}").read_text("ascii")) if path else 0
        return os.stat(f"/proc/{pid}/ns/net").st_ino if pid else 0
    except (OSError, ValueError):
        return 0  # it has not started yet, or has ended
