"""Javert as an operator runs it, with what it costs and what it saw."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from javert.assessment.journal import read_records
from javert.assessment.run_directory import JOURNAL, STATE_DIRECTORY_VARIABLE
from javert.model.rule_id import NETWORK_RULES, RuleId
from javert.model.telemetry import AnyRecord, Endpoint, Role, RunEnded, SensorReport

JAVERT = Path(sys.executable).with_name("javert")
TICKS = os.sysconf("SC_CLK_TCK")
_PATIENCE_S = 60.0


class Watch:
    """A Javert that is watching."""

    def __init__(self, process: subprocess.Popen[bytes], run: Path) -> None:
        self.process = process
        self._journal = run / JOURNAL
        self._marked = (self.cpu_s(), time.monotonic())

    def cpu_s(self) -> float:
        """Seconds of processor time, all threads, user and system (fields 14 and 15 of proc_pid_stat(5))."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_bytes().rsplit(b")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def mark(self) -> None:
        """Reckon the share of the processor from now on."""
        self._marked = (self.cpu_s(), time.monotonic())

    def cpu_share(self) -> float:
        """The part of one core used since the mark."""
        cpu, at = self._marked
        return (self.cpu_s() - cpu) / (time.monotonic() - at)

    def peak_mib(self) -> float:
        """Resident memory at its highest, MiB."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024

    def records(self) -> list[AnyRecord]:
        """What the journal holds by now."""
        with self._journal.open("rb") as stream:
            return list(read_records(stream))

    def wait_until_watching(self) -> None:
        """Return once the journal holds what the network sensor found at its start."""
        end = time.monotonic() + _PATIENCE_S
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"javert ended at once with exit code {self.process.returncode}")
            if self._journal.exists() and b'"NetworkNamespace"' in self._journal.read_bytes():
                time.sleep(0.3)
                return
            time.sleep(0.05)
        raise RuntimeError("javert did not begin to watch")

    def end(self) -> None:
        """End the run as Ctrl-C does, and wait for the report."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.process.wait(_PATIENCE_S)


@contextmanager
def watching(rules: tuple[RuleId, ...] = NETWORK_RULES, duration: str = "1h") -> Iterator[Watch]:
    """Javert watches this host while the block runs, with a state directory and so a lock of its own."""
    with tempfile.TemporaryDirectory(prefix="javert-bench-") as top:
        run = Path(top, "run")
        chosen = [argument for rule in rules for argument in ("--rule", rule.value)]
        command = [JAVERT, "assess", "--no-probe", "--duration", duration, *chosen, "--run-dir", run]
        process = subprocess.Popen(
            [*command, "--format", "json", "--output", Path(top, "result.json")],
            env={**os.environ, STATE_DIRECTORY_VARIABLE: str(Path(top, "state"))},
            stderr=subprocess.DEVNULL,
        )
        watch = Watch(process, run)
        try:
            yield watch
            watch.end()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def connections(records: list[AnyRecord], role: Role, port: int) -> int:
    """Connections of one role counted for a port: for each endpoint its last record stands."""
    last = {record.id: record for record in records if isinstance(record, Endpoint)}
    return sum(e.connections for e in last.values() if e.role is role and e.port == port)


def end_of_watch(records: list[AnyRecord]) -> float:
    """When collection ended, seconds since the epoch: exactly as long after its beginning as was asked for."""
    return next(record.ended_at for record in records if isinstance(record, RunEnded))


def let_go(records: list[AnyRecord]) -> float:
    """When the last sensor had let go of the host, seconds since the epoch."""
    return max(record.ended_at or 0.0 for record in records if isinstance(record, SensorReport))
