"""Modules of processes by reading /proc/PID/maps now and then, where the kernel programs are refused.

What a process loads between two looks, and processes that live shorter than that, are missed: the exclusion
``modules-polled`` says so.
"""

import os
import time
from collections.abc import Iterable

from javert.errors import ParseError, SensorError
from javert.model.rule_id import MODULE_RULES, RuleId
from javert.model.telemetry import Limitation, SensorReport
from javert.sensors import clock
from javert.sensors.interface import Emit
from javert.sensors.linux.files import FileScanSensor
from javert.sensors.linux.module_book import ModuleBook, mapped_files
from javert.sensors.linux.namespaces import processes
from javert.sensors.linux.permissions import PathWalker
from javert.sensors.linux.principals import principals, tell_principals
from javert.sensors.linux.processes import ProcessTable

_LOOK_EVERY_S = 10.0
_LOOK_SHARE = 1 / 200
"""Of one core at most, for looking at all processes between the start and the end of the run."""


class PollingModuleSensor:
    """Reads the memory maps of all processes at the start, at the end, and now and then."""

    name = "modules (polling)"

    def __init__(
        self,
        table: ProcessTable,
        rules: Iterable[RuleId],
        scan: FileScanSensor | None,
        walker: PathWalker | None = None,
    ) -> None:
        """Arguments are those of ``javert.sensors.linux.modules.BpfModuleSensor``."""
        self._table = table
        self._walker = (walker or PathWalker()) if RuleId.ROOT_PROCESS_INSECURE_PERMISSIONS in rules else None
        self._scan = scan
        self._next_look = 0.0
        self._records = 0
        self._unreadable: set[int] = set()
        self._started_at = 0.0
        self._ended_at: float | None = None

    def start(self, emit: Emit) -> None:
        """Look at every process.

        Raises:
            SensorError: no process can be looked into.
        """
        self._emit = emit
        self._table.emit_to(emit)
        self._started_at = clock.now()
        if self._walker is not None:
            self._walker.emit_to(emit)
        self._book = ModuleBook(emit, self._walker, self._scan)
        self._look()
        if not self._records:
            raise SensorError("no memory map can be read: run as root")
        if self._walker is not None:
            emit(principals())  # and again at the end; a run that is killed has no end
        self._book.flush()

    def poll(self) -> None:
        """Look again when it is time."""
        if time.monotonic() >= self._next_look:
            self._look()

    def flush(self) -> None:
        """Emit modules that are new."""
        self._book.flush()

    def stop(self) -> None:
        """Look a last time and emit everything."""
        self._look()
        self._book.flush(everything=True)
        if self._walker is not None:
            tell_principals(self._emit, self._walker)
        if self._unreadable:
            self._emit(
                Limitation(
                    code="processes-not-readable", rules=MODULE_RULES, params={"count": str(len(self._unreadable))}
                )
            )
        self._ended_at = clock.now()

    def report(self) -> SensorReport:
        """How many memory maps were read."""
        return SensorReport(
            name=self.name,
            started_at=self._started_at,
            ended_at=self._ended_at,
            records=self._records,
            rules=MODULE_RULES,
        )

    def _look(self) -> None:
        began = time.process_time()
        for pid in processes():
            self._look_into(pid)
        spent = time.process_time() - began
        self._next_look = time.monotonic() + max(_LOOK_EVERY_S, spent / _LOOK_SHARE)

    def _look_into(self, pid: int) -> None:
        try:
            files, traits = mapped_files(pid)
        except (FileNotFoundError, ProcessLookupError):
            return  # it ended meanwhile
        except (PermissionError, ParseError):
            self._unreadable.add(pid)
            return
        if not files:
            return  # a kernel thread
        process = self._table.from_proc(pid)
        if process is None:
            return
        self._records += 1
        self._table.memory_seen(process, traits)
        exe = _exe(pid)
        for file in files:
            self._book.add(
                file,
                process,
                root=self._table.is_root(process),
                executable=file.path == exe,
                now=clock.now(),
            )


def _exe(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)")
    except OSError:
        return ""  # it ended meanwhile
