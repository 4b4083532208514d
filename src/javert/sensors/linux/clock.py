"""Time since boot, as the kernel programs tell it, to time of day."""

from javert.sensors import clock


class BootClock:
    """Converts CLOCK_BOOTTIME to seconds since the epoch, as the run reckons them."""

    def epoch(self, boot_ns: int) -> float:
        """Seconds since the epoch of a moment told in nanoseconds since boot."""
        return clock.epoch(boot_ns)

    def now(self) -> float:
        """Seconds since the epoch, by the same reckoning."""
        return clock.now()
