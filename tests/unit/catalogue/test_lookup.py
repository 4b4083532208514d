"""The catalogue says the same in both languages."""

import string
from importlib import import_module
from pkgutil import iter_modules

import pytest

from javert import catalogue
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


def test_both_languages_take_the_same_values():
    assert [key for key, entry in ALL.items() if _params(entry.en) != _params(entry.ja)] == []


def test_no_text_is_empty():
    assert [key for key, entry in ALL.items() if not entry.en.strip() or not entry.ja.strip()] == []


def test_what_has_a_title_has_a_description_and_a_recommendation():
    stems = {key.rpartition(".")[0] for key in ALL if key.startswith(("limitation.", "finding."))}
    parts = ("title", "description", "recommendation")
    assert len(stems) > 10
    assert [f"{stem}.{part}" for stem in stems for part in parts if f"{stem}.{part}" not in ALL] == []


@pytest.mark.parametrize("rule", list(RuleId))
@pytest.mark.parametrize("part", ["name", "summary", "why", "how", "evidence", "fix", "limits"])
def test_every_rule_is_explained(rule, part):
    assert f"rule.{rule.value}.{part}" in ALL


@pytest.mark.parametrize("rule", list(RuleId))
def test_every_rule_has_words_for_a_finding(rule):
    assert any(key.startswith(f"finding.{rule.value}.") for key in ALL)


def test_every_enumerated_value_has_words():
    for severity in Severity:
        assert f"report.value.severity-{severity.value}" in ALL
    for outcome in Outcome:
        assert f"report.value.outcome-{outcome.value}" in ALL
    for state in (RunState.COMPLETED, RunState.COMPLETED_WITH_ERRORS):
        assert f"report.value.state-{state.value}" in ALL


def test_no_key_stands_in_two_modules():
    modules = [import_module(module.name) for module in iter_modules(catalogue.__path__, "javert.catalogue.")]
    texts = [module.TEXTS for module in modules if hasattr(module, "TEXTS")]
    assert len(texts) >= 8
    assert sum(map(len, texts)) == len(ALL)
