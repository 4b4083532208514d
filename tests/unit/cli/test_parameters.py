"""Durations, rules, severities and languages as they are typed."""

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from javert.cli.parameters import duration, language_of_locale, ports, rule, severity
from javert.model.rule_id import RuleId, Severity


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [
        ("1s", 1),
        ("90s", 90),
        ("15m", 900),
        ("1h", 3600),
        ("1h30m", 5400),
        ("2h0m5s", 7205),
        (" 1H ", 3600),
        ("1m30s", 90),
    ],
)
def test_durations(typed, seconds):
    assert duration(typed) == seconds


@pytest.mark.parametrize(
    "typed",
    ["", "0s", "0h0m", "90", "1.5h", "-5s", "1x", "1m1h", "s", "h", "9999999h", "8785h", "1 h", "٣s", "1d", "1h1h"],
)
def test_what_is_no_duration(typed):
    with pytest.raises(click.BadParameter):
        duration(typed)


@given(st.integers(0, 100), st.integers(0, 100), st.integers(1, 100))
def test_parts_add_up(hours, minutes, seconds):
    assert duration(f"{hours}h{minutes}m{seconds}s") == hours * 3600 + minutes * 60 + seconds


@given(st.text(max_size=20))
def test_any_text_is_a_duration_or_refused(typed):
    try:
        assert 1 <= duration(typed) <= 366 * 86400
    except click.BadParameter as error:
        assert "\n" not in error.message


def test_rules_by_id():
    assert rule("software-without-dep") is RuleId.SOFTWARE_WITHOUT_DEP


def test_the_nearest_rule_is_suggested():
    with pytest.raises(click.BadParameter, match="did you mean software-without-dep"):
        rule("software-without-deps")
    with pytest.raises(click.BadParameter, match="javert rules lists them"):
        rule("xyz")


def test_severities_in_any_case():
    assert severity("HIGH") is severity("High") is Severity.HIGH
    with pytest.raises(click.BadParameter, match="high, medium, low, informational"):
        severity("critical")


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "ja"}, "ja"),
        ({"LANG": "ja.utf8"}, "ja"),
        ({"LANG": "jam_JM"}, "en"),
        ({"LANG": "ja_JP.UTF-8", "LC_MESSAGES": "de_DE"}, "en"),
        ({"LANG": "ja_JP.UTF-8", "LC_MESSAGES": "ja_JP", "LC_ALL": "C"}, "en"),
        ({"LC_ALL": "", "LANG": "ja_JP"}, "ja"),
    ],
)
def test_the_language_is_that_of_the_locale(monkeypatch, environment, language):
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert language_of_locale() == language


# ---------------------------------------------------------------- ports


@pytest.mark.parametrize(
    ("text", "meant"),
    [("8080", {8080}), ("20-23", {20, 21, 22, 23}), ("80, 9100-9101", {80, 9100, 9101}), ("65535", {65535})],
)
def test_ports_and_ranges(text, meant):
    assert ports(text) == meant


@pytest.mark.parametrize("text", ["", "0", "65536", "23-20", "80,", "-1", "http", "1-2-3", "٣"])
def test_what_is_no_port_is_refused(text):
    with pytest.raises(click.BadParameter, match="is not a port"):
        ports(text)
