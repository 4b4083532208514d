"""All telemetry of one run, put together for the rules."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import msgspec

from javert.errors import ParseError
from javert.model.telemetry import (
    AnyRecord,
    ElfFile,
    Endpoint,
    FileScan,
    Heartbeat,
    LibrarySearch,
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
        principals_inside: users and groups of mount namespaces that have files of their own for them.
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
    searches: tuple[LibrarySearch, ...] = ()
    principals_inside: dict[int, Principals] = {}

    @property
    def ended_at(self) -> float:
        """When collection ended, as far as known."""
        return self.ended.ended_at if self.ended else self.last_sign

    @property
    def window_s(self) -> float:
        """How long the host was watched, seconds."""
        return max(0.0, self.ended_at - self.started.started_at)


def assemble(records: Iterable[AnyRecord]) -> Telemetry:
    """Put the records of one journal together; where two have one identity the later stands.

    Raises:
        ParseError: the records do not begin with ``RunStarted``, or another follows.
    """
    iterator = iter(records)
    started = next(iterator, None)
    if not isinstance(started, RunStarted):
        raise ParseError("the journal does not begin with the start of a run")
    last_sign = started.started_at
    latest: dict[tuple[object, ...], AnyRecord] = {}
    for record in iterator:
        match record:
            case RunStarted():
                raise ParseError("the journal holds the start of a second run")
            case Endpoint(last_seen=sign) | Heartbeat(at=sign):
                last_sign = max(last_sign, sign)
        latest[identity(record)] = record
    by_kind: dict[type, list[Any]] = defaultdict(list)
    for record in latest.values():
        by_kind[type(record)].append(record)
    return Telemetry(
        started=started,
        ended=next(iter(by_kind[RunEnded]), None),
        last_sign=last_sign,
        processes={process.key: process for process in by_kind[Process]},
        namespaces={namespace.inode: namespace for namespace in by_kind[NetworkNamespace]},
        principals=next((record for record in by_kind[Principals] if not record.mount_namespace), Principals()),
        endpoints=tuple(by_kind[Endpoint]),
        listeners=tuple(by_kind[Listener]),
        elf_files=tuple(by_kind[ElfFile]),
        scans=tuple(by_kind[FileScan]),
        modules=tuple(by_kind[Module]),
        path_nodes={(node.mount_namespace, node.path): node for node in by_kind[PathNode]},
        limitations=tuple(by_kind[Limitation]),
        sensors=tuple(by_kind[SensorReport]),
        searches=tuple(by_kind[LibrarySearch]),
        principals_inside={
            record.mount_namespace: record for record in by_kind[Principals] if record.mount_namespace
        },
    )


def identity(record: AnyRecord) -> tuple[object, ...]:
    """What two records share if the later replaces the earlier."""
    kind = type(record).__name__
    match record:
        case Process():
            return kind, record.key
        case Endpoint():
            return kind, record.id
        case Module():
            return kind, record.mount_namespace, record.device, record.inode, record.path
        case PathNode() | LibrarySearch():
            return kind, record.mount_namespace, record.path
        case Listener():
            return (
                kind,
                record.network_namespace,
                record.transport,
                record.address,
                record.port,
                record.opened_at,
            )
        case ElfFile():
            return kind, record.device, record.inode
        case FileScan():
            return kind, record.roots
        case NetworkNamespace():
            return kind, record.inode
        case Principals():
            return kind, record.mount_namespace
        case Limitation():
            return kind, record.code, record.scope
        case SensorReport():
            return kind, record.name
        case _:
            return (kind,)
