"""``javert rules`` lists and explains the rules in both languages."""

import pytest

from javert.model.rule_id import RuleId


def test_the_list_names_every_rule_with_its_severity(javert):
    ended = javert("rules")
    assert ended.code == 0
    for rule in RuleId:
        assert rule.value in ended.out
    assert "root-process-insecure-permissions  High 9.0  linux\n" in ended.out
    assert "linux, windows" in ended.out


@pytest.mark.parametrize("rule", list(RuleId))
@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_rule_is_explained(javert, rule, language):
    ended = javert("rules", rule.value, "--lang", language)
    assert ended.code == 0
    headings = {
        "en": ("Why it matters", "How it is judged", "What a finding shows", "How to fix it", "What it cannot see"),
        "ja": ("なぜ問題か", "判定方法", "結果に含まれる情報", "解決方法", "確認できないもの"),
    }[language]
    positions = [ended.out.index(f"\n{heading}\n") for heading in headings]
    assert positions == sorted(positions)
    assert len(ended.out) > 300


def test_an_unknown_rule_is_told_with_the_nearest(javert):
    ended = javert("rules", "unused-port")
    assert ended.code == 2
    assert ended.err.count("\n") == 1
