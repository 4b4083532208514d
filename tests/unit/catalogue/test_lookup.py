"""The catalogue says the same in both languages."""

import string
from importlib import import_module

import pytest

from javert.catalogue import lookup
from javert.catalogue.lookup import Language, text
from javert.model.assessment import Outcome, RunState
from javert.model.rule_id import RuleId, Severity

ALL = lookup._texts()


def _params(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def test_the_language_decides():
    assert text("report.what_to_do", Language.ENGLISH) == "What to do"
    assert text("report.what_to_do", Language.JAPANESE) == "解決方法"


def test_values_are_filled_in():
    assert text("report.more_remotes", Language.ENGLISH, {"count": 3}) == "and 3 more"


def test_an_unknown_key_is_a_key_error():
    with pytest.raises(KeyError):
        text("report.nothing", Language.ENGLISH)


@pytest.mark.parametrize("key", sorted(ALL))
def test_both_languages_take_the_same_values(key):
    entry = ALL[key]
    assert _params(entry.en) == _params(entry.ja)
    assert entry.en.strip()
    assert entry.ja.strip()


@pytest.mark.parametrize("key", sorted(key for key in ALL if key.startswith(("limitation.", "finding."))))
def test_what_has_a_title_has_a_description_and_a_recommendation(key):
    stem = key.rpartition(".")[0]
    assert {f"{stem}.title", f"{stem}.description", f"{stem}.recommendation"} <= set(ALL)


def test_every_enumerated_value_has_words():
    for severity in Severity:
        assert f"report.value.severity-{severity.value}" in ALL
    for outcome in Outcome:
        assert f"report.value.outcome-{outcome.value}" in ALL
    for state in (RunState.COMPLETED, RunState.COMPLETED_WITH_ERRORS):
        assert f"report.value.state-{state.value}" in ALL


def test_no_key_stands_in_two_modules():
    names = ["limitations", "report", *(rule.value.replace("-", "_") for rule in RuleId)]
    modules = [import_module(f"javert.catalogue.{name}").TEXTS for name in names]
    assert sum(map(len, modules)) == len(ALL)
