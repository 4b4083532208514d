"""Sensors are started, asked and stopped, and none can end the run for the others."""

import pytest

from javert.assessment import collection as module
from javert.assessment.collection import Collection
from javert.assessment.interruption import Interruption
from javert.errors import SensorError
from javert.model.rule_id import RuleId
from javert.model.telemetry import Heartbeat, Limitation, SensorReport

DEP = RuleId.SOFTWARE_WITHOUT_DEP


def fail(emit):
    raise ValueError("secret of the host")


def refuse(emit):
    raise SensorError("BPF is refused by the kernel (EPERM)")


@pytest.fixture
def collect(monkeypatch):
    """Runs sensors for 0.1 s and gives what they emitted, reports and heartbeats apart."""
    monkeypatch.setattr(module, "POLL_EVERY_S", 0.005)
    monkeypatch.setattr(module, "FLUSH_EVERY_S", 0.02)

    def run(*sensors, interruption=None, go_on=lambda left: True, planned_s=0.1):
        emitted = []
        collection = Collection(sensors, emitted.append)
        collection.start(interruption or Interruption())
        collection.watch(planned_s, go_on)
        collection.stop()
        return emitted

    return run


def limitations(emitted):
    return [record for record in emitted if isinstance(record, Limitation)]


def test_a_sensor_is_started_polled_flushed_and_stopped(collect, scripted_sensor):
    sensor = scripted_sensor()
    emitted = collect(sensor)
    assert sensor.calls[0] == "start"
    assert sensor.calls[-1] == "stop"
    assert sensor.calls.count("poll") >= sensor.calls.count("flush") > 0
    assert any(isinstance(record, Heartbeat) for record in emitted)
    assert limitations(emitted) == []
    assert isinstance(emitted[-1], SensorReport)


def test_the_last_report_counts_what_stop_found(collect, scripted_sensor):
    sensor = scripted_sensor()
    emitted = collect(sensor)
    assert emitted[-1].records == len(sensor.calls)


def test_sensors_stop_in_the_reverse_order_of_their_start(collect, scripted_sensor):
    order = []
    sensors = [
        scripted_sensor(name, start=lambda _, n=name: order.append(n), stop=lambda _, n=name: order.append(n))
        for name in "ab"
    ]
    collect(*sensors)
    assert order == ["a", "b", "b", "a"]


def test_a_sensor_that_cannot_start_blinds_its_rules_and_the_run_goes_on(collect, scripted_sensor):
    broken = scripted_sensor("bpf", rules=(DEP,), start=refuse)
    well = scripted_sensor("well")
    assert limitations(collect(broken, well)) == [
        Limitation(
            code="sensor-unavailable",
            rules=(DEP,),
            scope="bpf",
            params={"sensor": "bpf", "reason": "BPF is refused by the kernel (EPERM)"},
            blinds=True,
        )
    ]
    assert broken.calls == ["start"], "it has let go of the host itself"
    assert "poll" in well.calls


@pytest.mark.parametrize("step", ["start", "poll", "flush", "stop"])
def test_a_sensor_that_fails_is_told_once_without_what_it_saw(collect, scripted_sensor, step):
    broken = scripted_sensor("broken", **{step: fail})
    well = scripted_sensor("well")
    (limitation,) = limitations(collect(broken, well))
    assert limitation.code == "sensor-failed"
    assert limitation.rules == tuple(RuleId), "it named no rules, so it may have served all"
    assert limitation.blinds
    assert "ValueError" in limitation.params["fault"]
    assert "secret" not in str(limitation)
    assert broken.calls.count(step) == 1, "it is not asked again"
    assert broken.calls[-1] == "stop", "it must let go of the host"
    assert well.calls[-1] == "stop"


def test_the_first_fault_of_a_sensor_is_told_and_not_what_followed_from_it(collect, scripted_sensor):
    broken = scripted_sensor("broken", start=fail, stop=lambda _: {}["never made"])
    (limitation,) = limitations(collect(broken))
    assert "ValueError" in limitation.params["fault"]


def test_a_fault_shows_its_traceback_when_asked(collect, scripted_sensor, monkeypatch, capsys):
    collect(scripted_sensor(poll=fail))
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("JAVERT_DEBUG", "1")
    collect(scripted_sensor(poll=fail))
    assert "ValueError" in capsys.readouterr().err


def test_a_report_that_has_not_changed_is_not_written_again(collect, scripted_sensor):
    sensor = scripted_sensor()
    sensor.report = lambda: SensorReport(name="scripted", started_at=1.0, records=4)
    assert sum(isinstance(record, SensorReport) for record in collect(sensor)) == 1


def test_a_sensor_that_says_why_it_went_blind_is_quoted(collect, scripted_sensor):
    (limitation,) = limitations(collect(scripted_sensor(poll=refuse)))
    assert limitation.params["fault"] == "BPF is refused by the kernel (EPERM)"


def test_a_sensor_without_report_has_none(collect, scripted_sensor):
    sensor = scripted_sensor(start=fail)
    sensor.report = lambda: fail(None)
    emitted = collect(sensor)
    assert [record.code for record in limitations(emitted)] == ["sensor-failed"]
    assert not any(isinstance(record, SensorReport) for record in emitted)


def test_the_watch_ends_when_it_may_not_go_on(collect, scripted_sensor):
    told = []

    def go_on(left):
        told.append(left)
        return len(told) < 3

    sensor = scripted_sensor()
    collect(sensor, go_on=go_on, planned_s=60.0)
    assert sensor.calls.count("poll") == 2
    assert told == sorted(told, reverse=True)
    assert 0 < told[-1] <= told[0] == 60.0


def test_after_an_interruption_no_further_sensor_starts(collect, scripted_sensor):
    interruption = Interruption()

    def interrupt(emit):
        interruption.requested = True

    first, second = scripted_sensor("first", start=interrupt), scripted_sensor("second")
    collect(first, second, interruption=interruption, go_on=lambda left: False)
    assert first.calls == ["start", "stop"]
    assert second.calls == []
