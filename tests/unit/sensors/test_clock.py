"""Time as a run reckons it, whatever somebody does to the host's clock."""

import time

import pytest

from javert.sensors import clock


@pytest.fixture(autouse=True)
def _taken_again():
    yield
    clock.begin()


def test_it_is_the_time_of_day():
    clock.begin()
    assert abs(clock.now() - time.time()) < 60


@pytest.mark.parametrize("jump_s", [-86400, 3600])
def test_a_clock_that_is_set_changes_nothing_until_the_next_run(monkeypatch, jump_s):
    clock.begin()
    before = clock.now()
    real = time.time_ns
    monkeypatch.setattr(clock.time, "time_ns", lambda: real() + jump_s * 10**9)
    assert 0 <= clock.now() - before < 60
    clock.begin()
    assert abs(clock.now() - before - jump_s) < 60


def test_moments_that_kernel_programs_tell_are_on_the_same_clock():
    moment = clock.elapsed_ns()
    assert 0 <= clock.now() - clock.epoch(moment) < 60


def test_sleep_is_what_one_clock_counts_and_the_other_does_not(monkeypatch):
    boot, awake = 1_000_000_000_000, 400_000_000_000
    times = {time.CLOCK_BOOTTIME: boot, time.CLOCK_MONOTONIC: awake}
    monkeypatch.setattr(clock.time, "clock_gettime_ns", times.__getitem__)
    assert clock.asleep_s() == 600.0
    assert clock.elapsed_ns() == boot
