"""Telemetry: what the sensors saw, as frozen records. Rules see nothing else.

Every record can be written to a journal as one JSON line and read back. A record with the same identity
(see ``Telemetry`` in ``javert.model.view``) as an earlier one replaces it, so counters are always cumulative.

Times are seconds since the Unix epoch (UTC). Network and mount namespaces are told by their inode number as in
``/proc/PID/ns/net``. Addresses are text as ``ipaddress`` prints them, IPv4-mapped IPv6 written as IPv4.
No record holds payload, nor anything a person typed or a program authenticated with.
"""

from enum import StrEnum

import msgspec

from javert.model.rule_id import RuleId


class Record(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="record", omit_defaults=True):
    """Base of every telemetry record; the class name is its tag in the journal."""


class ProcessKey(msgspec.Struct, frozen=True, array_like=True):
    """Names one process for good: a reused pid has another start, and what execve(2) makes of it another program.

    Attributes:
        pid: process id (of the thread group) in the initial pid namespace.
        start: when it started, clock ticks since boot: field 22 of ``/proc/PID/stat`` (proc_pid_stat(5)).
        program: counts the programs, and the users it ran them as, that the process was seen with.
    """

    pid: int
    start: int
    program: int = 0


# ---------------------------------------------------------------- the run and the host


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """The assessed host.

    Attributes:
        os: "linux" or "windows".
        kernel: release as ``uname -r`` prints it.
        architecture: as ``uname -m`` prints it.
        addresses: the addresses of the host's own (initial) network namespace, loopback left out.
        libc: name and version of the C library, for instance "glibc 2.36"; "" where unknown.
        no_execute_off: why no memory can be protected from execution: "processor" or a kernel parameter.
    """

    hostname: str
    os: str
    kernel: str
    architecture: str
    addresses: tuple[str, ...] = ()
    os_name: str = ""
    libc: str = ""
    no_execute_off: str = ""


class RunStarted(Record, frozen=True, kw_only=True):
    """First line of every journal.

    Attributes:
        planned_s: how long collection was meant to last, seconds.
        rules: the rules that were asked for.
        scan_roots: where the file scan was told to look; empty means every local file system.
        privileged: whether the sensors ran as root.
        capture: the telemetry was read from a capture file, which ``host`` names: there is neither a host nor a
            process, and the times are those of the packets.
    """

    run_id: str
    javert_version: str
    started_at: float
    planned_s: float
    host: Host
    rules: tuple[RuleId, ...]
    scan_roots: tuple[str, ...] = ()
    privileged: bool = True
    capture: bool = False


class RunEnded(Record, frozen=True, kw_only=True):
    """Last line of the journal of a run whose collection ended by itself or by Ctrl-C; missing after a crash."""

    ended_at: float
    interrupted: bool = False


class Heartbeat(Record, frozen=True, kw_only=True):
    """Proof that collection was alive at ``at``; the last one dates the end of a run that crashed."""

    at: float


class SensorReport(Record, frozen=True, kw_only=True):
    """What a sensor did. Replaced by later reports of the same name.

    Attributes:
        records: how many events or records it took in.
        lost: how many it knows it lost, for instance because a kernel buffer was full.
        rules: the rules whose answer rests on it; empty means every rule that was asked for.
    """

    name: str
    started_at: float
    ended_at: float | None = None
    records: int = 0
    lost: int = 0
    rules: tuple[RuleId, ...] = ()


class Limitation(Record, frozen=True, kw_only=True):
    """Something a sensor could not look at. Becomes an exclusion for each rule it touches.

    Attributes:
        code: catalogue key: texts are ``limitation.<code>``.
        rules: the rules whose answer is less complete for it.
        scope: what is affected (a path, a namespace, "the host"); "" means the host.
        params: values for the texts.
        blinds: the rules had nothing to look at, so without a finding they are NOT_AVAILABLE, not CLEAR.
    """

    code: str
    rules: tuple[RuleId, ...]
    scope: str = ""
    params: dict[str, str] = {}
    blinds: bool = False


# ---------------------------------------------------------------- who


