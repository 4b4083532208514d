"""Where the preferred sensor is refused, the other one runs and an exclusion says so."""

import pytest

from javert.errors import BpfUnavailableError, SensorError
from javert.model.rule_id import RuleId
from javert.model.telemetry import Heartbeat, SensorReport
from javert.sensors.fallback import WithFallback

RULES = (RuleId.UNUSED_LISTENING_TCP_PORT,)


class Fake:
    def __init__(self, name: str, refusal: SensorError | None = None) -> None:
        self.name = name
        self.calls: list[str] = []
        self._refusal = refusal

    def start(self, emit) -> None:
        if self._refusal:
            raise self._refusal
        self.calls.append("start")
        emit(Heartbeat(at=1.0))

    def poll(self) -> None:
        self.calls.append("poll")

    def flush(self) -> None:
        self.calls.append("flush")

    def stop(self) -> None:
        self.calls.append("stop")

    def report(self) -> SensorReport:
        return SensorReport(name=self.name, started_at=1.0, rules=RULES)


def _live(sensor: WithFallback) -> list[object]:
    records: list[object] = []
    sensor.start(records.append)
    sensor.poll()
    sensor.flush()
    sensor.stop()
    return records


def test_the_preferred_sensor_runs_alone():
    preferred, other = Fake("kernel"), Fake("polling")
    sensor = WithFallback(preferred, other, "connections-polled", RULES, blinds=True)
    assert _live(sensor) == [Heartbeat(at=1.0)]
    assert preferred.calls == ["start", "poll", "flush", "stop"]
    assert other.calls == []
    assert (sensor.name, sensor.report().name) == ("kernel", "kernel")


def test_the_other_takes_over_with_a_limitation():
    preferred, other = Fake("kernel", BpfUnavailableError("not permitted")), Fake("polling")
    sensor = WithFallback(preferred, other, "connections-polled", RULES, blinds=True)
    limitation, _beat = _live(sensor)
    assert (limitation.code, limitation.rules, limitation.blinds) == ("connections-polled", RULES, True)
    assert limitation.params == {"reason": "not permitted"}
    assert other.calls == ["start", "poll", "flush", "stop"]
    assert preferred.calls == []
    assert (sensor.name, sensor.report().name) == ("polling", "polling")


def test_if_both_are_refused_the_second_refusal_is_told():
    sensor = WithFallback(
        Fake("kernel", BpfUnavailableError("one")), Fake("polling", SensorError("two")), "x", RULES, blinds=False
    )
    with pytest.raises(SensorError, match="two"):
        sensor.start(lambda record: None)
