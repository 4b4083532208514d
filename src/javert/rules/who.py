"""Processes as findings name them."""

from javert.model.attributes import ProcessSummary
from javert.model.telemetry import Process, ProcessKey
from javert.model.view import Telemetry


def summarize(process: Process) -> ProcessSummary:
    """The process in the form of a finding's attributes."""
    return ProcessSummary(
        pid=process.key.pid,
        name=process.name,
        exe=process.exe,
        user=process.user,
        uid=process.uid,
        cmdline_redacted=process.cmdline_redacted,
        parent=process.parent,
        container=process.container,
        unit=process.unit,
    )


def nobody_known() -> ProcessSummary:
    """Stands for a process of which nothing could be learnt, where the form of a finding needs one."""
    return ProcessSummary(
        pid=0, name="", exe="", user="", uid=-1, cmdline_redacted="", parent="", container="", unit=""
    )


def find(telemetry: Telemetry, key: ProcessKey | None) -> Process | None:
    """The process, if it was seen."""
    return telemetry.processes.get(key) if key is not None else None
