"""Puts together who a process is, from the kernel programs or from /proc, and emits each process once."""

import os
import pwd
from pathlib import Path

import msgspec

from javert.errors import ParseError
from javert.formats.cmdline import redact, split
from javert.formats.kernel_records import Who
from javert.formats.proc_status import parse_ids
from javert.formats.procfs import MemoryTraits, Placement, parse_cgroup, parse_stat, place_cgroup
from javert.model.telemetry import Process, ProcessKey
from javert.sensors.interface import Emit, nowhere
from javert.sensors.linux.cgroups import ControlGroups
from javert.sensors.linux.local_paths import LocalPaths
from javert.sensors.linux.statx import statx

_COMM_LENGTH = 15  # TASK_COMM_LEN of include/linux/sched.h, without the NUL at its end
_NOWHERE = Placement("", "")
_LOCAL = LocalPaths()


class ProcessTable:
    """The processes seen during the run. Emits a record when it learns of one, and again when it learns more.

    Args:
        cgroup_root: mount point of the cgroup v2 tree, to name groups of processes that are gone; None without one.
    """

    def __init__(self, cgroup_root: str | None = None) -> None:
        self._emit: Emit = nowhere
        self._cgroups = ControlGroups(cgroup_root)
        self._known: dict[ProcessKey, Process] = {}
        self._programs: dict[tuple[int, int], dict[tuple[int, int, int], int]] = {}
        self._places: dict[int, Placement] = {}
        self._paths: dict[tuple[int, int, int], str] = {}
        self._users: dict[int, str] = {}

    def emit_to(self, emit: Emit) -> None:
        """Emit records there from now on; every sensor that shares the table says so when it starts."""
        self._emit = emit

    def known_as(self, who: Who) -> ProcessKey | None:
        """The key of the process as the program and user that ``who`` describes; None if not known as that."""
        key = self._key(who.key, (who.exe_device, who.exe_inode, who.uid))
        return key if key in self._known else None

    def lacks_program(self, key: ProcessKey) -> bool:
        """Whether the path of the process's executable was not told yet."""
        known = self._known.get(key)
        return known is not None and not known.exe

    def from_kernel(self, who: Who, *, exe: str = "", cmdline: bytes = b"", root: bool | None = None) -> ProcessKey:
        """Take in a process as a kernel program described it; it may be gone by now.

        Args:
            who: the description.
            exe: path of its executable, if it was told.
            cmdline: its raw command line, if it was told; redacted here.
            root: whether one of its uids is 0; None if that was not told.
        """
        key = self._key(who.key, (who.exe_device, who.exe_inode, who.uid))
        known = self._known.get(key)
        program = (who.mount_namespace, who.exe_device, who.exe_inode)
        if exe:
            self._paths[program] = exe
        path = exe or (known.exe if known else self._paths.get(program, ""))
        process = Process(
            key=key,
            name=_full_name(who.name, path),
            exe=path,
            uid=who.uid,
            user=self.user(who.uid),
            cmdline_redacted=_redacted(cmdline) if cmdline else (known.cmdline_redacted if known else ""),
            parent=who.parent_name,
            network_namespace=who.network_namespace,
            mount_namespace=who.mount_namespace,
            root=who.uid == 0 if root is None else root,
            **self._place(who)._asdict(),
        )
        self._learn(process, known)
        return key

    def complete(self, key: ProcessKey) -> None:
        """Look up the program and the command line of a process of which they were not told, if it still runs."""
        known = self._known.get(key)
        if known is not None and not known.exe:
            self.from_proc(key.pid)

    def cgroup_named(self, cgroup: int, path: str) -> None:
        """Note a control group's path, as a kernel program told it; "" is what could not be told."""
        if path:
            self._places[cgroup] = place_cgroup(path)

    def from_proc(self, pid: int) -> ProcessKey | None:
        """Take in a running process from /proc; None if it is gone or not to be read."""
        try:
            stat = parse_stat(Path(f"/proc/{pid}/stat").read_bytes())
        except (OSError, ParseError):
            return None
        try:
            ids = parse_ids(Path(f"/proc/{pid}/status").read_bytes())
            parent = Path(f"/proc/{stat.parent_pid}/comm").read_text(errors="replace").rstrip("\n")
        except (OSError, ParseError):
            parent, ids = "", None
        key = self._key(ProcessKey(pid, stat.start), (*_identity(f"/proc/{pid}/exe"), ids.uids[1] if ids else -1))
        known = self._known.get(key)
        if known is not None and known.cmdline_redacted:
            return key
        place = _read_placement(pid)
        exe = _link(f"/proc/{pid}/exe").removesuffix(" (deleted)")
        network, mount = _namespace(pid, "net"), _namespace(pid, "mnt")
        cmdline = _redacted(_bytes(f"/proc/{pid}/cmdline"))
        if not _still_runs(key):
            return None  # it ended meanwhile, and what was read may be of another that has its number
        process = Process(
            key=key,
            name=_full_name(stat.name, exe),
            exe=exe,
            uid=ids.uids[1] if ids else -1,
            user=self.user(ids.uids[1]) if ids else "",
            cmdline_redacted=cmdline,
            parent=parent,
            network_namespace=network,
            mount_namespace=mount,
            root=bool(ids and 0 in ids.uids),
            container=place.container,
            unit=place.unit,
        )
        self._learn(process, known)
        return key

    def memory_seen(self, key: ProcessKey, traits: MemoryTraits) -> None:
        """Note what the memory of the process was like; what was seen once stays. Javert's own is left out."""
        if any(traits) and key.pid != os.getpid() and (known := self._known.get(key)) is not None:
            self._learn(msgspec.structs.replace(known, **traits._asdict()), known)

    def is_root(self, key: ProcessKey) -> bool:
        """Whether the process was root's when it was last looked at."""
        known = self._known.get(key)
        return known is not None and known.root

    def container(self, pid: int) -> str:
        """The container of a running process; "" if it is in none."""
        return _read_placement(pid).container

    def user(self, uid: int) -> str:
        """The user's name on the host; "" if the uid has none."""
        if uid not in self._users:
            try:
                self._users[uid] = pwd.getpwuid(uid).pw_name if uid >= 0 else ""
            except (KeyError, OverflowError):
                self._users[uid] = ""
        return self._users[uid]

    def _key(self, process: ProcessKey, program: tuple[int, int, int]) -> ProcessKey:
        """The process as it runs this program (device and inode of the executable) for this user."""
        programs = self._programs.setdefault((process.pid, process.start), {})
        return ProcessKey(process.pid, process.start, programs.setdefault(program, len(programs)))

    def _learn(self, process: Process, known: Process | None) -> None:
        if known is not None:
            process = _with_memory_of(process, known)
        if process != known:
            self._known[process.key] = process
            self._emit(process)

    def _place(self, who: Who) -> Placement:
        if who.cgroup not in self._places:
            place = place_cgroup(self._cgroups.path(who.cgroup))
            if place == _NOWHERE:
                # Containers may sit in cgroup v1 groups alone; those are only to be had while the process lives.
                place = _read_placement(who.key.pid)
                if not _still_runs(who.key):
                    return _NOWHERE  # its number may be another's by now
            if who.cgroup <= 1:  # the root group: many kinds of processes share it
                return place
            self._places[who.cgroup] = place
        return self._places[who.cgroup]


