"""Network namespaces of the host, and looking at things inside one."""

import ctypes
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

from javert.errors import ParseError, SensorError
from javert.formats.mountinfo import parse
from javert.formats.procfs import parse_local_ipv4, parse_local_ipv6
from javert.model.telemetry import NetworkNamespace

_CLONE_NEWNET = 0x40000000
_T = TypeVar("_T")

_NAMED = ("/run/netns", "/run/docker/netns")
"""Where ip-netns(8) and Docker keep names for namespaces, also for those without a process."""


class NamespaceEntry(NamedTuple):
    """A network namespace: a file that leads to it, a process inside (0 if none is known), and its name."""

    inode: int
    path: str
    pid: int
    name: str


def own_network_namespace() -> int:
    """Inode number of the network namespace Javert runs in."""
    return Path("/proc/self/ns/net").stat().st_ino


def network_namespaces() -> list[NamespaceEntry]:
    """Every network namespace that a process, a name or a mount leads to; Javert's own first.

    One that only an open file or a socket holds, or a mount in another mount namespace, cannot be found this way.
    """
    found: dict[int, NamespaceEntry] = {}
    own = own_network_namespace()
    found[own] = NamespaceEntry(own, "/proc/self/ns/net", os.getpid(), "")
    for name, path in (*_named(), *_mounted()):
        try:
            status = os.stat(path)
        except OSError:
            continue  # removed meanwhile
        if status.st_ino not in found and _is_namespace(status):
            found[status.st_ino] = NamespaceEntry(status.st_ino, path, 0, name)
    for pid in processes():
        try:
            inode = int(os.readlink(f"/proc/{pid}/ns/net")[5:-1])
        except (OSError, ValueError):
            continue  # ended meanwhile, or not ours to look at: the unprivileged run says so in an exclusion
        entry = found.get(inode)
        if entry is None or not entry.pid:
            name = entry.name if entry else ""
            found[inode] = NamespaceEntry(inode, f"/proc/{pid}/ns/net", pid, name)
    return list(found.values())


def _named() -> list[tuple[str, str]]:
    """Names that programs keep for namespaces, and their paths."""
    found: list[tuple[str, str]] = []
    for directory in _NAMED:
        try:
            found += [(name, f"{directory}/{name}") for name in sorted(os.listdir(directory))]
        except OSError:
            continue  # nobody keeps names there
    return found


def _mounted() -> list[tuple[str, str]]:
    """Files elsewhere on which somebody mounted a network namespace to keep it, and their paths."""
    try:
        mounts = parse(Path("/proc/self/mountinfo").read_bytes())
    except (OSError, ParseError):
        return []  # what cannot be read of the mounts, the sensors of files tell
    paths = [one.mount_point for one in mounts if one.file_system == "nsfs" and one.root.startswith("net:[")]
    return [(path.rsplit("/", 1)[-1], path) for path in paths]


def look_into(entry: NamespaceEntry, look: Callable[[NamespaceEntry], None]) -> NamespaceEntry | None:
    """Call ``look`` with the namespace; if that fails, by another way that leads there; not again if it is gone.

    Returns:
        The way that led there; None if the namespace is gone.

    Raises:
        SensorError: the namespace is there, and cannot be looked into.
    """
    way: NamespaceEntry | None = entry
    for last in (False, False, True):  # the next way, too, may go with its process
        if way is None:
            break
        try:
            look(way)
        except SensorError:
            if last:
                raise
            way = next((one for one in network_namespaces() if one.inode == entry.inode), None)
        else:
            break
    return way


def _is_namespace(status: os.stat_result) -> bool:
    return status.st_dev == os.stat("/proc/self/ns/net").st_dev


def processes() -> list[int]:
    """The ids of all processes, in ascending order."""
    return sorted(int(name) for name in os.listdir("/proc") if name.isdigit())


def inside(entry: NamespaceEntry, look: Callable[[], _T]) -> _T:
    """Call ``look`` in the network namespace, in a thread of its own so that nothing else moves.

    Raises:
        SensorError: the namespace cannot be entered (it is gone, or root is missing).
    """
    if entry.inode == own_network_namespace():
        return look()
    results: list[_T] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            _enter(entry)
            results.append(look())
        except (SensorError, ParseError, OSError) as error:
            errors.append(error)

    thread = threading.Thread(target=work, name=f"netns-{entry.inode}")
    thread.start()
    thread.join()
    if errors:
        error = errors[0]
        if isinstance(error, SensorError):
            raise error
        raise SensorError(f"cannot look into network namespace {entry.name or entry.inode}: {error}") from None
    return results[0]


def _enter(entry: NamespaceEntry) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        fd = os.open(entry.path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise SensorError(f"cannot open network namespace {entry.name or entry.inode}: {error.strerror}") from None
    try:
        if os.fstat(fd).st_ino != entry.inode:  # the process ended, and another in its place has its number
            raise SensorError(f"network namespace {entry.name or entry.inode} is gone")
        if libc.setns(fd, _CLONE_NEWNET):
            reason = os.strerror(ctypes.get_errno())
            raise SensorError(f"cannot enter network namespace {entry.name or entry.inode}: {reason}")
    finally:
        os.close(fd)


def describe(entry: NamespaceEntry, container: str) -> NetworkNamespace:
    """The namespace with its addresses.

    Args:
        entry: which.
        container: the container its processes belong to; "" if none.

    Raises:
        SensorError: it cannot be entered or read.
    """

    def look() -> tuple[str, ...]:
        try:
            ipv4 = parse_local_ipv4(Path("/proc/thread-self/net/fib_trie").read_text("ascii"))
        except OSError:
            ipv4 = ()  # the kernel lists nothing where no address is set
        try:
            ipv6 = parse_local_ipv6(Path("/proc/thread-self/net/if_inet6").read_text("ascii"))
        except OSError:
            ipv6 = ()  # IPv6 is off
        return ipv4 + ipv6

    initial = entry.inode == own_network_namespace()
    return NetworkNamespace(
        inode=entry.inode,
        initial=initial,
        name="" if initial else container or entry.name,
        addresses=inside(entry, look),
    )
