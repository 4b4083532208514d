"""The ``attributes`` of a finding, by rule: what a person or a program needs to act."""

import msgspec


class ProcessSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A process as findings name it; ``uid`` is -1 and texts are "" where unknown."""

    pid: int
    name: str
    exe: str
    user: str
    uid: int
    cmdline_redacted: str
    parent: str
    container: str
    unit: str = ""


class RemoteService(msgspec.Struct, frozen=True, kw_only=True):
    """A service that a client talked to. ``same_host``: in a container or namespace of this host."""

    address: str
    port: int
    connections: int
    bytes_out: int
    bytes_in: int
    first_seen: str
    last_seen: str
    same_host: bool = False


class ClientAttributes(msgspec.Struct, frozen=True, kw_only=True):
    """For ``insecure-client-login`` and ``insecure-client-general``.

    ``remotes`` holds the 20 busiest of ``remote_count``. Only in a capture, where no process can be told,
    ``client`` is there: the client's address.
    """

    protocol: str
    process: ProcessSummary
    remotes: tuple[RemoteService, ...]
    remote_count: int
    evidence: str
    encryption: str
    credentials_exposed: bool
    client: str | msgspec.UnsetType = msgspec.UNSET


class UnusedPortAttributes(msgspec.Struct, frozen=True, kw_only=True):
    """For ``unused-listening-tcp-port``; ``listening_s`` is how much of ``window_s`` the listener was there.

    ``starts`` is what a super-server that only holds the port would start: a program, or a systemd unit.
    ``silent_since``, ``silent_runs`` and ``silent_s`` count this run and the earlier ones in which it was silent.
    """

    address: str
    port: int
    family: str
    exposure: str
    process: ProcessSummary | None
    listening_s: float
    window_s: float
    unit: str = ""
    silent_since: str = ""
    silent_runs: int = 1
    silent_s: float = 0.0
    starts: str = ""


class ServerAttributes(msgspec.Struct, frozen=True, kw_only=True):
    """For ``insecure-server-protocol``.

    ``authentication`` is "none", "required" or "unknown"; ``communities`` are the well-known community strings that
    an SNMP agent answers to, and ``without_privacy`` says that it answers version 3 unencrypted as well;
    ``software`` is "" where no greeting named one that Javert knows. ``starts`` is what a super-server that only
    holds the port starts when a client comes: a program, or a systemd unit.
    """

    protocol: str
    transport: str
    address: str
    port: int
    exposure: str
    process: ProcessSummary | None
    verdict: str
    evidence: tuple[str, ...]
    credentials_exposed: bool = False
    used_only_from_loopback: bool = False
    authentication: str = "unknown"
    software: str = ""
    communities: tuple[str, ...] = ()
    without_privacy: bool = False
    starts: str = ""


class DepAttributes(msgspec.Struct, frozen=True, kw_only=True):
    """For ``software-without-dep``.

    ``image`` names the container image in a layer of which the file lies; ``container`` the container that wrote
    it, or in which it runs.
    """

    path: str
    reasons: tuple[str, ...]
    machine: str
    bits: int
    kind: str
    origin: str
    package: str
    vendor: str
    running_pids: tuple[int, ...]
    loadable_by_glibc: bool
    kernel_makes_stack_executable: bool
    image: str = ""
    container: str = ""


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One way by which somebody could change a module; ``fix`` is the command that closes it.

    ``programs`` is there where a set-group-ID program gives a group of ``principals`` to whoever runs it.
    """

    path: str
    reason: str
    principals: tuple[str, ...]
    fix: str = ""
    programs: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET


class RootModuleAttributes(msgspec.Struct, frozen=True, kw_only=True):
    """For ``root-process-insecure-permissions``.

    ``searched_by`` is empty for a module that was loaded. Else nothing was: the dynamic loader, or Python,
    looks for ``path`` on behalf of these modules.
    """

    path: str
    kind: str
    processes: tuple[ProcessSummary, ...]
    process_count: int
    container: str
    ways: tuple[Way, ...]
    deleted: bool = False
    searched_by: tuple[str, ...] = ()
