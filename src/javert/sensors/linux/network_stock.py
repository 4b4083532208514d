"""What is open in every network namespace of the host, at the start of a run, as it changes, and at its end."""

import time

from javert.errors import SensorError
from javert.formats.sock_diag import SocketEntry
from javert.model.rule_id import NETWORK_RULES
from javert.model.telemetry import Endpoint, Limitation, ProcessKey
from javert.sensors.interface import Emit
from javert.sensors.linux.clock import BootClock
from javert.sensors.linux.listeners import ListenerBook
from javert.sensors.linux.namespaces import NamespaceEntry, describe, inside, look_into, network_namespaces
from javert.sensors.linux.network_programs import NetworkPrograms
from javert.sensors.linux.processes import ProcessTable
from javert.sensors.linux.silent_sessions import SilentSessions
from javert.sensors.linux.sockets import holders, holds

_NAMESPACES_EVERY_S = 5.0
_LISTING_SHARE = 1 / 100
"""Of one core at most, for listing sockets and their holders again because something began to listen."""


class NetworkStock:
    """Namespaces, their listeners, and the connections that were open before the run.

    Args:
        emit: where records go.
        table: resolves processes.
        clock: of the run.
        book: takes the listeners.
        programs: are told what is listened on, and mark what is open.
    """

    def __init__(
        self, emit: Emit, table: ProcessTable, clock: BootClock, book: ListenerBook, programs: NetworkPrograms
    ) -> None:
        self._emit = emit
        self._table = table
        self._clock = clock
        self._book = book
        self._programs = programs
        self._silent = SilentSessions()
        self._namespaces: dict[int, NamespaceEntry] = {}
        self._namespaces_at = clock.now()
        self._began_at = clock.now()
        self._inodes: dict[int, list[int]] = {}
        self._again: set[int] = set()
        self._next_listing = 0.0
        self._lost_listens = 0

    def take(self) -> None:
        """Take stock of the start.

        Raises:
            BpfUnavailableError: the kernel does not let open connections be walked.
            OSError: of this process or of /proc, for instance no file descriptor left.
        """
        self._inodes, _ = holders()
        for entry in network_namespaces():
            self._enter(entry, None)
        self._namespaces_at = self._clock.now()
        self._programs.stock_is_taken()

    def changed(self, network_namespace: int) -> None:
        """Something new waits for clients there: it is listed at the next look."""
        self._again.add(network_namespace)

    def look_again(self) -> None:
        """List what changed, unless that took too much of late; now and then find namespaces new or gone."""
        lost_listens = self._programs.state().lost_listens
        if lost_listens != self._lost_listens:  # a burst that the ring had no room for
            self._lost_listens = lost_listens
            self._again.update(self._namespaces)
        if self._again and time.monotonic() >= self._next_listing:
            began = time.process_time()
            namespaces, self._again = self._again, set()
            for inode in namespaces:
                self._read_again(inode)
            self._next_listing = time.monotonic() + (time.process_time() - began) / _LISTING_SHARE
        if self._clock.now() - self._namespaces_at > _NAMESPACES_EVERY_S:
            self._find_new_namespaces()

    def close(self) -> None:
        """Take stock of the end: listeners once more, and what connections that are open still have carried."""
        now = self._clock.now()
        self._programs.walks_settle()
        entries = network_namespaces()
        for entry in entries:
            self._last_look(entry, now)
        for gone in self._book.namespaces() - {entry.inode for entry in entries}:
            self._book.close_namespace(gone, now)

    def speaks(self, inode: int) -> None:
        """The connection of this socket was open before the run, and carried data."""
        self._silent.speaks(inode)

    def silent_sessions(self) -> tuple[Endpoint, ...]:
        """Sessions that were open before the run and have said nothing since."""
        return self._silent.endpoints()

    def holder(self, inode: int) -> ProcessKey | None:
        """The process that holds a socket now; None if nobody does."""
        pid = next((pid for pid in self._inodes.get(inode, []) if holds(pid, inode)), None)
        if pid is None:  # not known, or it has closed the socket or ended since, and its number may be another's
            found, _ = holders(frozenset({inode}))
            pid = next(iter(found.get(inode, [])), None)
        return None if pid is None else self._table.from_proc(pid)

    def _enter(self, entry: NamespaceEntry, now: float | None) -> None:
        try:
            look_into(entry, lambda entry: self._take_stock_of(entry, now))
        except SensorError as error:
            self._cannot_look(entry, error)
        self._namespaces[entry.inode] = entry

    def _take_stock_of(self, entry: NamespaceEntry, now: float | None) -> None:
        """Addresses, listeners, and connections open before the run."""
        self._describe(entry)
        for listener in self._list(entry, now):
            self._programs.listened_on(entry.inode, listener.port)
        if now is None:
            inside(entry, self._programs.walk_connections)
            self._silent.read_namespace(entry, self._began_at, self.holder)

    def _describe(self, entry: NamespaceEntry) -> None:
        self._emit(describe(entry, self._table.container(entry.pid) if entry.pid else ""))

    def _list(self, entry: NamespaceEntry, now: float | None) -> list[SocketEntry]:
        """List what waits for clients. One look at every process finds all holders, so there is one at most."""
        looked = False

        def pids(inode: int) -> list[int]:
            nonlocal looked
            if inode in self._inodes or not inode:  # 0: no process holds it any more
                return self._inodes.get(inode, [])
            if now is None:
                return []  # it has come since the start's own look, and its event tells who holds it
            if not looked:
                self._inodes, _ = holders()
                looked = True
            return self._inodes.setdefault(inode, [])

        return self._book.read_namespace(entry, pids, now)

    def _read_again(self, inode: int) -> None:
        entry = self._namespaces.get(inode)
        if entry is None:
            self._find_new_namespaces()
            entry = self._namespaces.get(inode)
        if entry is None:
            return  # gone already; its listeners were told by their own events
        try:
            self._list(entry, self._clock.now())
        except SensorError:
            self._namespaces.pop(inode, None)  # the way in is gone; another process may lead there

    def _find_new_namespaces(self) -> None:
        now = self._namespaces_at = self._clock.now()
        current = {entry.inode: entry for entry in network_namespaces()}
        for inode in list(self._namespaces):
            if inode not in current:
                del self._namespaces[inode]
                self._book.close_namespace(inode, now)
        for inode, entry in current.items():
            if inode in self._namespaces:
                self._namespaces[inode] = entry
            else:
                self._enter(entry, now)

    def _last_look(self, entry: NamespaceEntry, now: float) -> None:
        def look(entry: NamespaceEntry) -> None:
            self._describe(entry)
            self._list(entry, now)
            inside(entry, self._programs.walk_connections)

        try:
            look_into(entry, look)
        except SensorError as error:
            self._cannot_look(entry, error)

    def _cannot_look(self, entry: NamespaceEntry, error: SensorError) -> None:
        self._emit(
            Limitation(
                code="network-namespace-unreadable",
                rules=NETWORK_RULES,
                scope=entry.name or f"net:[{entry.inode}]",
                params={"reason": str(error)},
            )
        )
