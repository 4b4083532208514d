"""Which sensors look at this host, and what it is."""

import sys

from javert.errors import SensorError
from javert.model.telemetry import Host
from javert.sensors.interface import Sensor, SensorOptions

# Each system's modules import what only that system has. In this form mypy knows which branches are dead elsewhere.
# ruff: noqa: PLC0415, RET505


def build(options: SensorOptions) -> tuple[Sensor, ...]:
    """The sensors that ``options`` ask for, not yet started, in the order in which they start.

    Raises:
        SensorError: there are none for this operating system.
    """
    if sys.platform == "linux":
        from javert.sensors.linux.suite import linux_sensors

        return linux_sensors(options)
    elif sys.platform == "win32":
        from javert.sensors.windows.suite import windows_sensors

        return windows_sensors(options)
    else:
        raise _no_sensors()


def describe_host() -> Host:
    """The host Javert runs on.

    Raises:
        SensorError: it is of an operating system for which there are no sensors.
    """
    if sys.platform == "linux":
        from javert.sensors.linux.host import describe

        return describe()
    elif sys.platform == "win32":
        from javert.sensors.windows.host import describe as describe_windows

        return describe_windows()
    else:
        raise _no_sensors()


def _no_sensors() -> SensorError:
    return SensorError(f"no sensors for {sys.platform}: run Javert on Linux or Windows")