def _full_name(name: str, exe: str) -> str:
    """``comm``; where the kernel cut it short, as the file of the program has it."""
    program = exe.rsplit("/", 1)[-1]
    return program if len(name) == _COMM_LENGTH and program.startswith(name) else name


def _with_memory_of(process: Process, known: Process) -> Process:
    return msgspec.structs.replace(
        process,
        executable_stack=process.executable_stack or known.executable_stack,
        read_implies_exec=process.read_implies_exec or known.read_implies_exec,
        code_memory=process.code_memory or known.code_memory,
    )


def _redacted(raw: bytes) -> str:
    return redact(split(raw), _LOCAL.exists)


def _still_runs(key: ProcessKey) -> bool:
    try:
        return parse_stat(_bytes(f"/proc/{key.pid}/stat")).start == key.start
    except ParseError:
        return False


def _read_placement(pid: int) -> Placement:
    return parse_cgroup(_bytes(f"/proc/{pid}/cgroup").decode("utf-8", "replace"))


def _bytes(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""  # it ended, or is not ours to read: the field stays unknown


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""  # as above


def _identity(path: str) -> tuple[int, int]:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return 0, 0  # a kernel thread, or as above
    try:
        status = statx(descriptor)  # asks no server: that of a program's file system may be gone
    except OSError:
        return 0, 0
    finally:
        os.close(descriptor)
    return status.device, status.inode


def _namespace(pid: int, kind: str) -> int:
    link = _link(f"/proc/{pid}/ns/{kind}")
    return int(link[len(kind) + 2 : -1]) if link else 0
