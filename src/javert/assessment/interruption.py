"""Signals that end a run: the first asks it to end early and evaluate, the second ends it at once."""

import signal
from types import FrameType, TracebackType
from typing import Any

from javert.assessment.system import ENDING_SIGNALS


class Interruption:
    """While entered, takes the signals that end a run (``system.ENDING_SIGNALS``).

    One that is ignored, as nohup(1) does, stays ignored.

    Attributes:
        requested: a signal has come.
    """

    def __init__(self) -> None:
        self.requested = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "Interruption":
        for number in ENDING_SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _take(self, number: int, frame: FrameType | None) -> None:
        # A plain flag: a threading.Event could deadlock with the wait that the signal interrupted.
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