class Process(Record, frozen=True, kw_only=True):
    """A process, as far as it could be seen.

    Attributes:
        key: its identity.
        name: ``comm``, in full where the kernel cuts it short.
        exe: path of the executable in the process's own mount namespace; "" where unknown (kernel thread).
        uid: effective user id in the initial user namespace.
        user: name of ``uid`` on the host; "" where it has none.
        cmdline_redacted: the command line with everything but options' names and existing paths masked.
        parent: name of the parent process.
        container: name or id of the container; "" on the host itself.
        unit: systemd unit; "" where there is none.
        network_namespace, mount_namespace: inode numbers; 0 where unknown.
        root: real, effective, saved or file-system uid is 0 in the initial user namespace.
        executable_stack: its ``[stack]`` mapping was executable.
    """

    key: ProcessKey
    name: str
    exe: str = ""
    uid: int = -1
    user: str = ""
    cmdline_redacted: str = ""
    parent: str = ""
    container: str = ""
    unit: str = ""
    network_namespace: int = 0
    mount_namespace: int = 0
    root: bool = False
    executable_stack: bool = False


class NetworkNamespace(Record, frozen=True, kw_only=True):
    """A network namespace and its addresses.

    Attributes:
        initial: it is the host's own.
        name: container or ``ip netns`` name; "" where none is known.
    """

    inode: int
    initial: bool = False
    name: str = ""
    addresses: tuple[str, ...] = ()


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A group of users. ``members`` are user names, primary members included; root left out."""

    gid: int
    name: str
    members: tuple[str, ...] = ()


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """The ids that running processes hold; none of the uids is 0.

    Attributes:
        uid: effective user id. gids: real, effective, saved and supplementary ones.
        names: of the processes that hold exactly these.
    """

    uid: int
    gids: tuple[int, ...]
    names: tuple[str, ...] = ()


class Principals(Record, frozen=True, kw_only=True):
    """The users and groups of the host (NSS), and what running processes not of root hold.

    Attributes:
        mount_namespace: 0 for the host; else users and groups are those of the files in that mount namespace
            (passwd(5), group(5)), and nobody is ``running``.
        users: uid to name.
        groups: those the host knows.
        running: who runs besides root; groups a service was given count although no group file names it.
    """

    mount_namespace: int = 0
    users: dict[int, str] = {}
    groups: tuple[Group, ...] = ()
    running: tuple[Credentials, ...] = ()


# ---------------------------------------------------------------- network


class Role(StrEnum):
    """Which side of a connection the process on this host is."""

    CLIENT = "client"
    SERVER = "server"


class Transport(StrEnum):
    """The transport protocol of a flow or listener."""

    TCP = "tcp"
    UDP = "udp"


class Encryption(StrEnum):
    """What is known of a session's encryption.

    NONE: cleartext, no upgrade offered. OFFERED_NOT_USED: the server offered one, the client went on without.
    REFUSED: the client asked for one and the server declined, and the session went on in cleartext.
    UPGRADED: it started in cleartext and TLS really began. FULL: encrypted from the first byte.
    UNKNOWN: not told by what was seen.
    """

    NONE = "none"
    OFFERED_NOT_USED = "offered-not-used"
    REFUSED = "refused"
    UPGRADED = "upgraded"
    FULL = "full"
    UNKNOWN = "unknown"

    @property
    def cleartext(self) -> bool:
        """Whether application data went over the network readable."""
        return self in (Encryption.NONE, Encryption.OFFERED_NOT_USED, Encryption.REFUSED)


class Evidence(StrEnum):
    """What a protocol was told by: payload that was read, or only a port number."""

    PAYLOAD = "payload"
    PORT = "port"


class ProtocolUse(msgspec.Struct, frozen=True, kw_only=True):
    """How many flows of an endpoint were seen to be of one kind.

    Attributes:
        protocol: a name of the design's list, for instance "http".
        credentials_exposed: a credential crossed the network readable in at least one of them.
        account_login: a real account logged in (FTP: a user other than anonymous).
        redirect_only: every answer seen was a redirect to https (HTTP servers).
        flows: how many.
    """

    protocol: str
    encryption: Encryption
    evidence: Evidence = Evidence.PAYLOAD
    credentials_exposed: bool = False
    account_login: bool = False
    redirect_only: bool = False
    flows: int = 1
    first_seen: float = 0.0
    last_seen: float = 0.0


class Endpoint(Record, frozen=True, kw_only=True):
    """Traffic of one process with one remote service, or of one local service with its clients; cumulative.

    Attributes:
        id: number within the run.
        address, port: of the server: the remote side for a client, the local side for a server.
        process: the client process, or the server process where it is known.
        client: (client, from a capture) address of the client, which stands for the process nobody saw.
        peer_loopback: (server) the counted clients came over loopback.
        connections: TCP connections completed, or UDP flows; those open before the run included once they
            carried data during the run.
        refused: TCP connections that were tried and never completed.
        bytes_out, bytes_in: payload as the process sent and received it.
        sampled: flows whose payload was looked at.
        uses: what these turned out to be.
    """

    id: int
    role: Role
    transport: Transport
    network_namespace: int
    address: str
    port: int
    process: ProcessKey | None = None
    client: str = ""
    peer_loopback: bool = False
    connections: int = 0
    refused: int = 0
    bytes_out: int = 0
    bytes_in: int = 0
    first_seen: float = 0.0
    last_seen: float = 0.0
    sampled: int = 0
    uses: tuple[ProtocolUse, ...] = ()


class Listener(Record, frozen=True, kw_only=True):
    """A socket that waits for clients. SO_REUSEPORT members are one listener.

    Attributes:
        address: as bound: "0.0.0.0" and "::" mean every address.
        dual_stack: an IPv6 wildcard that takes IPv4 too.
        processes: who holds the socket, the one that serves first.
        opened_at: when it was seen to appear; None if it was there when the run began.
        closed_at: when it was seen to disappear; None if it was there when the run ended.
        unit: the systemd socket unit that holds it, if one does.
    """

    transport: Transport
    network_namespace: int
    address: str
    port: int
    dual_stack: bool = False
    processes: tuple[ProcessKey, ...] = ()
    opened_at: float | None = None
    closed_at: float | None = None
    unit: str = ""


# ---------------------------------------------------------------- files


class StackHeader(StrEnum):
    """What the last PT_GNU_STACK of an ELF file says; the kernel takes the last (fs/binfmt_elf.c)."""

    EXECUTABLE = "executable"
    NON_EXECUTABLE = "non-executable"
    MISSING = "missing"


class ElfKind(StrEnum):
    """What an ELF file is to the system that runs it."""

    EXECUTABLE = "executable"
    SHARED_OBJECT = "shared-object"


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """The package that owns a file.

    Attributes:
        origin: "os-package" (from the distribution) or "third-party-package".
        vendor: distribution, vendor or maintainer, as the package says.
        manager: "dpkg", "rpm", "apk", "pip", "npm", "gem", "snap" or "flatpak".
        system: root directory of the system it is installed in, if that is neither the host nor a container whose
            processes name it (a chroot, an image's layer).
    """

    name: str
    version: str = ""
    origin: str = "os-package"
    vendor: str = ""
    manager: str = "dpkg"
    system: str = ""


class ElfFile(Record, frozen=True, kw_only=True):
    """An ELF executable or shared object that is worth a rule's look.

    The scan reports every one whose program header is anything but a single non-executable PT_GNU_STACK with no
    load segment both writable and executable; the others are only counted in ``FileScan``.

    Attributes:
        path: one of its names.
        device, inode: identity, as in ``stat``; joins with ``Module``.
        machine: as readelf prints it in short: "x86-64", "i386", "arm64", "arm", …
        byte_order: "little" or "big".
        static: an executable without a program interpreter.
        writable_executable: a PT_LOAD is both.
        package: its owner; None if no package claims it.
        ownership_known: False where a package database could not be read.
    """

    path: str
    device: int
    inode: int
    machine: str
    bits: int
    byte_order: str
    kind: ElfKind
    stack: StackHeader
    static: bool = False
    writable_executable: bool = False
    package: Package | None = None
    ownership_known: bool = True


class FileScan(Record, frozen=True, kw_only=True):
    """How much the file scan looked at.

    Attributes:
        files: directory entries seen. candidates: files opened. elf: ELF executables and shared objects read.
        finished: False if it was stopped before the end.
        machines: ELF files by machine.
        damaged: files that begin like ELF and have headers that nothing runs or loads.
        mapped: files read because running processes have them mapped, wherever they lie.
    """

    roots: tuple[str, ...]
    files: int = 0
    candidates: int = 0
    elf: int = 0
    finished: bool = True
    machines: dict[str, int] = {}
    seconds: float = 0.0
    damaged: int = 0
    mapped: int = 0


class AclEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a POSIX access control list, acl(5).

    Attributes:
        tag: "user", "group", "mask", "user-owner", "group-owner" or "other".
        id: uid or gid for "user" and "group"; -1 otherwise.
        permissions: bits 4 read, 2 write, 1 execute.
    """

    tag: str
    id: int = -1
    permissions: int = 0


class PathNode(Record, frozen=True, kw_only=True):
    """One file, directory or symbolic link on the way to a module, in one mount namespace.

    Attributes:
        path: absolute, in that mount namespace, not resolved.
        kind: "file", "directory", "symlink" or "missing".
        mode: permission bits with set-id and sticky (``st_mode & 07777``).
        acl: access ACL; empty if it has none beyond the mode.
        immutable: has the immutable attribute. append_only: has the append-only attribute (chattr(1)).
        read_only: its file system is mounted read-only, here and wherever else the host has it mounted.
        mount_point: something is mounted here, so it cannot be renamed or removed in this namespace.
        file_system: type name where permissions mean something else ("nfs", "fuse.sshfs" …); "" otherwise.
        resolves_to: for a symbolic link, its target as stored.
    """

    mount_namespace: int
    path: str
    kind: str
    uid: int = -1
    gid: int = -1
    mode: int = 0
    acl: tuple[AclEntry, ...] = ()
    immutable: bool = False
    append_only: bool = False
    read_only: bool = False
    mount_point: bool = False
    file_system: str = ""
    resolves_to: str = ""


class ModuleKind(StrEnum):
    """How a module came into a process."""

    EXECUTABLE = "executable"
    SHARED_OBJECT = "shared-object"
    INTERPRETER = "interpreter"
    SCRIPT = "script"


class Module(Record, frozen=True, kw_only=True):
    """A file mapped executable by processes of this host at any moment of the run.

    Attributes:
        path: in the processes' mount namespace.
        device, inode: identity of the mapped file.
        processes: every process seen with it (cumulative).
        root_processes: those of them that were root's when they were seen with it.
        way: paths of the ``PathNode`` records from the root to the file, symbolic links included; empty if it
            was not looked at (no root process has it) or could not be.
        deleted: the mapped file is no longer at its path (removed or replaced).
        mapped_uid, mapped_gid, mapped_mode: owner and mode of the mapped file itself as the kernel told them;
            -1 where not known.
    """

    path: str
    device: int
    inode: int
    mount_namespace: int
    kind: ModuleKind = ModuleKind.SHARED_OBJECT
    processes: tuple[ProcessKey, ...] = ()
    root_processes: tuple[ProcessKey, ...] = ()
    way: tuple[str, ...] = ()
    deleted: bool = False
    mapped_uid: int = -1
    mapped_gid: int = -1
    mapped_mode: int = -1
    first_seen: float = 0.0
    last_seen: float = 0.0


class SearchedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that the dynamic loader looks for before, or to learn, where the others are.

    Attributes:
        path: as the loader asks the kernel for it; it need not exist.
        by: what makes it look there: "runpath", "rpath", "needed" (an absolute name), "interpreter" (PT_INTERP),
            "preload" (/etc/ld.so.preload), "cache" (/etc/ld.so.cache), "ld-preload" or "ld-library-path"
            (variables of a process).
        way: as in ``Module``.
    """

    path: str
    by: str
    way: tuple[str, ...] = ()


class LibrarySearch(Record, frozen=True, kw_only=True):
    """Where the dynamic loader looks on behalf of a module of root's, besides the system's own directories.

    Attributes:
        path: of the module; joins with ``Module`` in the same mount namespace.
    """

    mount_namespace: int
    path: str
    files: tuple[SearchedFile, ...]


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
    | ElfFile
    | FileScan
    | PathNode
    | Module
    | LibrarySearch
)
