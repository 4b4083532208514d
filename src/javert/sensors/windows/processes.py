"""Who a process is, told by psutil; emits each process once."""

import ntpath
from collections.abc import Callable
from typing import TypeVar

import msgspec
import psutil

from javert.formats.cmdline import redact
from javert.model.telemetry import Process, ProcessKey
from javert.sensors.interface import Emit, nowhere
from javert.sensors.windows.place import NETWORK

_T = TypeVar("_T")


class ProcessTable:
    """The processes seen during the run. Emits a record when it learns of one, and again when it learns more."""

    def __init__(self) -> None:
        self._emit: Emit = nowhere
        self._known: dict[ProcessKey, Process] = {}
        self._current: dict[int, ProcessKey] = {}

    def emit_to(self, emit: Emit) -> None:
        """Emit records there from now on."""
        self._emit = emit

    def find(self, pid: int) -> ProcessKey | None:
        """Take in the process that has this number.

        Returns:
            Its identity, by number and time of creation; if it has just ended, that of the last one seen with the
            number; None if nothing is known of it.
        """
        if pid <= 0:
            return None
        try:
            process = psutil.Process(pid)
            key = ProcessKey(pid, round(process.create_time() * 1000))
        except psutil.Error:
            return self._current.get(pid)
        if key not in self._known:
            self._learn(_describe(process, key))
        self._current[pid] = key
        return key

    def serves(self, key: ProcessKey, service: str) -> None:
        """Note a service that the process runs; a shared one may run several."""
        known = self._known[key]
        services = {*filter(None, known.unit.split(", ")), service}
        self._learn(msgspec.structs.replace(known, unit=", ".join(sorted(services))))

    def _learn(self, process: Process) -> None:
        if self._known.get(process.key) != process:
            self._known[process.key] = process
            self._emit(process)


def _describe(process: psutil.Process, key: ProcessKey) -> Process:
    exe = _asked(process.exe, "")
    unknown: list[str] = []
    arguments = _asked(process.cmdline, unknown)
    if arguments:
        arguments[0] = ntpath.basename(arguments[0])
    parent = _asked(process.parent, None)
    return Process(
        key=key,
        name=_asked(process.name, "") or ntpath.basename(exe),
        exe=exe,
        user=_asked(process.username, ""),
        cmdline_redacted=redact(arguments, lambda _path: False),
        parent=_asked(parent.name, "") if parent is not None else "",
        network_namespace=NETWORK,
    )


def _asked(ask: Callable[[], _T], unknown: _T) -> _T:
    try:
        return ask()
    except (psutil.Error, OSError):
        return unknown  # it ended, or is not ours to look into: the field stays unknown
