import string

from javert.catalogue.software_without_dep import TEXTS


def placeholders(template):
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def test_both_languages_say_the_same_values():
    for key, entry in TEXTS.items():
        assert placeholders(entry.en) == placeholders(entry.ja), key
        assert entry.en, key


def test_every_text_of_a_finding_or_limitation_comes_in_threes():
    stems = {key.rpartition(".")[0] for key in TEXTS if not key.startswith("rule.")}
    for stem in stems:
        assert {f"{stem}.{part}" for part in ("title", "description", "recommendation")} <= TEXTS.keys()


def test_japanese_uses_the_terms_of_the_field():
    findings = [entry.ja for key, entry in TEXTS.items() if key.endswith(".title") and key.startswith("finding.")]
    assert findings
    assert all("データ実行防止" in title or "実行可能なスタック" in title for title in findings)
