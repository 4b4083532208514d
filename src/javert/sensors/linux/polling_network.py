"""Network traffic by listing sockets twice a second, where the kernel programs are refused.

Connections shorter than the interval are missed and no payload is read: the exclusion ``connections-polled`` says
so.
"""

from collections.abc import Hashable

import msgspec

from javert.errors import SensorError
from javert.formats.addresses import is_loopback
from javert.formats.sock_diag import IPPROTO_TCP, TCP_ESTABLISHED, SocketEntry
from javert.model.rule_id import NETWORK_RULES
from javert.model.telemetry import (
    Encryption,
    Endpoint,
    Evidence,
    Limitation,
    ProcessKey,
    ProtocolUse,
    Role,
    SensorReport,
    Transport,
)
from javert.sensors import clock
from javert.sensors.interface import Emit
from javert.sensors.linux.listeners import ListenerBook
from javert.sensors.linux.namespaces import NamespaceEntry, describe, inside, look_into, network_namespaces
from javert.sensors.linux.processes import ProcessTable
from javert.sensors.linux.sockets import holders, list_sockets
from javert.sensors.own_flows import OwnFlows

_NAMESPACES_EVERY_S = 5.0


class _Counted(msgspec.Struct):
    id: int
    role: Role
    namespace: int
    address: str
    port: int
    process: ProcessKey | None
    peer_loopback: bool
    first_seen: float
    last_seen: float
    connections: int = 0
    changed: bool = True


class PollingNetworkSensor:
    """Lists listeners and connections, and counts the connections it comes to see."""

    name = "network (polling)"

    def __init__(self, table: ProcessTable, own: OwnFlows) -> None:
        self._table = table
        self._own = own
        self._endpoints: dict[Hashable, _Counted] = {}
        self._connections: set[Hashable] = set()
        self._pids: dict[int, list[int]] = {}
        self._namespaces: list[NamespaceEntry] = []
        self._namespaces_at = 0.0
        self._unreadable: set[int] = set()
        self._records = 0
        self._started_at = 0.0
        self._ended_at: float | None = None

    def start(self, emit: Emit) -> None:
        """List what is there.

        Raises:
            SensorError: not even the sockets of Javert's own network namespace can be listed.
        """
        self._emit = emit
        self._table.emit_to(emit)
        self._started_at = clock.now()
        self._book = ListenerBook(emit, self._table, self._own)
        list_sockets(IPPROTO_TCP, [TCP_ESTABLISHED])
        self._pids, unreadable = holders()
        if unreadable:
            emit(Limitation(code="processes-not-readable", rules=NETWORK_RULES, params={"count": str(unreadable)}))
        self._look(first=True)

    def poll(self) -> None:
        """List again."""
        self._look(first=False)

    def flush(self) -> None:
        """Emit endpoints that have new connections."""
        for counted in self._endpoints.values():
            if counted.changed:
                counted.changed = False
                self._emit(_record(counted))

    def stop(self) -> None:
        """List a last time."""
        self._look(first=False)
        self.flush()
        self._ended_at = clock.now()

    def report(self) -> SensorReport:
        """How many connections were seen."""
        return SensorReport(
            name=self.name,
            started_at=self._started_at,
            ended_at=self._ended_at,
            records=self._records,
            rules=NETWORK_RULES,
        )

    def _look(self, *, first: bool) -> None:
        self._own.prune()
        now = clock.now()
        if now - self._namespaces_at > _NAMESPACES_EVERY_S:
            self._namespaces_at = now
            self._namespaces = network_namespaces()
        present: set[Hashable] = set()
        reached = []
        for entry in self._namespaces:
            try:
                way = look_into(entry, lambda entry: present.update(self._look_into(entry, now, first=first)))
            except SensorError as error:
                self._cannot_look(entry, error)
                continue
            if way is not None:
                reached.append(way)
        for gone in self._book.namespaces() - {entry.inode for entry in reached}:
            self._book.close_namespace(gone, now)
        self._namespaces = reached
        self._connections = present

    def _cannot_look(self, entry: NamespaceEntry, error: SensorError) -> None:
        if entry.inode not in self._unreadable:
            self._unreadable.add(entry.inode)
            self._emit(
                Limitation(
                    code="network-namespace-unreadable",
                    rules=NETWORK_RULES,
                    scope=entry.name or f"net:[{entry.inode}]",
                    params={"reason": str(error)},
                )
            )

    def _look_into(self, entry: NamespaceEntry, now: float, *, first: bool) -> set[Hashable]:
        if first or now == self._namespaces_at:
            self._emit(describe(entry, self._table.container(entry.pid) if entry.pid else ""))
        listeners = self._book.read_namespace(entry, self._holders, None if first else now)
        ports = {listener.port: listener for listener in listeners}
        present: set[Hashable] = set()
        for found in inside(entry, lambda: list_sockets(IPPROTO_TCP, [TCP_ESTABLISHED])):
            connection = (entry.inode, found.address, found.port, found.peer, found.peer_port)
            present.add(connection)
            if connection not in self._connections and not self._is_own(entry.inode, found):
                # What was open before the run is no traffic of the run for a listener.
                self._count(entry, found, server=found.port in ports, now=now, first=first)
        return present

    def _is_own(self, namespace: int, found: SocketEntry) -> bool:
        ends = ((found.address, found.port), (found.peer, found.peer_port))
        return any(self._own.has(Transport.TCP, namespace, *end) for end in ends)

    def _count(self, entry: NamespaceEntry, found: SocketEntry, *, server: bool, now: float, first: bool) -> None:
        if server and first:
            return
        self._records += 1
        process = None if server else self._holder(found.inode)
        address, port = (found.address, found.port) if server else (found.peer, found.peer_port)
        key = (entry.inode, server, address, port, process, server and is_loopback(found.peer))
        counted = self._endpoints.get(key)
        if counted is None:
            counted = self._endpoints[key] = _Counted(
                id=len(self._endpoints),
                role=Role.SERVER if server else Role.CLIENT,
                namespace=entry.inode,
                address=address,
                port=port,
                process=process,
                peer_loopback=server and is_loopback(found.peer),
                first_seen=now,
                last_seen=now,
            )
        counted.connections += 1
        counted.last_seen = now
        counted.changed = True

    def _holder(self, inode: int) -> ProcessKey | None:
        pids = self._holders(inode)
        return self._table.from_proc(pids[0]) if pids else None

    def _holders(self, inode: int) -> list[int]:
        if inode and inode not in self._pids:
            found, _ = holders(frozenset({inode}))
            self._pids[inode] = found.get(inode, [])
        return self._pids.get(inode, [])


def _record(counted: _Counted) -> Endpoint:
    use = ProtocolUse(
        protocol="unknown",
        encryption=Encryption.UNKNOWN,
        evidence=Evidence.PORT,
        flows=counted.connections,
        first_seen=counted.first_seen,
        last_seen=counted.last_seen,
    )
    return Endpoint(
        id=counted.id,
        role=counted.role,
        transport=Transport.TCP,
        network_namespace=counted.namespace,
        address=counted.address,
        port=counted.port,
        process=counted.process,
        peer_loopback=counted.peer_loopback,
        connections=counted.connections,
        first_seen=counted.first_seen,
        last_seen=counted.last_seen,
        uses=(use,) if counted.role is Role.CLIENT else (),
    )
