"""The progress line of a run or of a replay, on standard error and only if that is a terminal."""

import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from javert.catalogue.lookup import Language
from javert.catalogue.wording import duration
from javert.model.assessment import RunState

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from javert.assessment.run import Observer

_REDRAW_EVERY_S = 1.0
"""Drawing costs processor time on the host that is being watched."""

_WORDS = {
    RunState.CREATED: "starting",
    RunState.COLLECTING_DATA: "watching (Ctrl-C evaluates what was seen)",
    RunState.DATA_COLLECTED: "storing",
    RunState.EVALUATING_RULES: "evaluating",
}


@contextmanager
def progress(planned_s: float) -> Iterator["Observer"]:
    """An observer that shows how the run goes on, or shows nothing where nobody sees it."""
    if not sys.stderr.isatty():
        yield _Silent()
        return
    from rich.console import Console  # noqa: PLC0415 - 60 ms and 10 MB that a run without a terminal does not need
    from rich.progress import BarColumn, Progress, TextColumn  # noqa: PLC0415

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TextColumn("{task.fields[left]}"),
        console=Console(stderr=True),
        transient=True,
        auto_refresh=False,
    )
    with bar:
        yield _Line(bar, bar.add_task("", total=planned_s, left=""), planned_s)


@contextmanager
def reading(stream: BinaryIO) -> Iterator[Callable[[int], None] | None]:
    """A callback that shows how many bytes of ``stream`` were read; None where nobody sees it.

    Without a size (a pipe) the bar only shows that something goes on.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # noqa: PLC0415 - as above
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    status = os.fstat(stream.fileno())
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        DownloadColumn(binary_units=True),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        auto_refresh=False,
    )
    with bar:
        task = bar.add_task("reading", total=status.st_size if stat.S_ISREG(status.st_mode) else None)
        drawn_at = 0.0

        def read(position: int) -> None:
            nonlocal drawn_at
            now = time.monotonic()
            if now - drawn_at >= _REDRAW_EVERY_S:
                drawn_at = now
                bar.update(task, completed=position, refresh=True)

        yield read


class _Silent:
    def entered(self, state: RunState, directory: Path) -> None:
        pass

    def collecting(self, left_s: float) -> None:
        pass

    def scanned(self, files: int, finished: bool) -> None:
        pass

    def finishing(self, interrupted: bool) -> None:
        pass


class _Line:
    def __init__(self, bar: "Progress", task: "TaskID", planned_s: float) -> None:
        self._bar = bar
        self._task = task
        self._planned_s = planned_s
        self._drawn_at = 0.0
        self._scan = ""

    def entered(self, state: RunState, directory: Path) -> None:
        if state is RunState.CREATED:
            self._bar.console.print(f"run directory {directory}", highlight=False, markup=False)
        self._bar.update(self._task, description=_WORDS.get(state, ""), left="", refresh=True)

    def scanned(self, files: int, finished: bool) -> None:
        self._scan = "" if finished else f", {files:,} files scanned"

    def finishing(self, interrupted: bool) -> None:
        words = (
            "ended early, taking the last look (Ctrl-C again ends at once)"
            if interrupted
            else "taking the last look"
        )
        self._bar.update(self._task, description=words, left="", refresh=True)

    def collecting(self, left_s: float) -> None:
        now = time.monotonic()
        if now - self._drawn_at < _REDRAW_EVERY_S:
            return
        self._drawn_at = now
        self._bar.update(
            self._task,
            completed=self._planned_s - left_s,
            left=f"{duration(left_s, Language.ENGLISH)} left{self._scan}",
            refresh=True,
        )
