"""Records of processes, network namespaces, users and groups."""

import msgspec

from javert.model.telemetry.record import ProcessKey, Record


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
        unit: systemd unit; on Windows the services that it runs, parted by ", "; "" where there is none.
        network_namespace, mount_namespace: inode numbers; 0 where unknown.
        root: real, effective, saved or file-system uid is 0 in the initial user namespace.
        executable_stack: its ``[stack]`` mapping was executable.
        read_implies_exec: it had the personality READ_IMPLIES_EXEC: what it may read it may execute.
        code_memory: it had memory of no file that was both writable and executable, its ``[stack]`` left aside.
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
    read_implies_exec: bool = False
    code_memory: bool = False


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
        given_by_programs: by gid, paths of set-group-ID programs that users other than root may run: whoever does
            has the group for what the program does.
    """

    mount_namespace: int = 0
    users: dict[int, str] = msgspec.field(default_factory=dict)
    groups: tuple[Group, ...] = ()
    running: tuple[Credentials, ...] = ()
    given_by_programs: dict[int, tuple[str, ...]] = msgspec.field(default_factory=dict)
