"""Collects telemetry: starts the sensors, asks them several times a second, stops them, whatever one does."""

import os
import time
import traceback
from collections.abc import Callable

from javert.assessment.interruption import Interruption
from javert.errors import SensorError, fault_site
from javert.model.rule_id import RuleId
from javert.model.telemetry import AnyRecord, Heartbeat, Limitation, SensorReport
from javert.sensors import clock
from javert.sensors.interface import Emit, Sensor

POLL_EVERY_S = 0.25
FLUSH_EVERY_S = 2.5
"""With the journal's own interval this keeps every record at most 5 s from the disk."""


class Collection:
    """One run's sensors between start and stop."""

    def __init__(self, sensors: tuple[Sensor, ...], emit: Emit) -> None:
        self._sensors = sensors
        self._emit = emit
        self._running: list[Sensor] = []
        self._failed: list[Sensor] = []
        self._reported: dict[str, SensorReport] = {}

    def start(self, interruption: Interruption) -> None:
        """Start the sensors in their order; one that cannot becomes a ``Limitation``."""
        for sensor in self._sensors:
            if interruption.requested:
                return
            try:
                sensor.start(self._emit)
            except SensorError as error:
                self._emit(
                    Limitation(
                        code="sensor-unavailable",
                        rules=_rules(sensor),
                        scope=sensor.name,
                        params={"sensor": sensor.name, "reason": str(error)},
                        blinds=True,
                    )
                )
            except Exception as error:  # noqa: BLE001 - the other sensors must still see
                self._failed.append(sensor)
                self._emit(_fault(sensor, error))
            else:
                self._running.append(sensor)

    def watch(self, planned_s: float, may_go_on: Callable[[float], bool]) -> None:
        """Poll and flush until ``planned_s`` have passed.

        Args:
            planned_s: seconds from now.
            may_go_on: is told the seconds that are left, four times a second; False ends the watch.
        """
        now = time.monotonic()
        end = now + planned_s
        flush_at = now + FLUSH_EVERY_S
        while (left := end - now) > 0 and may_go_on(left):
            time.sleep(min(POLL_EVERY_S, left))
            now = time.monotonic()
            for sensor in tuple(self._running):
                self._guarded(sensor, sensor.poll)
            if now >= flush_at:
                self._flush()
                now = time.monotonic()
                flush_at = now + FLUSH_EVERY_S

    def stop(self) -> None:
        """Stop the sensors, last started first, and emit what they did."""
        for sensor in reversed((*self._running, *self._failed)):
            try:
                sensor.stop()
            except Exception as error:  # noqa: BLE001 - the other sensors must still let go of the host
                if sensor not in self._failed:  # what fails after the first fault only follows from it
                    self._emit(_fault(sensor, error))
        for sensor in self._sensors:
            self._emit_report(sensor)

    def _flush(self) -> None:
        for sensor in tuple(self._running):
            self._guarded(sensor, sensor.flush)
            self._emit_report(sensor)
        self._emit(Heartbeat(at=clock.now()))

    def _guarded(self, sensor: Sensor, step: Callable[[], None]) -> None:
        """Do ``step``; a sensor that fails is not asked again, only stopped at the end."""
        try:
            step()
        except Exception as error:  # noqa: BLE001 - whatever it is, the run goes on
            if sensor in self._running:
                self._running.remove(sensor)
                self._failed.append(sensor)
            self._emit(_fault(sensor, error))

    def _emit_report(self, sensor: Sensor) -> None:
        report = _report(sensor)
        if report is not None and report != self._reported.get(sensor.name):
            self._reported[sensor.name] = report
            self._emit(report)


def _report(sensor: Sensor) -> SensorReport | None:
    try:
        return sensor.report()
    except Exception:  # noqa: BLE001 - a sensor that failed to start may not know; its Limitation says so
        return None


def _rules(sensor: Sensor) -> tuple[RuleId, ...]:
    report = _report(sensor)
    return report.rules if report and report.rules else tuple(RuleId)


def _fault(sensor: Sensor, error: Exception) -> AnyRecord:
    """A sensor's failure as a record; a SensorError's own words are meant for the operator."""
    if os.environ.get("JAVERT_DEBUG") == "1":
        traceback.print_exception(error)
    return Limitation(
        code="sensor-failed",
        rules=_rules(sensor),
        scope=sensor.name,
        params={
            "sensor": sensor.name,
            "fault": str(error) if isinstance(error, SensorError) else fault_site(error),
        },
        blinds=True,
    )
