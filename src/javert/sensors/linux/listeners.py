"""Keeps account of listening sockets: who holds them, when they came and when they went."""

from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from javert.formats.addresses import is_unspecified
from javert.formats.cmdline import split
from javert.formats.kernel_records import ListenEvent
from javert.formats.published_ports import PROXY, published_port
from javert.formats.sock_diag import IPPROTO_TCP, IPPROTO_UDP, TCP_CLOSE, TCP_LISTEN, SocketEntry
from javert.model.telemetry import Listener, ProcessKey, PublishedPort, Transport
from javert.sensors.interface import Emit
from javert.sensors.linux.namespaces import NamespaceEntry, inside
from javert.sensors.linux.processes import ProcessTable
from javert.sensors.linux.sockets import list_sockets
from javert.sensors.linux.super_servers import started_by
from javert.sensors.linux.units import stream_units, unit_for
from javert.sensors.own_flows import OwnFlows

Holders = Callable[[int], list[int]]
"""The pids that hold a socket, by its inode number."""
_Resolve = Callable[[int], ProcessKey | None]
_Place = tuple[int, Transport, str, int]


class _Known(msgspec.Struct):
    """A listener now open. ``sockets``: inode numbers of its sockets (several with SO_REUSEPORT)."""

    sockets: set[int]
    processes: dict[ProcessKey, None]
    opened_at: float | None
    dual_stack: bool
    unit: str = ""
    starts: str = ""
    publishes: PublishedPort | None = None


class _Holder(NamedTuple):
    """A process that holds a socket, as far as it tells for whom."""

    pid: int
    name: str
    uid: int
    arguments: tuple[str, ...]


