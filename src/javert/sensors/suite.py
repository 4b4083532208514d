"""Which sensors look at this host."""

import sys

from javert.errors import SensorError
from javert.sensors.interface import Sensor, SensorOptions


def build(options: SensorOptions) -> tuple[Sensor, ...]:
    """The sensors that ``options`` ask for, not yet started, in the order in which they start.

    Raises:
        SensorError: there are none for this operating system.
    """
    if sys.platform != "linux":
        raise SensorError(f"no sensors for {sys.platform} yet: run Javert on Linux")
    from javert.sensors.linux.suite import linux_sensors  # noqa: PLC0415 - imports what only Linux has

    return linux_sensors(options)
