"""Modules of processes as the kernel programs tell them, each file once: bpf/modules.bpf.c."""

import os
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from javert.errors import BpfUnavailableError, ParseError
from javert.formats.kernel_records import (
    MODULE_DELETED,
    MODULE_DETACHED,
    MODULES_STATE,
    TASK_BUSY,
    TASK_CODE_MEMORY,
    TASK_DROPPED,
    TASK_EXECUTABLE_STACK,
    TASK_READ_IMPLIES_EXEC,
    TASK_ROOT,
    ModuleEvent,
    TaskRecord,
    TaskRecords,
    Who,
    parse_module_event,
)
from javert.formats.procfs import MemoryTraits
from javert.model.rule_id import MODULE_RULES, RuleId
from javert.model.telemetry import Limitation, ProcessKey, SensorReport
from javert.sensors.interface import Emit
from javert.sensors.linux.clock import BootClock
from javert.sensors.linux.files import FileScanSensor
from javert.sensors.linux.libbpf import BpfObject
from javert.sensors.linux.module_book import MappedFile, ModuleBook, mapped_files
from javert.sensors.linux.permissions import PathWalker
from javert.sensors.linux.principals import principals, tell_principals
from javert.sensors.linux.processes import ProcessTable

_ROOT_RULE = (RuleId.ROOT_PROCESS_INSECURE_PERMISSIONS,)
_OBJECT = Path(__file__).with_name("bpf") / "modules.bpf.o"
_FETCHES = ("code_mapped", "code_read", "code_fetched")
_FETCHES_NEED = ("page_fault_user", "mm_filemap_map_pages", "mm_filemap_fault")
_OPTIONAL = {"process_exec": ("sched_prepare_exec",), **dict.fromkeys(_FETCHES, _FETCHES_NEED)}
_WALK_EVERY_S = 10.0
_WALK_SHARE = 1 / 500
"""Of one core at most, for looking at all processes between the start and the end of the run."""


