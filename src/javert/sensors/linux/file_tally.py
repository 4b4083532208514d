"""What a file scan counted, and what it has to admit it did not see."""

import threading
from collections import Counter
from collections.abc import Iterator

from javert.model.rule_id import RuleId
from javert.model.telemetry import FileScan, Limitation

NOT_SOFTWARE = ""
DAMAGED = "damaged"
"""What else than a machine a harmless file can count as: nothing that runs, or ELF that nothing runs or loads."""

_EXAMPLES = 3


class ScanTally:
    """Counts of one scan. One thread scans and counts; others read, and call ``gone`` and ``unreadable``.

    Attributes:
        candidates: files that the scan opened, or knew without. mapped: read because processes have them mapped.
        remembered: candidates that an earlier scan had read and that have not changed since.
        damaged: files that begin like ELF and are not.
        seconds: how long the scan took. finished: it saw everything. ended: it came to an end of any kind.
        failure: the fault of Javert that ended the scan, in one line.
        package_errors: one line for each package database that could not be read.
    """

    def __init__(self, rule: RuleId) -> None:
        self._rule = rule
        self.candidates = self.remembered = self.mapped = self.damaged = 0
        self.seconds = 0.0
        self.finished = False
        self.ended = threading.Event()
        self.failure = ""
        self.package_errors: set[str] = set()
        self._machines: Counter[str] = Counter()
        self._unreadable = 0
        self._unreadable_examples: dict[str, str] = {}
        self._gone: list[str] = []
        self._missing: dict[str, str] = {}

    def harmless(self, outcome: str) -> None:
        """One more candidate no rule can object to: ``NOT_SOFTWARE``, ``DAMAGED``, or software for a machine."""
        if outcome == DAMAGED:
            self.damaged += 1
        elif outcome != NOT_SOFTWARE:
            self._machines[outcome] += 1

    def harmful(self, machine: str) -> None:
        """One more executable or shared object for ``machine`` that rules have to judge."""
        self._machines[machine] += 1

    def unreadable(self, path: str, error: OSError | None) -> None:
        """A directory or file that could not be read; without an error it lay too deep."""
        self._unreadable += 1
        if len(self._unreadable_examples) < _EXAMPLES:
            self._unreadable_examples[path] = (error.strerror if error else None) or "nested too deeply"

    def gone(self, path: str) -> None:
        """A mapped file that can no longer be read."""
        self._gone.append(path)

    def missing(self, root: str, error: OSError) -> None:
        """A place that was to be scanned and is not there."""
        self._missing[root] = error.strerror or type(error).__name__

    def is_missing(self, root: str) -> bool:
        """Whether ``missing`` was told of it."""
        return root in self._missing

    def record(self, roots: tuple[str, ...], files: int) -> FileScan:
        """The counts so far; ``files`` is the walk's own."""
        machines = dict(self._machines.copy())
        return FileScan(
            roots=roots,
            files=files,
            candidates=self.candidates,
            remembered=self.remembered,
            elf=sum(machines.values()),
            finished=self.finished,
            machines=machines,
            seconds=round(self.seconds, 3),
            damaged=self.damaged,
            mapped=self.mapped,
        )

    def limitations(self) -> Iterator[Limitation]:
        """What the scan did not see, each kind once."""
        for root, reason in self._missing.items():
            yield self._limitation("file-scan-missing", root, blinds=not self.candidates, reason=reason)
        # Nobody knows how much was left, so nothing found is no all-clear.
        if self.failure:
            yield self._limitation("file-scan-failed", blinds=True, reason=self.failure)
        elif not self.finished:
            yield self._limitation("file-scan-unfinished", blinds=True)
        if self._unreadable:
            examples = ", ".join(f"{path} ({reason})" for path, reason in self._unreadable_examples.items())
            yield self._limitation("file-scan-unreadable", count=str(self._unreadable), examples=examples)
        if self._gone:
            examples = ", ".join(self._gone[:_EXAMPLES])
            yield self._limitation("mapped-file-gone", count=str(len(self._gone)), examples=examples)
        for error in sorted(self.package_errors):
            yield self._limitation("package-database-unreadable", reason=error)

    def _limitation(self, code: str, scope: str = "", *, blinds: bool = False, **params: str) -> Limitation:
        return Limitation(code=code, rules=(self._rule,), scope=scope, params=params, blinds=blinds)
