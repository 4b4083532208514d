"""Telemetry: what the sensors saw, as frozen records. Rules see nothing else.

Every record can be written to a journal as one JSON line and read back. A record with the same identity
(see ``Telemetry`` in ``javert.model.view``) as an earlier one replaces it, so counters are always cumulative.

Times are seconds since the Unix epoch (UTC). Network and mount namespaces are told by their inode number as in
``/proc/PID/ns/net``; the only network of a Windows host is 1. Addresses are text as ``ipaddress`` prints them,
IPv4-mapped IPv6 written as IPv4.
No record holds payload, nor anything a person typed or a program authenticated with.
"""

from javert.model.telemetry.modules import (
    AclEntry,
    LibrarySearch,
    Module,
    ModuleKind,
    PathNode,
    SearchedFile,
)
from javert.model.telemetry.network import (
    EarlierSilence,
    Encryption,
    Endpoint,
    Evidence,
    Listener,
    ProtocolUse,
    PublishedPort,
    Role,
    SilentService,
    Transport,
)
from javert.model.telemetry.probes import (
    Acceptance,
    Authentication,
    ProbeAnswer,
    ProbeOutcome,
    ServiceProbe,
)
from javert.model.telemetry.record import (
    ProcessKey,
    Record,
)
from javert.model.telemetry.run import (
    Heartbeat,
    Host,
    Limitation,
    RunEnded,
    RunStarted,
    SensorReport,
)
from javert.model.telemetry.software import (
    ElfFile,
    ElfKind,
    FileScan,
    Package,
    StackHeader,
)
from javert.model.telemetry.who import (
    Credentials,
    Group,
    NetworkNamespace,
    Principals,
    Process,
)

AnyRecord = (
    RunStarted
    | RunEnded
    | Heartbeat
    | SensorReport
    | Limitation
    | Process
    | NetworkNamespace
    | Principals
    | Endpoint
    | Listener
    | EarlierSilence
    | ElfFile
    | FileScan
    | PathNode
    | Module
    | LibrarySearch
    | ServiceProbe
)
"""Any of the records a journal may hold."""

__all__ = [
    "Acceptance",
    "AclEntry",
    "AnyRecord",
    "Authentication",
    "Credentials",
    "EarlierSilence",
    "ElfFile",
    "ElfKind",
    "Encryption",
    "Endpoint",
    "Evidence",
    "FileScan",
    "Group",
    "Heartbeat",
    "Host",
    "LibrarySearch",
    "Limitation",
    "Listener",
    "Module",
    "ModuleKind",
    "NetworkNamespace",
    "Package",
    "PathNode",
    "Principals",
    "ProbeAnswer",
    "ProbeOutcome",
    "Process",
    "ProcessKey",
    "ProtocolUse",
    "PublishedPort",
    "Record",
    "Role",
    "RunEnded",
    "RunStarted",
    "SearchedFile",
    "SensorReport",
    "ServiceProbe",
    "SilentService",
    "StackHeader",
    "Transport",
]
