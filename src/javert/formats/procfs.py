"""Text of files in /proc to values: proc_pid_stat(5), proc_pid_maps(5), proc_pid_cgroup(5), fib_trie, if_inet6."""

import re
from typing import NamedTuple

from javert.errors import ParseError
from javert.formats.addresses import address_text


class ProcessStat(NamedTuple):
    """The fields of ``/proc/PID/stat`` that name a process; ``start`` is clock ticks since boot."""

    pid: int
    name: str
    parent_pid: int
    start: int
    kernel_thread: bool


_PF_KTHREAD = 0x00200000


def parse_stat(data: bytes) -> ProcessStat:
    """The one line of ``/proc/PID/stat``; the name may hold spaces and brackets. Raises ParseError."""
    opened, closed = data.find(b"("), data.rfind(b")")
    if opened < 0 or closed < opened:
        raise ParseError("a process status line has no name in brackets")
    rest = data[closed + 1 :].split()
    try:
        return ProcessStat(
            pid=int(data[:opened]),
            name=data[opened + 1 : closed].decode("utf-8", "backslashreplace"),
            parent_pid=int(rest[1]),
            start=int(rest[19]),
            kernel_thread=bool(int(rest[6]) & _PF_KTHREAD),
        )
    except (ValueError, IndexError):
        raise ParseError("a process status line is cut or holds no numbers") from None


class Mapping(NamedTuple):
    """An executable mapping of a file: one line of ``/proc/PID/maps``."""

    path: str
    device: int
    inode: int
    deleted: bool


_LINE_FEED = rb"\012"  # the only byte that the kernel escapes here: seq_path(m, path, "\n") in fs/proc/task_mmu.c
_DELETED = b" (deleted)"


class MemoryTraits(NamedTuple):
    """What the memory of a process is like, as ``Process`` records tell it."""

    executable_stack: bool = False
    read_implies_exec: bool = False
    code_memory: bool = False


def parse_executable_mappings(data: bytes) -> tuple[list[Mapping], MemoryTraits]:
    """The files mapped executable, each once, and what ``/proc/PID/maps`` tells of the memory besides.

    Raises:
        ParseError: a line is not what proc_pid_maps(5) says.
    """
    found: dict[tuple[int, int, bytes], Mapping] = {}
    executable_stack = code_memory = False
    for line in data.removesuffix(b"\n").split(b"\n") if data else ():
        fields = line.split(None, 5)
        if len(fields) < 5:
            raise ParseError("a line of a memory map is cut")
        if b"x" not in fields[1]:
            continue
        name = fields[5] if len(fields) > 5 else b""
        if name == b"[stack]":
            executable_stack = True
        elif fields[4] == b"0" and b"w" in fields[1]:
            code_memory = True
        if fields[4] == b"0" or not name.startswith(b"/"):
            continue
        major, _, minor = fields[3].partition(b":")
        try:
            device = _make_device(int(major, 16), int(minor, 16))
            key = (device, int(fields[4]), name)
        except ValueError:
            raise ParseError("a line of a memory map holds no numbers") from None
        deleted = name.endswith(_DELETED)
        path = (name.removesuffix(_DELETED) if deleted else name).replace(_LINE_FEED, b"\n")
        found[key] = Mapping(path.decode("utf-8", "surrogateescape"), device, key[1], deleted)
    return list(found.values()), MemoryTraits(executable_stack=executable_stack, code_memory=code_memory)


_READ_IMPLIES_EXEC = 0x0400000  # include/uapi/linux/personality.h


def parse_personality(data: bytes) -> bool:
    """Whether ``/proc/PID/personality`` holds READ_IMPLIES_EXEC. Raises ParseError."""
    try:
        return bool(int(data, 16) & _READ_IMPLIES_EXEC)
    except ValueError:
        raise ParseError("a personality is no hexadecimal number") from None


