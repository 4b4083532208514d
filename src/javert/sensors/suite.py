"""Which sensors look at this host."""

import sys

from javert.errors import SensorError
from javert.model.telemetry import Host
from javert.sensors.interface import Sensor, SensorOptions


def build(options: SensorOptions) -> tuple[Sensor, ...]:
    """The sensors that ``options`` ask for, not yet started, in the order in which they start.

    Raises:
        SensorError: there are none for this operating system.
    """
    if sys.platform != "linux":
        raise _no_sensors()
    from javert.sensors.linux.suite import linux_sensors  # noqa: PLC0415 - imports what only Linux has

    return linux_sensors(options)


def describe_host() -> Host:
    """The host Javert runs on.

    Raises:
        SensorError: it is of an operating system for which there are no sensors.
    """
    if sys.platform != "linux":
        raise _no_sensors()
    from javert.sensors.linux.host import describe  # noqa: PLC0415 - imports what only Linux has

    return describe()


def _no_sensors() -> SensorError:
    return SensorError(f"no sensors for {sys.platform} yet: run Javert on Linux")
