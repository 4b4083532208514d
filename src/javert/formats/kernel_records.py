"""Records that the kernel programs write, as bytes, to values.

The layouts are those of bpf/who.h, bpf/network.h and bpf/modules.h; a test compares them with the type information
of the compiled objects. A command line is raw here: it must be redacted before it goes anywhere.
"""

import struct
from functools import lru_cache
from typing import NamedTuple

from javert.errors import ParseError
from javert.formats.addresses import address_text
from javert.model.telemetry import ProcessKey

TICKS_PER_SECOND = 100
"""USER_HZ, in which /proc counts time on every Linux architecture Javert runs on."""

WHO = struct.Struct("<QQQ6I16s16s")
PATH_NAMES = struct.Struct("<II1280s")
ENDPOINT_KEY = struct.Struct("<16sQQIIIHBBBBB5x")
ENDPOINT = struct.Struct("<7Q2I64x")
INTERVAL_AT = 60  # in it
ENDPOINT_EVENT_HEAD = struct.Struct("<IIQ")
CGROUP_HEAD = struct.Struct("<IIQ")
SEGMENT_HEAD = struct.Struct("<IIQQ16sHHIIIHBB")
LISTEN_HEAD = struct.Struct("<IIQ16sIHHQQ")
NETWORK_STATE = struct.Struct("<II7Q5I4x")
SELF_PID_AT, WALK_STOPS_AT, OWN_FLOWS_AT, ASKED_PROCESSES_AT, STOCK_TAKEN_AT = 4, 64, 72, 76, 80  # in the state
MODULE_HEAD = struct.Struct("<QQ8I")
MODULES_STATE = struct.Struct("<II4Q")
TASK_RECORD_HEAD = struct.Struct("<II")
BLOCK_MODULES = 1024
PORT_KEY = struct.Struct("<IHH")
OWN_FLOW_KEY = struct.Struct("<16sIHH")
CMDLINE_MAX = 512
ENDPOINTS = 32768

EVENT_ENDPOINT, EVENT_SEGMENT, EVENT_LISTEN, EVENT_UNLISTEN, EVENT_CGROUP = 1, 2, 3, 4, 5
SEGMENT_MIDSTREAM, SEGMENT_AT_LISTENER, SEGMENT_UDP = 1, 2, 4
TASK_ROOT, TASK_EXECUTABLE_STACK, TASK_BUSY, TASK_READ_IMPLIES_EXEC, TASK_CODE_MEMORY = 1, 2, 4, 8, 16
TASK_DROPPED = 32
MODULE_DELETED, MODULE_DETACHED = 1, 2
ENDPOINT_IDENTITY_SIZE = ENDPOINT_KEY.size + 8 + WHO.size
_RECORD_TASK, _RECORD_MODULES, _RECORD_UNCHANGED = 1, 2, 3
_HEAD_WORDS = TASK_RECORD_HEAD.size // 4
_TASK_WORDS = (TASK_RECORD_HEAD.size + WHO.size) // 4


class Who(NamedTuple):
    """A task as the kernel described it (struct who)."""

    key: ProcessKey
    cgroup: int
    exe_device: int
    exe_inode: int
    parent_pid: int
    uid: int
    network_namespace: int
    mount_namespace: int
    name: str
    parent_name: str


class EndpointEvent(NamedTuple):
    """A new endpoint (struct endpoint_event, client_event). ``who`` is None where no process was at hand."""

    endpoint: int
    address: str
    port: int
    udp: bool
    server: bool
    peer_loopback: bool
    midstream: bool
    prompted: bool
    network_namespace: int
    who: Who | None
    exe: str
    cmdline: bytes
    socket_inode: int
    uid: int


class SegmentEvent(NamedTuple):
    """The beginning of a segment's payload (struct segment_event). Times are nanoseconds since boot."""

    endpoint: int
    time_ns: int
    cookie: int
    peer: bytes
    peer_port: int
    local_port: int
    offset: int
    length: int
    from_network: bool
    flags: int
    data: bytes


class ListenEvent(NamedTuple):
    """A TCP socket began to listen, or ceased to (struct listen_event); ``who`` is None for the latter."""

    listening: bool
    time_ns: int
    address: str
    port: int
    network_namespace: int
    socket_inode: int
    who: Who | None
    exe: str
    cmdline: bytes


class CgroupEvent(NamedTuple):
    """A control group and its path from the root of the tree; "" if that is too long (struct cgroup_event)."""

    cgroup: int
    path: str


NetworkEvent = EndpointEvent | SegmentEvent | ListenEvent | CgroupEvent


