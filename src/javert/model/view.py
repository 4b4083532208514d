"""All telemetry of one run, put together for the rules."""

from collections.abc import Iterable

import msgspec

from javert.errors import ParseError
from javert.model.telemetry import (
    AnyRecord,
    ElfFile,
    Endpoint,
    FileScan,
    Heartbeat,
    Limitation,
    Listener,
    Module,
    NetworkNamespace,
    PathNode,
    Principals,
    Process,
    ProcessKey,
    RunEnded,
    RunStarted,
    SensorReport,
)


class Telemetry(msgspec.Struct, frozen=True, kw_only=True):
    """Everything seen in one run; for each identity the last record stands.

    Attributes:
        started: how the run began.
        ended: how collection ended; None if it never said (crash, kill -9, reboot).
        last_sign: the latest time any record proves collection was alive.
        path_nodes: by (mount namespace, path).
    """

    started: RunStarted
    ended: RunEnded | None
    last_sign: float
    processes: dict[ProcessKey, Process]
    namespaces: dict[int, NetworkNamespace]
    principals: Principals
    endpoints: tuple[Endpoint, ...]
    listeners: tuple[Listener, ...]
    elf_files: tuple[ElfFile, ...]
    scans: tuple[FileScan, ...]
    modules: tuple[Module, ...]
    path_nodes: dict[tuple[int, str], PathNode]
    limitations: tuple[Limitation, ...]
    sensors: tuple[SensorReport, ...]

    @property
    def ended_at(self) -> float:
        """When collection ended, as far as known."""
        return self.ended.ended_at if self.ended else self.last_sign

    @property
    def window_s(self) -> float:
        """How long the host was watched, seconds."""
        return max(0.0, self.ended_at - self.started.started_at)


def assemble(records: Iterable[AnyRecord]) -> Telemetry:  # noqa: PLR0912 - one arm a record type
    """Put the records of one journal together; where two have one identity the later stands.

    Raises:
        ParseError: the records do not begin with ``RunStarted``.
    """
    iterator = iter(records)
    started = next(iterator, None)
    if not isinstance(started, RunStarted):
        raise ParseError("the journal does not begin with the start of a run")
    ended: RunEnded | None = None
    last_sign = started.started_at
    processes: dict[ProcessKey, Process] = {}
    namespaces: dict[int, NetworkNamespace] = {}
    principals = Principals()
    endpoints: dict[int, Endpoint] = {}
    listeners: dict[tuple[object, ...], Listener] = {}
    elf_files: dict[tuple[int, int], ElfFile] = {}
    scans: dict[tuple[str, ...], FileScan] = {}
    modules: dict[tuple[object, ...], Module] = {}
    path_nodes: dict[tuple[int, str], PathNode] = {}
    limitations: dict[tuple[str, str], Limitation] = {}
    sensors: dict[str, SensorReport] = {}
    for record in iterator:
        match record:
            case Process():
                processes[record.key] = record
            case Endpoint():
                endpoints[record.id] = record
                last_sign = max(last_sign, record.last_seen)
            case Module():
                modules[record.mount_namespace, record.device, record.inode, record.path] = record
            case PathNode():
                path_nodes[record.mount_namespace, record.path] = record
            case Listener():
                listeners[
                    record.network_namespace, record.transport, record.address, record.port, record.opened_at
                ] = record
            case ElfFile():
                elf_files[record.device, record.inode] = record
            case FileScan():
                scans[record.roots] = record
            case NetworkNamespace():
                namespaces[record.inode] = record
            case Principals():
                principals = record
            case Limitation():
                limitations[record.code, record.scope] = record
            case SensorReport():
                sensors[record.name] = record
            case Heartbeat():
                last_sign = max(last_sign, record.at)
            case RunEnded():
                ended = record
            case RunStarted():
                raise ParseError("the journal holds the start of a second run")
    return Telemetry(
        started=started,
        ended=ended,
        last_sign=last_sign,
        processes=processes,
        namespaces=namespaces,
        principals=principals,
        endpoints=tuple(endpoints.values()),
        listeners=tuple(listeners.values()),
        elf_files=tuple(elf_files.values()),
        scans=tuple(scans.values()),
        modules=tuple(modules.values()),
        path_nodes=path_nodes,
        limitations=tuple(limitations.values()),
        sensors=tuple(sensors.values()),
    )
