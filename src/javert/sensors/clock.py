"""Time as a run reckons it: the time of day when it begins, and from then on a clock that nobody sets.

When the time of day is set during a run, by hand or by a time server, its records stay in order, and so do the
lengths of time that rules reckon from them.
"""

import sys
import time


class _Reckoning:
    offset_ns: int


def elapsed_ns() -> int:
    """Nanoseconds since the system began, sleep included: what the kernel programs tell, too."""
    if sys.platform == "win32":
        return time.monotonic_ns()
    else:  # noqa: RET505 - so mypy knows each branch as another system's
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def asleep_s() -> float:
    """Seconds that the system was suspended since it began; 0.0 where that is not told."""
    if sys.platform == "win32":
        return 0.0
    else:  # noqa: RET505 - as above
        return max(0, elapsed_ns() - time.clock_gettime_ns(time.CLOCK_MONOTONIC)) / 1e9


def begin() -> None:
    """Take the time of day; at the beginning of a run."""
    _Reckoning.offset_ns = time.time_ns() - elapsed_ns()


def epoch(elapsed: int) -> float:
    """Seconds since the epoch of a moment told in nanoseconds as ``elapsed_ns`` does."""
    return (elapsed + _Reckoning.offset_ns) / 1e9


def now() -> float:
    """Seconds since the epoch."""
    return epoch(elapsed_ns())


begin()
