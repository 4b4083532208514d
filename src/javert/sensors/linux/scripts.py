"""Scripts that root processes run: the interpreter is mapped executable, the script is only read.

The kernel program (bpf/scripts.bpf.c) tells each start of an interpreter by root once, however short it lives.
Where it is refused, /proc is read now and then instead.
"""

import os
import stat
import time
from pathlib import Path

import msgspec

from javert.errors import ParseError
from javert.formats.interpreters import completions, imports_beside_script, is_interpreter, script_argument
from javert.formats.script_records import (
    SCRIPT_STATE,
    Script,
    ScriptEvent,
    absolute,
    parse_script_event,
    split_exactly,
)
from javert.model.rule_id import RuleId
from javert.model.telemetry import (
    LibrarySearch,
    Limitation,
    Module,
    ModuleKind,
    ProcessKey,
    SearchedFile,
    SensorReport,
)
from javert.sensors import clock
from javert.sensors.interface import Emit
from javert.sensors.linux.clock import BootClock
from javert.sensors.linux.libbpf import BpfObject
from javert.sensors.linux.mount_namespaces import MountNamespaces
from javert.sensors.linux.namespaces import processes
from javert.sensors.linux.permissions import PathWalker
from javert.sensors.linux.processes import ProcessTable

SCRIPT_RULES = (RuleId.ROOT_PROCESS_INSECURE_PERMISSIONS,)
_OBJECT = Path(__file__).with_name("bpf") / "scripts.bpf.o"
_LOOK_EVERY_S = 10.0


class _Known(msgspec.Struct):
    """One script; ``module`` is told again at the end if more processes have run it."""

    module: Module
    processes: dict[ProcessKey, None]
    last_seen: float
    told: bool = False
    imports: bool = False