def _make_device(major: int, minor: int) -> int:
    """``st_dev`` of major and minor, as gnu_dev_makedev(3)."""
    return (minor & 0xFF) | (major & 0xFFF) << 8 | (minor & ~0xFF) << 12 | (major & ~0xFFF) << 32


class Placement(NamedTuple):
    """Where a process runs, by its control groups: container id or name, and systemd unit; "" where none."""

    container: str
    unit: str


_ID = r"[0-9a-f]{64}"  # other programs name groups by shorter numbers of this kind
_CONTAINERS = (
    # libpod-payload: Podman in a unit of systemd (Quadlet). With a colon: runc told a systemd path without systemd.
    re.compile(rf"(?:docker|libpod|libpod-payload|crio|cri-containerd|containerd|nerdctl)[-:]({_ID})(?:\.scope)?$"),
    re.compile(rf"^({_ID})$"),
    re.compile(r"^lxc\.payload\.([^/]+)$"),
    re.compile(r"^lxc-([^/]+)\.scope$"),  # a service named so is one of the host: lxc-net.service
    re.compile(
        r"^machine-(?:lxc-\d+-)?(?!qemu-)([^/]+)\.scope$"
    ),  # machined's; one of QEMU is a program of the host
    re.compile(r"^systemd-nspawn@([^/]+)\.service$"),
)
_LXC_PARENT = re.compile(r"(?:^|/)lxc/([^/]+)(?:/|$)")
_UNIT = re.compile(r"^[^/]+\.(?:service|socket|scope)$")


def parse_cgroup(text: str) -> Placement:
    """Container and unit from the text of ``/proc/PID/cgroup``: cgroup v1 and v2 lines alike.

    Ids of Docker, Podman, containerd and CRI-O are cut to the 12 characters their tools show.
    """
    container = unit = ""
    for line in text.splitlines():
        path = line.split(":", 2)[-1]
        found = place_cgroup(path)
        container = container or found.container
        unit = unit or found.unit
    return Placement(container, unit)


_ESCAPED = re.compile(r"\\x([0-7][0-9a-f])")


def _plain(name: str) -> str:
    """A unit's name as it was before systemd escaped it: systemd.unit(5), "String Escaping for Inclusion"."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), name)


def place_cgroup(path: str) -> Placement:
    """Container and unit from one control group's path."""
    container = unit = ""
    if match := _LXC_PARENT.search(path):
        container = match[1]
    for part in path.split("/"):
        plain = _plain(part)
        for pattern in _CONTAINERS:
            if not container and (match := pattern.search(plain)):
                container = match[1][:12] if re.fullmatch(_ID, match[1]) else match[1]
        if _UNIT.match(part) and not container:
            unit = part
    return Placement(container, unit)


_LOCAL_ADDRESS = re.compile(r"\|-- (\d+\.\d+\.\d+\.\d+)\n\s+/32 host LOCAL")


def parse_local_ipv4(fib_trie: str) -> tuple[str, ...]:
    """The host's own IPv4 addresses from the text of ``/proc/PID/net/fib_trie``, each once, in order."""
    return tuple(dict.fromkeys(_LOCAL_ADDRESS.findall(fib_trie)))


def parse_local_ipv6(if_inet6: str) -> tuple[str, ...]:
    """The host's own IPv6 addresses from the text of ``/proc/PID/net/if_inet6``. Raises ParseError."""
    try:
        return tuple(address_text(bytes.fromhex(line.split()[0])) for line in if_inet6.splitlines() if line.strip())
    except ValueError:
        raise ParseError("a line of if_inet6 does not begin with an address") from None


def parse_interface_of(if_inet6: str, address: str) -> int:
    """The number of the interface that has the IPv6 address; 0 if none has. Raises ParseError."""
    try:
        for line in if_inet6.splitlines():
            fields = line.split()
            if fields and address_text(bytes.fromhex(fields[0])) == address:
                return int(fields[1], 16)
    except (ValueError, IndexError):
        raise ParseError("a line of if_inet6 does not begin with an address and an interface") from None
    return 0