class ListenerBook:
    """All listeners of all network namespaces during the run.

    Args:
        emit: where Listener records go.
        table: resolves pids to processes.
        own: Javert's own flows; a UDP socket looks the same whether it asks or serves.
    """

    def __init__(self, emit: Emit, table: ProcessTable, own: OwnFlows) -> None:
        self._emit = emit
        self._table = table
        self._own = own
        self._open: dict[_Place, _Known] = {}

    def read_namespace(self, entry: NamespaceEntry, holders: Holders, now: float | None) -> list[SocketEntry]:
        """List the sockets that wait for clients in a namespace and take them in.

        Args:
            entry: the namespace.
            holders: who holds a socket.
            now: seconds since the epoch; None at the start of the run, when what is found was there before.

        Returns:
            The listening TCP sockets.

        Raises:
            SensorError: the namespace cannot be looked into.
        """
        streams, datagrams = inside(
            entry, lambda: (list_sockets(IPPROTO_TCP, [TCP_LISTEN]), list_sockets(IPPROTO_UDP, [TCP_CLOSE]))
        )
        resolve = cache(self._table.from_proc)  # one process may have thousands of listeners
        for transport, sockets in ((Transport.TCP, streams), (Transport.UDP, datagrams)):
            present = {
                self._take(entry.inode, transport, found, holders=holders, resolve=resolve, now=now)
                for found in sockets
                if not self._own.has(transport, entry.inode, found.address, found.port)
            }
            if now is not None:
                self._close_missing(entry.inode, transport, present, now)
        return streams

    def close_namespace(self, inode: int, now: float) -> None:
        """A namespace is gone, and with it every listener in it."""
        for transport in Transport:
            self._close_missing(inode, transport, set(), now)

    def namespaces(self) -> set[int]:
        """Namespaces in which something listens, by inode number."""
        return {place[0] for place in self._open}

    def changed(self, event: ListenEvent, at: float) -> None:
        """A TCP socket began to listen, or ceased to, as the kernel program told it when it happened."""
        if not event.port:
            return  # bound by listen(2) itself, a moment after the event: the next listing has it
        place = (event.network_namespace, Transport.TCP, event.address, event.port)
        known = self._open.get(place)
        if not event.listening:
            self._closed(place, known, event.socket_inode, at)
            return
        key = (
            self._table.from_kernel(event.who, exe=event.exe, cmdline=event.cmdline)
            if event.who is not None
            else None
        )
        if known is None:
            known = self._open[place] = _Known(set(), {}, at, event.address == "::")
        known.sockets.add(event.socket_inode)
        if key is not None:
            known.processes[key] = None
        if event.who is not None:
            who = event.who
            _say_for_whom(known, _Holder(who.key.pid, who.name, who.uid, tuple(split(event.cmdline))), place)
        self._tell(place, known)

    def _closed(self, place: _Place, known: _Known | None, socket: int, at: float) -> None:
        if known is None:
            return  # it came and went between two listings of a port that listen(2) chose
        # A socket that is closed by its process's end has lost its inode: then any one of the group went.
        known.sockets.discard(socket if socket in known.sockets else next(iter(known.sockets), 0))
        if not known.sockets:
            del self._open[place]
            self._tell(place, known, closed_at=at)

    def _take(
        self,
        namespace: int,
        transport: Transport,
        found: SocketEntry,
        *,
        holders: Holders,
        resolve: _Resolve,
        now: float | None,
    ) -> _Place:
        place = (namespace, transport, found.address, found.port)
        known = self._open.get(place)
        if known is None:
            known = self._open[place] = _Known(set(), {}, now, found.dual_stack)
        if found.inode in known.sockets and known.processes:
            if known.dual_stack != (found.dual_stack and is_unspecified(found.address)):
                known.dual_stack = found.dual_stack and is_unspecified(found.address)
                self._tell(place, known)
            return place
        known.sockets.add(found.inode)
        known.dual_stack = found.dual_stack and is_unspecified(found.address)
        self._hold(known, holders(found.inode), resolve, place)
        self._tell(place, known)
        return place

    def _hold(self, known: _Known, pids: Iterable[int], resolve: _Resolve, place: _Place) -> None:
        # systemd keeps what it passes on: whoever else holds the socket serves it.
        for pid in sorted(pids, key=lambda pid: (pid == 1, pid)):
            key = resolve(pid)
            if key is not None:
                known.processes[key] = None
                if holder := _holder(pid):
                    _say_for_whom(known, holder, place)

    def _close_missing(self, namespace: int, transport: Transport, present: set[_Place], now: float) -> None:
        gone = [p for p in self._open if p[0] == namespace and p[1] is transport and p not in present]
        for place in gone:
            self._tell(place, self._open.pop(place), closed_at=now)

    def _tell(self, place: _Place, known: _Known, closed_at: float | None = None) -> None:
        namespace, transport, address, port = place
        self._emit(
            Listener(
                transport=transport,
                network_namespace=namespace,
                address=address,
                port=port,
                dual_stack=known.dual_stack,
                processes=tuple(known.processes),
                opened_at=known.opened_at,
                closed_at=closed_at,
                unit=known.unit,
                starts=known.starts,
                publishes=known.publishes,
            )
        )


def _holder(pid: int) -> _Holder | None:
    process = Path(f"/proc/{pid}")
    try:
        name = (process / "comm").read_text("utf-8", "replace").rstrip("\n")
        return _Holder(pid, name, process.stat().st_uid, tuple(split((process / "cmdline").read_bytes())))
    except OSError:
        return None  # ended meanwhile; its listener is told without


def _say_for_whom(known: _Known, holder: _Holder, place: _Place) -> None:
    """Note what a process only holds the socket for: a container, or what it starts when a client comes."""
    _, transport, address, port = place
    if holder.name == PROXY:
        # Of another user's process that name proves nothing.
        known.publishes = published_port(holder.arguments) if holder.uid == 0 else None
    elif holder.pid == 1 and len(known.processes) == 1 and transport is Transport.TCP:
        unit = unit_for(address, port, stream_units())
        known.unit, known.starts = (unit.unit, unit.starts) if unit else ("", "")
    else:
        known.starts = known.starts or started_by(
            holder.pid, holder.name, holder.arguments, transport=transport, address=address, port=port
        )
