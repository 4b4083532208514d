"""Silence of ports goes from run to run by a small file of the state directory."""

import msgspec
import pytest

from javert.assessment.port_history import earlier_silence, remember_silence
from javert.model.rule_id import NETWORK_RULES
from javert.model.telemetry import EarlierSilence, Listener, SensorReport, SilentService, Transport
from javert.model.view import assemble

HOST = "host.example"
SERVICE = SilentService(("", "*", "80", "/usr/sbin/nginx"), 1000.0, 2, 7200.0)


@pytest.fixture
def telemetry(run_started):
    """A run that saw one listener to which nothing came."""

    def build(*records, **fields):
        return assemble(
            [
                run_started(**fields),
                SensorReport(name="network", started_at=1.0, rules=NETWORK_RULES),
                Listener(transport=Transport.TCP, network_namespace=1, address="0.0.0.0", port=80),
                *records,
            ]
        )

    return build


def test_what_is_remembered_comes_back(tmp_path, telemetry):
    run = telemetry()
    remember_silence(tmp_path, run)
    earlier = earlier_silence(tmp_path, run.started.host.hostname)
    assert [service.identity[2] for service in earlier.services] == ["80"]
    assert (tmp_path / "silent-ports.json").stat().st_mode & 0o777 == 0o600
    remember_silence(tmp_path, telemetry(earlier))
    assert earlier_silence(tmp_path, run.started.host.hostname).services[0].runs == 2


def test_without_a_history_there_is_none(tmp_path):
    assert earlier_silence(tmp_path, HOST) is None


def test_another_hosts_history_is_not_this_ones(tmp_path, telemetry):
    remember_silence(tmp_path, telemetry())
    assert earlier_silence(tmp_path, "another.example") is None


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"\xff\xfe", b'{"version": 2, "hostname": "host.example"}'])
def test_a_damaged_history_is_none(tmp_path, damage):
    (tmp_path / "silent-ports.json").write_bytes(damage)
    assert earlier_silence(tmp_path, HOST) is None


@pytest.mark.parametrize(
    "damage", [{"since": 1e300}, {"since": -1.0}, {"runs": 0}, {"runs": -2}, {"watched_s": -3.0}]
)
def test_numbers_that_no_run_wrote_are_left_out(tmp_path, telemetry, damage):
    run = telemetry(EarlierSilence(services=(msgspec.structs.replace(SERVICE, **damage),)))
    remember_silence(tmp_path, run)
    earlier = earlier_silence(tmp_path, run.started.host.hostname)
    assert [service.identity[2:] for service in earlier.services] == [("80", "")]


def test_a_clock_that_was_set_back_makes_no_silence_begin_in_the_future(tmp_path, telemetry):
    first = telemetry(started_at=2_000_000_000.0)
    remember_silence(tmp_path, first)
    earlier = earlier_silence(tmp_path, first.started.host.hostname)
    remember_silence(tmp_path, telemetry(earlier, started_at=1_000_000_000.0))
    (service,) = earlier_silence(tmp_path, first.started.host.hostname).services
    assert (service.since, service.runs) == (1_000_000_000.0, 2)


def test_what_was_not_judged_again_is_kept(tmp_path, telemetry):
    run = telemetry(EarlierSilence(services=(SERVICE,)))
    remember_silence(tmp_path, run)
    assert SERVICE in earlier_silence(tmp_path, run.started.host.hostname).services


def test_an_unwritable_directory_is_told(tmp_path, telemetry):
    with pytest.raises(OSError, match="No such file"):
        remember_silence(tmp_path / "gone", telemetry())
