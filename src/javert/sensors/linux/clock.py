"""Time since boot, as the kernel programs tell it, to time of day."""

import time


class BootClock:
    """Converts CLOCK_BOOTTIME to seconds since the epoch.

    The difference is taken once: when the time of day is set during a run, records stay in order.
    """

    def __init__(self) -> None:
        self._offset_ns = time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)

    def epoch(self, boot_ns: int) -> float:
        """Seconds since the epoch of a moment told in nanoseconds since boot."""
        return (boot_ns + self._offset_ns) / 1e9

    def now(self) -> float:
        """Seconds since the epoch, by the same reckoning."""
        return self.epoch(time.clock_gettime_ns(time.CLOCK_BOOTTIME))
