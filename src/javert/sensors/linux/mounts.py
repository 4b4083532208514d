"""Which file systems a file scan looks into: the local ones, each of them once.

What the kernel keeps in memory for its own use (proc, sysfs …) holds no software. What lives on another host is
that host's business, and reading it would load the network. Both stay out unless a root lies inside them; so does,
and is told, what nobody here knows. An overlay shows what its layers hold, and is walked where they are not.
"""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from javert.errors import ParseError, SensorError
from javert.formats import mountinfo
from javert.formats.mountinfo import Mount
from javert.sensors.linux.namespaces import processes

_IN_MEMORY_BUT_ORDINARY = frozenset(
    {"tmpfs", "devtmpfs", "ramfs", "zfs", "bcachefs", "ubifs", "jffs2", "aufs", "rootfs", "ecryptfs"}
)
"""File systems without a block device (``nodev`` in /proc/filesystems) that people keep files in."""

_SHARED = frozenset({"gfs", "gfs2", "ocfs2"})
"""File systems on a block device that several hosts use together."""

_NO_SOFTWARE = frozenset(
    {"autofs", "binder", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "cpuset", "debugfs", "devpts"}
    | {"efivarfs", "functionfs", "fuse.lxcfs", "fusectl", "hugetlbfs", "mqueue", "nfsd", "nsfs", "ocfs2_dlmfs"}
    | {"proc", "pstore", "resctrl", "rpc_pipefs", "securityfs", "selinuxfs", "smackfs", "sysfs", "tracefs", "xenfs"}
)
"""File systems in which the kernel, or LXC for it, shows its own state."""

_DEVICES_DIFFER = frozenset({"btrfs", "overlay", "bcachefs"})


class ScanPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Where a scan begins and what it must not enter.

    Attributes:
        roots: directories (or files) to begin with, none inside another except across ``boundaries``.
        boundaries: mount points that a walk must not go into from above.
        left_out: mounts of network, user-space and unknown file systems inside the roots, which stay unread.
        not_asked: mounts inside the roots that would be walked, had the operator not chosen one file system.
        file_systems: the type of the file system that each root is on, where known.
    """

    roots: tuple[str, ...]
    boundaries: frozenset[str]
    left_out: tuple[Mount, ...]
    not_asked: tuple[Mount, ...]
    file_systems: dict[str, str]

    @property
    def devices_differ(self) -> frozenset[str]:
        """Roots in whose file system ``st_dev`` differs from directory to directory."""
        return frozenset(root for root, kind in self.file_systems.items() if kind in _DEVICES_DIFFER)


def mounts() -> tuple[Mount, ...]:
    """The mounts of Javert's own mount namespace.

    Raises:
        SensorError: /proc is not there or not understood.
    """
    try:
        return mountinfo.parse(Path("/proc/self/mountinfo").read_bytes())
    except (OSError, ParseError) as error:
        raise SensorError(f"the mounts of this host cannot be read: {error}") from error


def block_file_systems() -> frozenset[str]:
    """Types of file systems that need a block device, by /proc/filesystems; empty if it cannot be read."""
    try:
        lines = Path("/proc/filesystems").read_text("ascii").splitlines()
    except OSError:
        return frozenset()
    return frozenset(line.strip() for line in lines if not line.startswith("nodev"))


class HiddenMount(NamedTuple):
    """A mount that Javert's own mount namespace does not have, and a process that sees it."""

    mount: Mount
    pid: int


def hidden(table: Iterable[Mount], block_types: frozenset[str]) -> tuple[HiddenMount, ...]:
    """Local file systems that only other mount namespaces have mounted: volumes of containers, for instance.

    Each is told once, by its device. Those in memory alone are left out: nearly every service has one.
    """
    known = {mount.device for mount in table}
    namespaces: set[int] = set()
    found: dict[str, HiddenMount] = {}
    for pid in processes():
        process = Path(f"/proc/{pid}")
        try:
            namespace = (process / "ns/mnt").stat().st_ino
            if namespace in namespaces:
                continue
            namespaces.add(namespace)
            mounts_inside = mountinfo.parse((process / "mountinfo").read_bytes())
        except (OSError, ParseError):
            continue  # it ended, or is another user's: another process of the namespace may do
        for mount in mounts_inside:
            if mount.device not in known and mount.file_system in block_types:
                found.setdefault(mount.device, HiddenMount(mount, pid))
    return tuple(found.values())