class ScriptBook:
    """Keeps account of the scripts of the run, and looks at the way to each of them once."""

    def __init__(self, emit: Emit, walker: PathWalker | None = None) -> None:
        """A book without entries.

        Args:
            emit: takes the Module records and what the walks find.
            walker: looks at the ways; shared with the other sensors.
        """
        self._emit = emit
        self._walker = walker or PathWalker()
        self._walker.emit_to(emit)
        self._namespaces = MountNamespaces()
        self._known: dict[tuple[int, str], _Known] = {}

    def add(
        self,
        namespace: int,
        script: Script,
        process: ProcessKey,
        now: float,
        *,
        within: str = "/",
        imports: bool = False,
    ) -> bool:
        """Note that a root process runs a script; the file should still be there.

        Args:
            namespace: the mount namespace of the process.
            script: as the process told it.
            process: whose; Javert's own process is left out.
            now: seconds since the epoch.
            within: the root directory of the process in that namespace.
            imports: modules in the script's own directory are found before all others.

        Returns:
            False if the argument may have been a script, in a mount namespace that is gone.
        """
        if process.pid == os.getpid():
            return True
        root, base = self._root(namespace, process.pid, within)
        if root is None:
            if script.certain:
                self._note((namespace, script.paths[0]), (), None, process, now)
            return script.certain
        for path in script.paths:
            inside = f"/{path.removeprefix(base).lstrip('/')}"
            way = self._walker.walk(
                mount_namespace=namespace,
                root=root,
                path=inside,
                within=f"/{within.removeprefix(base).lstrip('/')}",
                guess=not script.certain,
            )
            if script.certain or (way and self._may_be_read(namespace, root, way)):
                key = namespace, way[-1] if way else inside
                known = self._note(key, way, root, process, now)
                if imports and way and not known.imports:
                    known.imports = True
                    self._tell_imports(namespace, root, key[1])
                break
        return True

    def _may_be_read(self, namespace: int, root: str, way: tuple[str, ...]) -> bool:
        """Whether a way leads to a regular file, or to where a server would have to be asked."""
        there = self._walker.leads_to_file(mount_namespace=namespace, way=way)
        return not there or _regular_file(f"{root}{way[-1]}") is not None

    def _note(
        self, key: tuple[int, str], way: tuple[str, ...], root: str | None, process: ProcessKey, now: float
    ) -> _Known:
        known = self._known.get(key)
        if known is None:
            there = self._walker.leads_to_file(mount_namespace=key[0], way=way)
            # There is no link on the way, and no server that would have to be asked.
            status = _regular_file(f"{root}{key[1]}") if there else None
            module = Module(
                path=key[1],
                device=status.st_dev if status else 0,
                inode=status.st_ino if status else 0,
                mount_namespace=key[0],
                kind=ModuleKind.SCRIPT,
                way=way,
                deleted=self._walker.leads_nowhere(mount_namespace=key[0], way=way) or (there and status is None),
                first_seen=now,
            )
            known = self._known[key] = _Known(module, {}, now)
        known.processes[process] = None
        known.last_seen = now
        return known

    def _tell_imports(self, namespace: int, root: str, script: str) -> None:
        """Look who could put a module beside a script; the name stands for any, and no module has it."""
        path = f"{script.rpartition('/')[0]}/*.py"
        way = self._walker.walk(mount_namespace=namespace, root=root, path=path)
        if way:
            files = (SearchedFile(path=path, by="python-path", way=way),)
            self._emit(LibrarySearch(mount_namespace=namespace, path=script, files=files))

    def look_at(self, pid: int, table: ProcessTable, now: float) -> None:
        """Note the script of a running process, if it is root's and an interpreter with one."""
        try:
            interpreter = os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)").rpartition("/")[2]
            if not is_interpreter(interpreter):
                return
            arguments = split_exactly(Path(f"/proc/{pid}/cmdline").read_bytes())
            argument = script_argument(interpreter, arguments)
            directory, root = os.readlink(f"/proc/{pid}/cwd"), os.readlink(f"/proc/{pid}/root")
            namespace = Path(f"/proc/{pid}/ns/mnt").stat().st_ino
        except OSError:
            return  # it ended, or is not ours to look into: the sensor of modules says so
        process = table.from_proc(pid)
        if argument is None or process is None or not table.is_root(process):
            return
        named = (absolute(path, directory, root) for path in completions(interpreter, argument))
        script = Script(tuple(path for path in named if path is not None), certain=False)
        imports = imports_beside_script(interpreter, arguments)
        self.add(namespace, script, process, now, within=root, imports=imports)

    def flush(self, *, everything: bool = False) -> None:
        """Emit scripts not told before; with ``everything`` all, with every process that ran them."""
        for known in self._known.values():
            if everything or not known.told:
                known.told = True
                processes_ = tuple(known.processes)
                self._emit(
                    msgspec.structs.replace(
                        known.module, processes=processes_, root_processes=processes_, last_seen=known.last_seen
                    )
                )

    def _root(self, namespace: int, pid: int, within: str) -> tuple[str | None, str]:
        """A way into a mount namespace, and the directory in it to which that leads; None if it is gone."""
        if namespace == self._namespaces.own:
            return "/", "/"
        whole = self._namespaces.whole_root(namespace, pid)
        if whole is not None:
            return whole, "/"
        return next(iter(self._namespaces.roots(namespace, pid)), None), within


class PollingScriptSensor:
    """Reads the command lines of root's processes at the start, at the end, and now and then."""

    name = "scripts (polling)"

    def __init__(self, table: ProcessTable, walker: PathWalker | None = None) -> None:
        self._table = table
        self._walker = walker
        self._records = 0
        self._next_look = 0.0
        self._started_at = 0.0
        self._ended_at: float | None = None

    def start(self, emit: Emit) -> None:
        """Look at every process."""
        self._table.emit_to(emit)
        self._started_at = clock.now()
        self._book = ScriptBook(emit, self._walker)
        self._look()

    def poll(self) -> None:
        """Look again when it is time."""
        if time.monotonic() >= self._next_look:
            self._look()

    def flush(self) -> None:
        """Emit scripts that are new."""
        self._book.flush()

    def stop(self) -> None:
        """Look a last time."""
        self._look()
        self._book.flush(everything=True)
        self._ended_at = clock.now()

    def report(self) -> SensorReport:
        """How many processes were looked at."""
        return SensorReport(
            name=self.name,
            started_at=self._started_at,
            ended_at=self._ended_at,
            records=self._records,
            rules=SCRIPT_RULES,
        )

    def _look(self) -> None:
        for pid in processes():
            self._records += 1
            self._book.look_at(pid, self._table, clock.now())
        self._next_look = time.monotonic() + _LOOK_EVERY_S


