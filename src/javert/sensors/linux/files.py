"""The file scan: reads the headers of every executable and shared object of the host, in the background.

A thread of low priority walks the file systems and reads one block of each candidate that is new or has changed
(``file_cache.py``). Files that could matter to a rule become ``ElfFile`` records once their packages are known; the
rest is counted. Files that running processes have mapped are read when the module sensor names them, wherever they
lie and whatever they are called.
"""

import errno
import os
import shlex
import threading
import time
from collections import deque
from collections.abc import Collection
from pathlib import Path
from stat import S_ISDIR, S_ISREG

import msgspec

from javert.errors import ParseError, fault_site
from javert.formats import elf
from javert.model.rule_id import RuleId
from javert.model.telemetry import AnyRecord, ElfFile, ElfKind, FileScan, Limitation, SensorReport
from javert.sensors import clock
from javert.sensors.interface import Emit, SensorOptions
from javert.sensors.linux import mounts
from javert.sensors.linux.file_cache import FileCache
from javert.sensors.linux.file_tally import DAMAGED, NOT_SOFTWARE, ScanTally
from javert.sensors.linux.file_walk import Candidate, Walk
from javert.sensors.linux.local_paths import LocalPaths
from javert.sensors.linux.mapped_file import open_mapped
from javert.sensors.linux.packages.attribution import Attribution, Place
from javert.sensors.linux.packages.images import ImageNames
from javert.sensors.linux.priority import step_back
from javert.sensors.linux.regular_file import open_regular

RULE = RuleId.SOFTWARE_WITHOUT_DEP

FINISH_S = 60.0
"""How long the end of a run waits for the scan, seconds."""

LAST_WORK_S = 30.0
"""How long it then waits for what the thread has in hand, for instance packages to be looked up, seconds."""

_OWNERS_EVERY_S = 3.0
_OWNERS_AT_ONCE = 2000
_PLANNED_END = 0.95

_MOST_LINKED = 200_000
"""Files with several names that are kept in mind; further ones are read, and counted, once for each name."""


