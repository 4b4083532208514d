"""Keeps account of listening sockets: who holds them, when they came and when they went."""

from collections.abc import Callable, Iterable

import msgspec

from javert.formats.addresses import is_unspecified
from javert.formats.cmdline import split
from javert.formats.kernel_records import ListenEvent
from javert.formats.published_ports import PROXY
from javert.formats.sock_diag import IPPROTO_TCP, IPPROTO_UDP, TCP_CLOSE, TCP_LISTEN, SocketEntry
from javert.model.telemetry import Listener, ProcessKey, PublishedPort, Transport
from javert.sensors.interface import Emit
from javert.sensors.linux.held_for import HeldFor, Holder, held_for, running_holder
from javert.sensors.linux.namespaces import NamespaceEntry, inside
from javert.sensors.linux.processes import ProcessTable
from javert.sensors.linux.sockets import list_sockets, sockets_of
from javert.sensors.own_flows import OwnFlows

Holders = Callable[[int], list[int]]
"""The pids that hold a socket, by its inode number."""
_Place = tuple[int, Transport, str, int]
_SOMEWHERE = PublishedPort()
"""Held for a container, nobody knows for which: it may not have started yet."""


class _Known(msgspec.Struct):
    """A listener now open. ``sockets``: by inode number (several with SO_REUSEPORT), who holds them."""

    sockets: dict[int, tuple[ProcessKey, ...]]
    opened_at: float | None
    dual_stack: bool
    held_for: HeldFor = HeldFor()
    told: Listener | None = None

    @property
    def processes(self) -> tuple[ProcessKey, ...]:
        return tuple(dict.fromkeys(key for keys in self.sockets.values() for key in keys))

    def note(self, holder: Holder, place: _Place) -> None:
        """Learn what a process that holds it says for whom it does."""
        _, transport, address, port = place
        said = held_for(holder, transport, address, port, alone=len(self.processes) <= 1)
        if said.publishes == _SOMEWHERE and self.held_for.publishes:
            return  # more than that is known already
        if any(said) or holder.name == PROXY:
            self.held_for = said


class _Look:
    """What ``/proc`` says of processes during one listing, each read once: one may have thousands of listeners."""

    def __init__(self, table: ProcessTable) -> None:
        self._resolve: dict[int, ProcessKey | None] = {}
        self._sockets: dict[int, frozenset[int] | None] = {}
        self._table = table

    def key(self, pid: int) -> ProcessKey | None:
        if pid not in self._resolve:
            self._resolve[pid] = self._table.from_proc(pid)
        return self._resolve[pid]

    def holds(self, pid: int, inode: int) -> bool:
        """Whether the process holds the socket; True as well where nobody may look."""
        if pid not in self._sockets:
            self._sockets[pid] = _sockets(pid)
        sockets = self._sockets[pid]
        return sockets is None or inode in sockets


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
        look = _Look(self._table)
        for transport, sockets in ((Transport.TCP, streams), (Transport.UDP, datagrams)):
            theirs = [f for f in sockets if not self._own.has(transport, entry.inode, f.address, f.port)]
            if now is not None:
                self._drop_missing(entry.inode, transport, theirs, now)
            for found in theirs:
                self._take(entry.inode, transport, found, holders=holders, look=look, now=now)
        return streams

    def close_namespace(self, inode: int, now: float) -> None:
        """A namespace is gone, and with it every listener in it."""
        for transport in Transport:
            self._drop_missing(inode, transport, (), now)

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
            known = self._open[place] = _Known({}, at, event.address == "::")
        known.sockets[event.socket_inode] = (key,) if key is not None else ()
        if event.who is not None:
            who = event.who
            known.note(Holder(who.key.pid, who.name, who.uid, tuple(split(event.cmdline))), place)
        self._tell(place, known)

    def _closed(self, place: _Place, known: _Known | None, socket: int, at: float) -> None:
        if known is None:
            return  # it came and went between two listings of a port that listen(2) chose
        # A socket that is closed by its process's end has lost its inode: then any one of the group went.
        if len(known.sockets) > 1:
            del known.sockets[socket if socket in known.sockets else next(iter(known.sockets))]
        else:
            del self._open[place]
            self._tell(place, known, closed_at=at)

    def _take(
        self,
        namespace: int,
        transport: Transport,
        found: SocketEntry,
        *,
        holders: Holders,
        look: _Look,
        now: float | None,
    ) -> None:
        place = (namespace, transport, found.address, found.port)
        known = self._open.get(place)
        if known is None:
            known = self._open[place] = _Known({}, now, found.dual_stack)
        dual_stack = found.dual_stack and is_unspecified(found.address)
        held = known.sockets.get(found.inode, ())
        # Who began to listen may have passed the socket on, become another program, or ended.
        staying = [key.pid for key in held if look.holds(key.pid, found.inode)]
        as_told = held and tuple(map(look.key, staying)) == held and known.held_for.publishes != _SOMEWHERE
        if as_told and dual_stack == known.dual_stack:
            return
        known.dual_stack = dual_stack
        pids = staying or (pid for pid in holders(found.inode) if now is None or look.holds(pid, found.inode))
        self._hold(known, found.inode, pids, look, place)
        self._tell(place, known)

    def _hold(self, known: _Known, inode: int, pids: Iterable[int], look: _Look, place: _Place) -> None:
        # systemd keeps what it passes on: whoever else holds the socket serves it.
        keys = {pid: key for pid in sorted(pids, key=lambda pid: (pid == 1, pid)) if (key := look.key(pid))}
        known.sockets[inode] = tuple(keys.values()) or known.sockets.get(inode, ())
        for pid in keys:
            if holder := running_holder(pid):
                known.note(holder, place)

    def _drop_missing(self, namespace: int, transport: Transport, there: Iterable[SocketEntry], now: float) -> None:
        present: dict[_Place, set[int]] = {}
        for found in there:
            present.setdefault((namespace, transport, found.address, found.port), set()).add(found.inode)
        for place in [place for place in self._open if place[:2] == (namespace, transport)]:
            known = self._open[place]
            if place not in present:
                del self._open[place]
                self._tell(place, known, closed_at=now)
            else:
                known.sockets = {inode: keys for inode, keys in known.sockets.items() if inode in present[place]}

    def _tell(self, place: _Place, known: _Known, closed_at: float | None = None) -> None:
        namespace, transport, address, port = place
        listener = Listener(
            transport=transport,
            network_namespace=namespace,
            address=address,
            port=port,
            dual_stack=known.dual_stack,
            processes=known.processes,
            opened_at=known.opened_at,
            closed_at=closed_at,
            **known.held_for._asdict(),
        )
        if listener != known.told:
            known.told = listener
            self._emit(listener)


def _sockets(pid: int) -> frozenset[int] | None:
    try:
        return frozenset(sockets_of(pid))
    except PermissionError:
        return None
    except OSError:
        return frozenset()  # it ended
