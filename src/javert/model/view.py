"""All telemetry of one run, put together for the rules."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import msgspec

from javert.errors import ParseError
from javert.model.telemetry import (
    AnyRecord,
    EarlierSilence,
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
    ServiceProbe,
    SilentService,
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
    probes: tuple[ServiceProbe, ...] = ()
    earlier_silence: tuple[SilentService, ...] = ()
    principals_inside: dict[int, Principals] = {}

    @property
    def ended_at(self) -> float:
        """When collection ended, as far as known."""
        return self.ended.ended_at if self.ended else self.last_sign

    @property
    def asleep_s(self) -> float:
        """How long the host was suspended while it was watched, seconds; 0.0 for a run without its end."""
        return self.ended.asleep_s if self.ended else 0.0

    @property
    def window_s(self) -> float:
        """How long the host was watched, seconds; it is not while it is suspended."""
        return max(0.0, self.ended_at - self.started.started_at - self.asleep_s)


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
        probes=tuple(by_kind[ServiceProbe]),
        earlier_silence=tuple(service for record in by_kind[EarlierSilence] for service in record.services),
        principals_inside={
            record.mount_namespace: record for record in by_kind[Principals] if record.mount_namespace
        },
    )


def identity(record: AnyRecord) -> tuple[object, ...]:
    """What two records share if the later replaces the earlier."""
    kind = type(record)
    return kind.__name__, *(getattr(record, name) for name in _IDENTITIES.get(kind, ()))


_IDENTITIES: dict[type, tuple[str, ...]] = {
    Process: ("key",),
    Endpoint: ("id",),
    Module: ("mount_namespace", "device", "inode", "path"),
    PathNode: ("mount_namespace", "path"),
    LibrarySearch: ("mount_namespace", "path"),
    Listener: ("network_namespace", "transport", "address", "port", "opened_at"),
    ServiceProbe: ("network_namespace", "transport", "address", "port"),
    ElfFile: ("device", "inode"),
    FileScan: ("roots",),
    NetworkNamespace: ("inode",),
    Principals: ("mount_namespace",),
    Limitation: ("code", "scope"),
    SensorReport: ("name",),
}
"""By which attributes records of a kind are told apart; of kinds that are missing there is one."""