def plan(
    wanted: Sequence[str],
    table: Iterable[Mount],
    block_types: frozenset[str],
    *,
    one_file_system: bool = False,
) -> ScanPlan:
    """What to walk for the ``wanted`` absolute paths, which hold no symbolic link; none: every local file system.

    A wanted path is walked whatever file system it is on. Mounts below it are walked too if they are local and show
    files that are not walked anyway (bind mounts; overlays, whose layers are directories of local file systems).
    """
    visible = {mount.mount_point: mount for mount in table}  # the later of two mounts covers the earlier
    by_point = sorted(visible.values(), key=lambda mount: (mount.mount_point.count("/"), mount.mount_point))
    tops = tuple(wanted) or ("/",)
    roots: list[str] = []
    walked: list[Mount] = []
    for path in sorted(tops, key=len):
        mount = _mount_of(path, visible)
        if not any(inside(path, other) and _mount_of(other, visible) is mount for other in roots):
            roots.append(path)
            if mount is not None:
                walked.append(_narrowed(mount, path))
    left_out: list[Mount] = []
    not_asked: list[Mount] = []
    overlays: list[Mount] = []
    for mount in by_point:
        if mount.mount_point in roots or not any(inside(mount.mount_point, top) for top in tops):
            continue
        if mount.file_system == "overlay":
            overlays.append(mount)
        elif _local(mount, block_types):
            if not any(_covers(other, mount) for other in walked):
                (not_asked if one_file_system else walked).append(mount)
        elif mount.file_system not in _NO_SOFTWARE:
            left_out.append(mount)
    for mount in overlays:
        if not all(_is_walked(layer, visible, walked) for layer in overlay_layers(mount)):
            (not_asked if one_file_system else walked).append(mount)
    roots += [mount.mount_point for mount in walked if mount.mount_point not in roots]
    return ScanPlan(
        roots=tuple(roots),
        boundaries=frozenset(visible),
        left_out=tuple(left_out),
        not_asked=tuple(not_asked),
        file_systems={root: mount.file_system for root in roots if (mount := _mount_of(root, visible))},
    )


def resolved(path: str) -> str:
    """The path without symbolic links, as far as it still leads to the same place.

    The kernel's own links below /proc do not: ``/proc/PID/root`` of a container reads as "/".
    """
    real = os.path.realpath(path)
    try:
        return real if os.path.samefile(real, path) else os.path.abspath(path)
    except OSError:
        return os.path.abspath(path) if os.path.exists(path) else real


def _mount_of(path: str, visible: dict[str, Mount]) -> Mount | None:
    while path not in visible and path not in ("/", ""):
        path = path.rpartition("/")[0] or "/"
    return visible.get(path)


def inside(path: str, top: str) -> bool:
    """Whether ``path`` is ``top`` or lies below it; both absolute and without links."""
    return path == top or path.startswith(top.rstrip("/") + "/")


def _narrowed(mount: Mount, path: str) -> Mount:
    """The part of ``mount`` that is seen from ``path`` on, as a mount of its own."""
    below = path[len(mount.mount_point.rstrip("/")) :].rstrip("/")
    return msgspec.structs.replace(mount, root=(mount.root.rstrip("/") + below) or "/", mount_point=path)


def _covers(walked: Mount, mount: Mount) -> bool:
    return walked.device == mount.device and inside(mount.root, walked.root)


def _local(mount: Mount, block_types: frozenset[str]) -> bool:
    kind = mount.file_system
    return kind in _IN_MEMORY_BUT_ORDINARY or (kind in block_types and kind not in _SHARED)


def overlay_layers(mount: Mount) -> tuple[str, ...]:
    """The layers that an overlay was mounted with by absolute paths (filesystems/overlayfs.rst).

    Container engines use relative ones, below the directory where they keep all of them.
    """
    layers: list[str] = []
    for option in mount.super_options:
        name, _, value = option.partition("=")
        if name.rstrip("+") in ("lowerdir", "upperdir", "datadir"):
            layers += [re.sub(r"\\(.)", r"\1", part) for part in re.split(r"(?<!\\):", value)]
    return tuple(layer for layer in layers if layer.startswith("/"))


def _is_walked(layer: str, visible: dict[str, Mount], walked: list[Mount]) -> bool:
    """Whether the directory is one that the walk comes by, and not for instance below the very overlay."""
    mount = _mount_of(layer, visible)
    if mount is None or not any(_covers(other, _narrowed(mount, layer)) for other in walked):
        return False
    return os.path.isdir(layer)  # last, so that no file server is asked
