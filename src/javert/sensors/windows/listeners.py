"""Keeps account of listening sockets: who holds them, when they came and when they went."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

import msgspec

from javert.formats.socket_tables import TCP_LISTEN, SocketRow, Table
from javert.model.telemetry import Listener, ProcessKey, Transport
from javert.sensors.interface import Emit
from javert.sensors.own_flows import OwnFlows
from javert.sensors.windows.place import NETWORK

_Place = tuple[Transport, str, int]
_TABLES = {
    Table.TCP4: Transport.TCP,
    Table.TCP6: Transport.TCP,
    Table.UDP4: Transport.UDP,
    Table.UDP6: Transport.UDP,
}


class Tables(Protocol):
    """The system's tables of sockets."""

    def rows(self, table: Table) -> list[SocketRow]:
        """What is in a table now. Raises SensorError where the system refuses."""

    def service(self, table: Table, row: SocketRow) -> str:
        """The service on whose behalf a shared process owns a socket; "" where that is not known."""


class Processes(Protocol):
    """Who a process is."""

    def find(self, pid: int) -> ProcessKey | None:
        """Take in the process that has this number; None if nothing is known of it."""

    def serves(self, key: ProcessKey, service: str) -> None:
        """Note a service that the process runs."""


class _Found(NamedTuple):
    table: Table
    row: SocketRow


class _Known(msgspec.Struct):
    opened_at: float | None
    processes: dict[ProcessKey, None]
    pids: set[int]


class ListenerBook:
    """All listeners during the run.

    A socket that takes both IPv4 and IPv6 stands in both tables: Windows lists it twice.

    Args:
        tables: lists sockets.
        processes: tells who a process is.
        services: gives the names of the services in each process, by its id.
        own: Javert's own flows; a UDP socket looks the same whether it asks or serves.
    """

    def __init__(
        self,
        tables: Tables,
        processes: Processes,
        services: Callable[[], dict[int, tuple[str, ...]]],
        own: OwnFlows,
    ) -> None:
        self._tables = tables
        self._processes = processes
        self._services = services
        self._own = own
        self._open: dict[_Place, _Known] = {}

    def read(self, emit: Emit, now: float | None) -> list[SocketRow]:
        """List sockets and take in those that wait for clients.

        Args:
            emit: where Listener records go.
            now: seconds since the epoch; None at the start of the run, when what is found was there before.

        Returns:
            The TCP sockets that do not listen.

        Raises:
            SensorError: the system refuses.
        """
        present: dict[_Place, list[_Found]] = defaultdict(list)
        connections: list[SocketRow] = []
        for table, transport in _TABLES.items():
            for row in self._tables.rows(table):
                if transport is Transport.TCP and row.state != TCP_LISTEN:
                    connections.append(row)
                elif row.port and not self._own.has(transport, NETWORK, row.address, row.port):
                    present[transport, row.address, row.port].append(_Found(table, row))
        self._take(emit, present, now)
        for place in [place for place in self._open if place not in present]:
            emit(_record(place, self._open.pop(place), closed_at=now))
        return connections

    def serves(self, transport: Transport, address: str, port: int, pid: int | None = None) -> bool:
        """Whether somebody, or this process, waits for clients there."""
        holders: set[int] = set()
        for bound in (address, "0.0.0.0", "::"):  # noqa: S104 - compared with, not bound
            known = self._open.get((transport, bound, port))
            if known is not None:
                holders |= known.pids
        return bool(holders) if pid is None else pid in holders

    def _take(self, emit: Emit, present: dict[_Place, list[_Found]], now: float | None) -> None:
        services: dict[int, tuple[str, ...]] | None = None
        for place, sockets in present.items():
            known = self._open.get(place)
            pids = {one.row.pid for one in sockets}
            if known is not None and known.pids == pids:
                continue
            if known is None:
                known = self._open[place] = _Known(now, {}, set())
            known.pids = pids
            if services is None:
                services = self._services()
            for one in sockets:
                self._hold(known, one, services.get(one.row.pid, ()))
            emit(_record(place, known))

    def _hold(self, known: _Known, found: _Found, services: Iterable[str]) -> None:
        key = self._processes.find(found.row.pid)
        if key is None:
            return
        known.processes[key] = None
        names = tuple(services)
        if len(names) > 1:
            told = self._tables.service(found.table, found.row)
            names = (told,) if told in names else names
        for name in names:
            self._processes.serves(key, name)


def _record(place: _Place, known: _Known, closed_at: float | None = None) -> Listener:
    transport, address, port = place
    return Listener(
        transport=transport,
        network_namespace=NETWORK,
        address=address,
        port=port,
        processes=tuple(known.processes),
        opened_at=known.opened_at,
        closed_at=closed_at,
    )