class ModuleEvent(NamedTuple):
    """A file mapped executable for the first time (struct module_event)."""

    module: int
    time_ns: int
    device: int
    inode: int
    mode: int
    uid: int
    gid: int
    flags: int
    task_flags: int
    who: Who
    path: str
    truncated: bool


class TaskRecord(NamedTuple):
    """A process with the numbers of its modules (records of the task iterator); some may be there twice."""

    who: Who
    flags: int
    modules: tuple[int, ...]


@lru_cache(maxsize=4096)  # of 2,000 processes most share name, parent and device with others
def _text(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("utf-8", "backslashreplace")


@lru_cache(maxsize=256)
def _device(kernel: int) -> int:
    """The kernel's internal dev_t (major << 20 | minor) as ``st_dev`` has it (new_encode_dev, gnu_dev_makedev)."""
    major, minor = kernel >> 20, kernel & 0xFFFFF
    return (minor & 0xFF) | (major & 0xFFF) << 8 | (minor & ~0xFF) << 12 | (major & ~0xFFF) << 32


def parse_who(data: bytes, offset: int) -> Who:
    """The ``struct who`` at ``offset``. Raises ParseError if it is cut."""
    try:
        start, cgroup, inode, device, pid, parent, uid, network, mount, name, parent_name = WHO.unpack_from(
            data, offset
        )
    except struct.error:
        raise ParseError("a task record of the kernel programs is cut") from None
    key = ProcessKey(pid, start * TICKS_PER_SECOND // 1_000_000_000)
    return Who(key, cgroup, _device(device), inode, parent, uid, network, mount, _text(name), _text(parent_name))


def parse_path(data: bytes, offset: int) -> tuple[str, bool]:
    """The path in the ``struct path_names`` at ``offset``, and whether its beginning is missing.

    Raises:
        ParseError: the record is cut or its length lies.
    """
    try:
        length, truncated, names = PATH_NAMES.unpack_from(data, offset)
    except struct.error:
        raise ParseError("a path record of the kernel programs is cut") from None
    if length > len(names):
        raise ParseError("a path record of the kernel programs has an impossible length")
    parts = names[:length].split(b"\0")[:-1]
    return "/" + b"/".join(reversed(parts)).decode("utf-8", "surrogateescape") if parts else "", bool(truncated)


def _exe_and_cmdline(data: bytes, lengths_at: int) -> tuple[str, bytes]:
    (cmdline_length,) = struct.unpack_from("<I", data, lengths_at)
    exe, truncated = parse_path(data, lengths_at + 8)
    start = lengths_at + 8 + PATH_NAMES.size
    if len(data) < start + CMDLINE_MAX:
        raise ParseError("an event of the network programs is cut")
    return "" if truncated else exe, data[start : start + min(cmdline_length, CMDLINE_MAX)]


def parse_network_event(data: bytes) -> NetworkEvent:
    """One event of the network programs' ring.

    Raises:
        ParseError: it is cut or of no known type.
    """
    try:
        (kind,) = struct.unpack_from("<I", data)
        if kind == EVENT_SEGMENT:
            return _segment(data)
        if kind == EVENT_ENDPOINT:
            return _endpoint(data)
        if kind in (EVENT_LISTEN, EVENT_UNLISTEN):
            return _listen(data)
        if kind == EVENT_CGROUP:
            return _cgroup(data)
    except struct.error:
        raise ParseError("an event of the network programs is cut") from None
    raise ParseError(f"an event of the network programs has the unknown type {kind}")


def _segment(data: bytes) -> SegmentEvent:
    (
        _kind,
        endpoint,
        time_ns,
        cookie,
        peer,
        peer_port,
        local_port,
        _namespace,
        offset,
        length,
        captured,
        direction,
        flags,
    ) = SEGMENT_HEAD.unpack_from(data)
    payload = data[SEGMENT_HEAD.size : SEGMENT_HEAD.size + captured]
    if len(payload) != captured:
        raise ParseError("a segment of the network programs is cut")
    return SegmentEvent(
        endpoint, time_ns, cookie, peer, peer_port, local_port, offset, length, bool(direction), flags, payload
    )


def _endpoint(data: bytes) -> EndpointEvent:
    _kind, endpoint, _time_ns = ENDPOINT_EVENT_HEAD.unpack_from(data)
    end = ENDPOINT_EVENT_HEAD.size + ENDPOINT_IDENTITY_SIZE
    event = parse_endpoint_identity(endpoint, data[ENDPOINT_EVENT_HEAD.size : end])
    if len(data) == end:
        return event  # of no process
    exe, cmdline = _exe_and_cmdline(data, end)
    return event._replace(exe=exe, cmdline=cmdline)


def parse_endpoint_identity(endpoint: int, data: bytes) -> EndpointEvent:
    """A ``struct endpoint_identity``, as its event or the map of that name holds it.

    Args:
        endpoint: the endpoint's number.
        data: the structure.

    Raises:
        ParseError: it is cut.
    """
    try:
        address, _cgroup, _inode, _exe_device, uid, namespace, port, transport, role, loopback, *flags = (
            ENDPOINT_KEY.unpack_from(data)
        )
        (socket_inode,) = struct.unpack_from("<Q", data, ENDPOINT_KEY.size)
    except struct.error:
        raise ParseError("an endpoint of the network programs is cut") from None
    who = parse_who(data, ENDPOINT_KEY.size + 8)
    return EndpointEvent(
        endpoint=endpoint,
        address=address_text(address),
        port=port,
        udp=transport == 17,
        server=bool(role),
        peer_loopback=bool(loopback),
        midstream=bool(flags[0]),
        prompted=bool(flags[1]),
        network_namespace=namespace,
        who=who if who.key.pid else None,
        exe="",
        cmdline=b"",
        socket_inode=socket_inode,
        uid=uid,
    )


def _cgroup(data: bytes) -> CgroupEvent:
    _kind, _pad, cgroup = CGROUP_HEAD.unpack_from(data)
    path, truncated = parse_path(data, CGROUP_HEAD.size)
    return CgroupEvent(cgroup, "" if truncated else path)


def _listen(data: bytes) -> ListenEvent:
    kind, _pad, time_ns, address, namespace, port, _pad2, inode, _cookie = LISTEN_HEAD.unpack_from(data)
    who = parse_who(data, LISTEN_HEAD.size)
    exe, cmdline = _exe_and_cmdline(data, LISTEN_HEAD.size + WHO.size)
    return ListenEvent(
        listening=kind == EVENT_LISTEN,
        time_ns=time_ns,
        address=address_text(address),
        port=port,
        network_namespace=namespace,
        socket_inode=inode,
        who=who if who.key.pid else None,
        exe=exe,
        cmdline=cmdline,
    )


def parse_module_event(data: bytes) -> ModuleEvent:
    """One event of the module programs' ring. Raises ParseError if it is cut."""
    try:
        time_ns, inode, module, device, mode, uid, gid, flags, task_flags, _pad = MODULE_HEAD.unpack_from(data)
    except struct.error:
        raise ParseError("an event of the module programs is cut") from None
    who = parse_who(data, MODULE_HEAD.size)
    path, truncated = parse_path(data, MODULE_HEAD.size + WHO.size)
    return ModuleEvent(
        module, time_ns, _device(device), inode, mode & 0o7777, uid, gid, flags, task_flags, who, path, truncated
    )


class TaskRecords:
    """Puts the chunks of the task iterator together: modules come first, then the task that has them.

    Attributes:
        unchanged: pids of tasks that are what they were in the walk before, and have mapped nothing since.
    """

    def __init__(self) -> None:
        self.unchanged: list[int] = []
        self._rest = b""
        self._modules: tuple[int, ...] = ()

    def feed(self, chunk: bytes) -> list[TaskRecord]:
        """The tasks that are complete with this chunk. Raises ParseError for an unknown record."""
        data = self._rest + chunk
        tasks: list[TaskRecord] = []
        # A host with 2,000 processes has 30,000 module numbers: they are all unpacked in one call.
        words = struct.unpack_from(f"<{len(data) // 4}I", data)
        at = 0
        while at + _HEAD_WORDS <= len(words):
            kind, value = words[at], words[at + 1]
            if kind == _RECORD_MODULES:
                if value > BLOCK_MODULES:
                    raise ParseError("a record of the task iterator has an impossible length")
                end = at + _HEAD_WORDS + value
                if end > len(words):
                    break
                self._modules += words[at + _HEAD_WORDS : end]
                at = end
            elif kind == _RECORD_TASK:
                if at + _TASK_WORDS > len(words):
                    break
                who = parse_who(data, at * 4 + TASK_RECORD_HEAD.size)
                tasks.append(TaskRecord(who, value, self._modules))
                self._modules = ()
                at += _TASK_WORDS
            elif kind == _RECORD_UNCHANGED:
                self.unchanged.append(value)
                at += _HEAD_WORDS
            else:
                raise ParseError(f"a record of the task iterator has the unknown type {kind}")
        self._rest = data[at * 4 :]
        return tasks