class BpfScriptSensor:
    """Takes in each start of an interpreter by root from the kernel, and those that ran before from /proc."""

    name = "scripts (kernel)"

    def __init__(self, table: ProcessTable, clock: BootClock, walker: PathWalker | None = None) -> None:
        self._table = table
        self._walker = walker
        self._clock = clock
        self._pending: list[bytes] = []
        self._records = self._lost = self._gone = 0
        self._started_at = 0.0
        self._ended_at: float | None = None
        self._object: BpfObject | None = None

    def start(self, emit: Emit) -> None:
        """Attach the program, then look at every process.

        Raises:
            BpfUnavailableError: the kernel refuses the program.
        """
        self._emit = emit
        self._table.emit_to(emit)
        self._started_at = self._clock.now()
        self._object = BpfObject(_OBJECT)
        try:
            self._state = self._object.share(".bss", SCRIPT_STATE.size)
            self._consume = self._object.ring("script_events", self._pending.append)
            self._object.attach("script_exec")
        except BaseException:
            self._object.close()
            self._object = None
            raise
        self._book = ScriptBook(emit, self._walker)
        for pid in processes():
            self._book.look_at(pid, self._table, self._clock.now())
        self._book.flush()

    def poll(self) -> None:
        """Take in the starts since the last time."""
        self._consume()
        events, self._pending[:] = self._pending[:], []
        for raw in events:
            self._records += 1
            try:
                self._take(parse_script_event(raw))
            except ParseError:
                self._lost += 1

    def flush(self) -> None:
        """Emit scripts that are new."""
        self._book.flush()

    def stop(self) -> None:
        """Take in what is left, and detach."""
        if self._object is None:
            return
        self._object.detach()
        self.poll()
        self._book.flush(everything=True)
        if self._gone:
            self._emit(Limitation(code="root-scripts-gone", rules=SCRIPT_RULES, params={"count": str(self._gone)}))
        self._lost += SCRIPT_STATE.unpack_from(self._state)[0]
        self._state.release()
        self._object.close()
        self._object = None
        self._ended_at = self._clock.now()

    def report(self) -> SensorReport:
        """How many starts of interpreters were taken in, and how many could not be told."""
        waiting = SCRIPT_STATE.unpack_from(self._state)[0] if self._object is not None else 0
        return SensorReport(
            name=self.name,
            started_at=self._started_at,
            ended_at=self._ended_at,
            records=self._records,
            lost=self._lost + waiting,
            rules=SCRIPT_RULES,
        )

    def _take(self, event: ScriptEvent) -> None:
        scripts = event.scripts()
        if not scripts:
            return
        process = self._table.known_as(event.who)
        if process is None:
            process = self._table.from_kernel(event.who, cmdline=event.cmdline, root=True)
        now = self._clock.epoch(event.time_ns)
        imports = imports_beside_script(event.interpreter, split_exactly(event.cmdline))
        namespace = event.who.mount_namespace
        for script in scripts:
            if not self._book.add(namespace, script, process, now, within=event.root, imports=imports):
                self._gone += 1


def _regular_file(path: str) -> os.stat_result | None:
    try:
        status = Path(path).stat()
    except OSError:
        return None
    return status if stat.S_ISREG(status.st_mode) else None