class FileScanSensor:
    """Scans files for the rule ``software-without-dep``; see ``javert.sensors.interface.Sensor``."""

    name = "files"

    def __init__(self, options: SensorOptions) -> None:
        self._options = options
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._work, name="javert-files", daemon=True)
        self._lock = threading.Lock()
        self._unowned: deque[tuple[ElfFile, Place]] = deque()
        self._found: deque[AnyRecord] = deque()
        self._tally = ScanTally(RULE)
        self._cache = FileCache(options.state_directory)
        self._local = LocalPaths()
        self._mapped: set[tuple[int, int]] = set()
        self._linked: dict[tuple[int, int], int] = {}
        self._reported: set[tuple[int, int]] = set()
        self._last_scan: FileScan | None = None
        self._started_at = self._ended_at = 0.0

    def start(self, emit: Emit) -> None:
        """Begin the scan in its own thread.

        Raises:
            SensorError: the mounts of this host cannot be read.
        """
        self._emit = emit
        self._started_at = clock.now()
        self._began = time.monotonic()
        wanted = [mounts.resolved(path) for path in self._options.scan_roots]
        table, block_types = mounts.mounts(), mounts.block_file_systems()
        self._plan = mounts.plan(wanted, table, block_types, one_file_system=self._options.one_file_system)
        if not wanted and not self._options.one_file_system:
            for mount, pid in mounts.hidden(table, block_types):
                self._limit(
                    "file-system-hidden",
                    mount.mount_point,
                    file_system=mount.file_system,
                    process=str(pid),
                    place=shlex.quote(f"/proc/{pid}/root{mount.mount_point}"),
                )
        self._skip = frozenset(mounts.resolved(path) for path in self._options.scan_skip)
        for path in wanted:
            try:
                mode = Path(path).stat().st_mode
            except OSError as error:
                self._tally.missing(path, error)
            else:
                if not (S_ISREG(mode) or S_ISDIR(mode)):
                    self._tally.missing(path, OSError(errno.EINVAL, "it is neither a file nor a directory"))
        self._walk = Walk(
            boundaries=self._plan.boundaries,
            skip=self._skip,
            stopped=self._stop.is_set,
            unreadable=self._tally.unreadable,
        )
        for mount in self._plan.left_out:
            self._limit("file-system-left-out", mount.mount_point, file_system=mount.file_system)
        for path in sorted({*self._skip, *(mount.mount_point for mount in self._plan.not_asked)}):
            self._limit("file-scan-skipped", path)
        self._thread.start()

    def poll(self) -> None:
        """Emit what the thread found."""
        while self._found:
            self._emit(self._found.popleft())

    def flush(self) -> None:
        """Emit what the thread found and how far it is."""
        self.poll()
        scan = self._tally.record(self._plan.roots, self._walk.files)
        if scan != self._last_scan:
            self._last_scan = scan
            self._emit(scan)

    def look_at(self, path: str, device: int, inode: int, display_path: str, pid: int) -> None:
        """Read a file that a process has mapped, unless it was read before. Cheap; for any thread.

        Args:
            path: where to open it, for instance below ``/proc/PID/root``; "" if nothing leads there.
            device: of the mapped file, as its ``Module`` record has it.
            inode: likewise.
            display_path: its path for people, in the mount namespace of the process.
            pid: of the process; through it the file is read where no path leads to it.
        """
        identity = (device, inode)
        with self._lock:
            if identity in self._mapped:
                return
            self._mapped.add(identity)
        try:
            descriptor = self._open_mapped(path, identity, display_path, pid)
        except OSError:
            self._tally.gone(display_path)
            return
        try:
            self._tally.mapped += 1
            self._examine(descriptor, Place(display_path, path or display_path), identity, scanned=False)
        except OSError as error:
            self._tally.unreadable(display_path, error)
        finally:
            os.close(descriptor)

    def _open_mapped(self, path: str, identity: tuple[int, int], display_path: str, pid: int) -> int:
        """Raises OSError if there is no way to the file: its name may be gone, and the process too."""
        for way in (path, display_path if self._local.exists(display_path) else ""):
            try:
                descriptor = open_regular(way, links=True)
            except OSError:
                continue
            if os.fstat(descriptor).st_ino == identity[1]:
                return descriptor
            os.close(descriptor)
        return open_mapped(pid, *identity)

    def stop(self) -> None:
        """Wait for the scan if the run reached its planned end, stop it otherwise, and emit what is left."""
        if time.monotonic() - self._began >= self._options.planned_s * _PLANNED_END:
            try:
                self._tally.ended.wait(FINISH_S)
            except KeyboardInterrupt:
                self._stop.set()  # the operator does not want to wait: the scan is reported as not finished
        self._stop.set()
        self._wake.set()
        self._thread.join(LAST_WORK_S)
        if self._thread.is_alive():
            self._tally.package_errors.add("looking it up did not come to an end")
        self._found.extend(_of_unknown_owner(file) for file, _ in self._unowned.copy())
        self._ended_at = clock.now()
        self.flush()
        for limitation in self._tally.limitations():
            self._emit(limitation)

    def report(self) -> SensorReport:
        """How many files were opened; nothing is ever lost, but see the limitations."""
        return SensorReport(
            name=self.name,
            started_at=self._started_at,
            ended_at=self._ended_at or None,
            records=self._tally.candidates + self._tally.mapped,
            rules=(RULE,),
        )

    # ------------------------------------------------------------ in the thread

    def _work(self) -> None:
        step_back()
        try:
            self._attribution = Attribution()
            self._images = ImageNames()
            self._owners_at = time.monotonic()
            self._cache.open()
            for root in self._plan.roots:
                if not self._stop.is_set() and not any(mounts.inside(root, path) for path in self._skip):
                    self._scan(root)
            self._name_owners()
            self._tally.finished = not self._stop.is_set()
            whole = self._tally.finished and not (self._options.scan_roots or self._skip)
            self._cache.close(self._tally.candidates if whole else None)
            self._tally.seconds = time.monotonic() - self._began
            self._tally.ended.set()
            while not self._stop.is_set():
                self._wake.wait(_OWNERS_EVERY_S)
                self._name_owners()
            self._name_owners()
        except Exception as error:  # noqa: BLE001 - a fault of the scan must not end the run; it becomes an exclusion
            self._tally.failure = fault_site(error)
        finally:
            self._tally.ended.set()

    def _scan(self, root: str) -> None:
        try:
            status = Path(root).stat()
        except OSError as error:
            if not self._tally.is_missing(root):
                self._tally.unreadable(root, error)
            return
        self._cache.enter(root, self._plan.file_systems.get(root, ""))
        if S_ISREG(status.st_mode):
            self._read(Candidate(None, root, root, status))
        elif S_ISDIR(status.st_mode):
            for candidate in self._walk.tree(root, one_device=root not in self._plan.devices_differ):
                self._read(candidate)
                if len(self._unowned) >= _OWNERS_AT_ONCE or time.monotonic() - self._owners_at > _OWNERS_EVERY_S:
                    self._name_owners()

    def _read(self, candidate: Candidate) -> None:
        if candidate.path in self._skip:
            return
        status = candidate.stat
        if status.st_nlink > 1 and self._seen_by_another_name(status):
            return
        self._tally.candidates += 1
        if (outcome := self._cache.outcome(status)) is not None:
            self._tally.remembered += 1
            self._tally.harmless(outcome)
            return
        try:
            descriptor = _open_quietly(candidate)
        except FileNotFoundError:
            return  # gone since it was listed
        except OSError as error:
            self._tally.unreadable(candidate.path, error)
            return
        try:
            identity = (status.st_dev, status.st_ino)
            outcome = self._examine(descriptor, Place(candidate.path, candidate.path), identity, scanned=True)
            if outcome is not None:
                self._tally.harmless(outcome)
                self._remember(status, os.fstat(descriptor), outcome)
        except OSError as error:
            self._tally.unreadable(candidate.path, error)
        finally:
            os.close(descriptor)

    def _seen_by_another_name(self, status: os.stat_result) -> bool:
        """Whether the scan came by the file before; forgotten when it has come by all of its names."""
        identity = (status.st_dev, status.st_ino)
        left = self._linked.pop(identity, None)
        if left is None:
            if len(self._linked) < _MOST_LINKED:
                self._linked[identity] = status.st_nlink - 1
            return False
        if left > 1:
            self._linked[identity] = left - 1
        return True

    def _remember(self, listed: os.stat_result, read: os.stat_result, outcome: str) -> None:
        """Let the next scan know, if what was read is what was listed and did not change meanwhile."""
        if (listed.st_dev, listed.st_ino, listed.st_ctime_ns) == (read.st_dev, read.st_ino, read.st_ctime_ns):
            self._cache.keep(read, outcome)

    def _name_owners(self) -> None:
        """Give the files found so far their packages and hand them to the thread that emits.

        They leave the queue at the very end: ``stop`` takes what is left, should this not come to one.
        """
        self._owners_at = time.monotonic()
        files = self._unowned.copy()
        try:
            owned = self._owned(files)
        except Exception as error:  # noqa: BLE001 - whose software it is may stay unknown, that it is there may not
            self._tally.package_errors.add(f"a fault in Javert: {fault_site(error)}")
            owned = [_of_unknown_owner(file) for file, _ in files]
        self._found.extend(owned)
        for _ in owned:
            self._unowned.popleft()

    def _owned(self, files: Collection[tuple[ElfFile, Place]]) -> list[ElfFile]:
        if not files:
            return []
        packages = self._attribution.packages(place for _, place in files)
        self._tally.package_errors.update(self._attribution.errors)
        owned = []
        for file, place in files:
            package = packages.get(place)
            layer = self._images.layer(place.place)
            owned.append(
                msgspec.structs.replace(
                    file,
                    package=package,
                    ownership_known=package is not None or self._attribution.knows(place),
                    image=layer.image,
                    container=layer.container,
                )
            )
        return owned

    # ------------------------------------------------------------ in either

    def _examine(self, descriptor: int, place: Place, identity: tuple[int, int], *, scanned: bool) -> str | None:
        """Read the headers of one open file, and take it up if a rule could object to it.

        Returns:
            What to count a harmless file as: its machine, ``NOT_SOFTWARE`` or ``DAMAGED``; None if it was taken up.

        Raises:
            OSError: the file cannot be read.
        """
        head = os.pread(descriptor, elf.HEAD_SIZE, 0)
        if not head.startswith(elf.MAGIC):
            return NOT_SOFTWARE

        def read(offset: int, length: int) -> bytes:
            return os.pread(descriptor, length, offset)

        try:
            image = elf.read_image(head, read)
            if image is None:
                return NOT_SOFTWARE
            if image.plainly_protected or (kind := elf.kind_of(image, read)) is None:
                return image.machine
        except ParseError:
            return DAMAGED
        if identity in self._reported:
            return None  # by another way to the same file; of two, the scan's path is the host's own
        if scanned:
            self._tally.harmful(image.machine)
            self._reported.add(identity)
        file = ElfFile(
            path=place.path,
            device=identity[0],
            inode=identity[1],
            machine=image.machine,
            bits=image.bits,
            byte_order=image.byte_order,
            kind=kind,
            stack=image.stack,
            static=kind is ElfKind.EXECUTABLE and not elf.has_interpreter(image),
            writable_executable=image.maps_writable_executable(kind),
            elsewhere=not scanned and not self._leads_to(place.path, descriptor),
        )
        self._unowned.append((file, place))
        return None

    def _leads_to(self, path: str, descriptor: int) -> bool:
        """Whether Javert's own mount namespace has the open file at the path."""
        try:
            return self._local.exists(path) and os.path.samestat(os.stat(path), os.fstat(descriptor))
        except OSError:
            return False

    def _limit(self, code: str, scope: str, **params: str) -> None:
        self._emit(Limitation(code=code, rules=(RULE,), scope=scope, params=params))


def _of_unknown_owner(file: ElfFile) -> ElfFile:
    return msgspec.structs.replace(file, ownership_known=False)


def _open_quietly(candidate: Candidate) -> int:
    """Open without leaving a mark in the access time, where the kernel lets us (owners and root)."""
    try:
        return open_regular(candidate.name, directory=candidate.directory, flags=os.O_NOATIME)
    except PermissionError:
        return open_regular(candidate.name, directory=candidate.directory)