class BpfModuleSensor:
    """Watches what processes map executable through kernel programs.

    Args:
        table: resolves processes; shared with the other sensors.
        clock: converts the kernel's times; shared with the other sensors.
        rules: what was asked for: without the root rule no ways are walked.
        scan: the file scan that reads mapped files too; None if nobody asked for it.
        walker: looks at ways; shared with the other sensors.
    """

    name = "modules (kernel)"

    def __init__(
        self,
        table: ProcessTable,
        clock: BootClock,
        rules: Iterable[RuleId],
        scan: FileScanSensor | None,
        walker: PathWalker | None = None,
    ) -> None:
        self._table = table
        self._clock = clock
        self._walker = (walker or PathWalker()) if RuleId.ROOT_PROCESS_INSECURE_PERMISSIONS in rules else None
        self._scan = scan
        self._files: dict[int, MappedFile] = {}
        self._paths: dict[tuple[int, int, int], str] = {}
        self._modules: dict[int, tuple[int, ...]] = {}
        self._pending: list[ModuleEvent] = []
        self._records = self._unreadable_events = 0
        self._started_at = 0.0
        self._ended_at: float | None = None
        self._next_walk = 0.0
        self._object: BpfObject | None = None
        self._last_state: tuple[int, ...] | None = None

    def start(self, emit: Emit) -> None:
        """Attach the programs, then look at every process.

        Raises:
            BpfUnavailableError: the kernel refuses the programs.
        """
        self._emit = emit
        self._table.emit_to(emit)
        self._started_at = self._clock.now()
        if self._walker is not None:
            self._walker.emit_to(emit)
        self._book = ModuleBook(emit, self._walker, self._scan)
        self._object = BpfObject(_OBJECT, _OPTIONAL)
        try:
            self._state = self._object.share(".bss", MODULES_STATE.size)
            self._consume = self._object.ring("module_events", self._keep)
            self._object.attach("process_exit")
            if "process_exec" not in self._object.left_out:
                self._object.attach("process_exec")
            if self._sees_fetches():
                for program in _FETCHES:
                    self._object.attach(program)
            self._object.attach("process_started")
            self._look_at_all()
            if self._walker is not None:
                emit(principals())  # and again at the end; a run that is killed has no end
        except BaseException:
            self._release()
            raise
        self._book.flush()

    def _sees_fetches(self) -> bool:
        """Whether the kernel tells of code that is about to be run for the first time (bpf/fetched_code.h)."""
        assert self._object is not None
        return not self._object.left_out.intersection(_FETCHES) and os.uname().machine == "x86_64"

    def poll(self) -> None:
        """Take in files that processes had mapped when they ended; now and then look at all processes."""
        self._drain()
        if time.monotonic() >= self._next_walk:
            self._look_at_all()

    def flush(self) -> None:
        """Emit modules that are new."""
        self._book.flush()

    def stop(self) -> None:
        """Look at every process once more, emit everything, and detach."""
        if self._object is None:
            return
        try:
            self._look_at_all()
        except BpfUnavailableError as error:
            self._emit(Limitation(code="modules-last-look", rules=MODULE_RULES, params={"reason": str(error)}))
        self._object.detach()
        self._drain()
        self._book.flush(everything=True)
        if self._walker is not None:
            tell_principals(self._emit, self._walker)
        self._tell_losses()
        self._ended_at = self._clock.now()
        self._last_state = MODULES_STATE.unpack_from(self._state)
        self._release()

    def _release(self) -> None:
        if hasattr(self, "_state"):
            self._state.release()
        if self._object is not None:
            self._object.close()
            self._object = None

    def report(self) -> SensorReport:
        """What was taken in, and what the kernel counted as lost."""
        state = self._last_state or (MODULES_STATE.unpack_from(self._state) if self._object is not None else None)
        return SensorReport(
            name=self.name,
            started_at=self._started_at,
            ended_at=self._ended_at,
            records=self._records,
            lost=self._unreadable_events + (state[2] if state else 0),
            rules=MODULE_RULES,
        )

    # ---------------------------------------------------------------- events

    def _keep(self, raw: bytes) -> None:
        self._records += 1
        try:
            self._pending.append(parse_module_event(raw))
        except ParseError:
            self._unreadable_events += 1

    def _drain(self) -> None:
        self._consume()
        events, self._pending = self._pending, []
        gave_up: dict[tuple[ProcessKey, int, int], list[ModuleEvent]] = defaultdict(list)
        # A library may be told before the program that loaded it: paths first, then whose they are.
        for event, file in [(event, self._take(event)) for event in events]:
            if event.task_flags & TASK_DROPPED:
                gave_up[event.who.key, event.who.exe_device, event.who.exe_inode].append(event)
            else:
                self._add(event, file, root=bool(event.task_flags & TASK_ROOT))
        for (key, *program), of_one in gave_up.items():
            files = [self._files[event.module] for event in of_one]
            at_start = self._book.mapped_at_start((program[0], program[1]), files, key.pid)
            for event, file in zip(of_one, files, strict=True):
                self._add(event, file, root=file in at_start)

    def _take(self, event: ModuleEvent) -> MappedFile:
        file = self._files[event.module] = MappedFile(
            mount_namespace=event.who.mount_namespace,
            device=event.device,
            inode=event.inode,
            path=event.path,
            deleted=bool(event.flags & MODULE_DELETED),
            detached=bool(event.flags & MODULE_DETACHED) or event.truncated,
            uid=event.uid,
            gid=event.gid,
            mode=event.mode,
        )
        self._paths[file.mount_namespace, file.device, file.inode] = file.path
        return file

    def _add(self, event: ModuleEvent, file: MappedFile, *, root: bool) -> None:
        self._book.add(
            file,
            self._process(event.who, bool(event.task_flags & TASK_ROOT)),
            root=root,
            executable=(event.device, event.inode) == (event.who.exe_device, event.who.exe_inode),
            now=self._clock.epoch(event.time_ns),
        )

    def _process(self, who: Who, root: bool) -> ProcessKey:
        known = self._table.known_as(who)
        exe = self._paths.get((who.mount_namespace, who.exe_device, who.exe_inode), "")
        if known is not None and not (exe and self._table.lacks_program(known)):
            return known
        return self._table.from_kernel(who, exe=exe, cmdline=_cmdline(who.key.pid), root=root)

    def _look_at_all(self) -> None:
        """One walk over all tasks. Files are told by the ring, so it is emptied before tasks refer to them.

        Raises:
            BpfUnavailableError: the walk broke off; what it told until then is taken in.
        """
        assert self._object is not None
        began = time.process_time()
        records = TaskRecords()
        tasks: list[TaskRecord] = []
        try:
            for chunk in self._object.iterate("all_tasks"):
                self._drain()
                tasks.extend(records.feed(chunk))
        finally:
            self._drain()
            self._take_walk(tasks, records.unchanged)
        spent = time.process_time() - began
        self._next_walk = time.monotonic() + max(_WALK_EVERY_S, spent / _WALK_SHARE)

    def _take_walk(self, tasks: Iterable[TaskRecord], unchanged: Iterable[int]) -> None:
        now = self._clock.now()
        modules = {pid: self._modules.get(pid, ()) for pid in unchanged}
        for number in set().union(*modules.values()):
            self._book.still_there(self._files[number], now)
        busy = [task for task in tasks if not self._take_task(task, now)]
        self._modules = modules | {task.who.key.pid: self._known_modules(task) for task in tasks}
        if busy:
            self._emit(
                Limitation(
                    code="processes-busy",
                    rules=MODULE_RULES,
                    params={"count": str(len(busy)), "examples": ", ".join(sorted({t.who.name for t in busy})[:5])},
                )
            )

    def _known_modules(self, task: TaskRecord) -> tuple[int, ...]:
        return tuple(number for number in task.modules if number in self._files)

    def _take_task(self, task: TaskRecord, now: float) -> bool:
        """Take in one process; False if its memory map could not be read."""
        root = bool(task.flags & TASK_ROOT)
        process = self._process(task.who, root)
        program = task.who.exe_device, task.who.exe_inode
        files, readable = [self._files[number] for number in self._known_modules(task)], True
        traits = MemoryTraits(
            executable_stack=bool(task.flags & TASK_EXECUTABLE_STACK),
            read_implies_exec=bool(task.flags & TASK_READ_IMPLIES_EXEC),
            code_memory=bool(task.flags & TASK_CODE_MEMORY),
        )
        if task.flags & TASK_BUSY:
            try:
                files, traits = mapped_files(task.who.key.pid)
            except (FileNotFoundError, ProcessLookupError):
                pass  # it ended meanwhile: what it had was told then
            except (OSError, ParseError):
                readable = False
        self._table.memory_seen(process, traits)
        roots = set(files) if root else set()
        if task.flags & TASK_DROPPED:
            roots = self._book.mapped_at_start(program, files, task.who.key.pid)
        for file in files:
            executable = (file.device, file.inode) == program
            self._book.add(file, process, root=file in roots, executable=executable, now=now)
        return readable

    def _tell_losses(self) -> None:
        assert self._object is not None
        _count, _others, _lost, busy, exits, without_memory = MODULES_STATE.unpack_from(self._state)
        if exits and without_memory * 2 > exits:
            self._emit(Limitation(code="short-lived-modules-unseen", rules=_ROOT_RULE))
        elif busy:
            self._emit(Limitation(code="exits-busy", rules=_ROOT_RULE, params={"count": str(busy)}))
        if "process_exec" in self._object.left_out:
            self._emit(Limitation(code="modules-before-exec-unseen", rules=_ROOT_RULE))
        if not self._sees_fetches():
            self._emit(Limitation(code="modules-closed-unseen", rules=_ROOT_RULE))


def _cmdline(pid: int) -> bytes:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as stream:
            return stream.read()
    except OSError:
        return b""  # it ended: the name has to do
