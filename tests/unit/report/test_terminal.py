"""The terminal report: goldens, and what must hold for every assessment."""

import re

import msgspec
import pytest
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from javert.model.assessment import Outcome, RuleResult
from javert.model.rule_id import RuleId
from javert.report.interface import Page
from javert.report.layout import cells
from javert.report.terminal import render

ANSI = re.compile(r"\x1b\[[0-9;]*m")


class TextFile(SingleFileSnapshotExtension):
    """One golden file a test, as it would stand on the screen."""

    file_extension = "txt"
    _write_mode = WriteMode.TEXT


@pytest.fixture
def golden(snapshot):
    return snapshot.use_extension(TextFile)


def shown(assessment, **page):
    return render(assessment, Page(**page)).decode()


def test_in_english(everything, golden):
    assert shown(everything, width=100) == golden


def test_in_japanese(everything_in_japanese, golden):
    assert shown(everything_in_japanese, width=80) == golden


def test_of_a_clean_host(make_assessment, golden):
    assert shown(make_assessment(), width=80) == golden


def test_without_colour_there_is_no_escape_sequence(everything):
    text = shown(everything)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)


def test_colours_change_nothing_but_colours(everything):
    coloured = shown(everything, colour=True)
    assert ANSI.search(coloured)
    assert ANSI.sub("", coloured) == shown(everything)


@pytest.mark.parametrize("width", [80, 110])
def test_a_line_is_longer_than_the_terminal_only_for_a_command_or_one_long_word(everything_in_japanese, width):
    for line in shown(everything_in_japanese, width=width).split("\n"):
        assert cells(line) <= width or "chown root" in line or len(line.split()) <= 1, line


def test_a_very_wide_terminal_does_not_make_long_lines(everything):
    assert shown(everything, width=400) == shown(everything, width=110)


def test_a_very_narrow_terminal_still_gets_a_report(everything):
    assert shown(everything, width=1) == shown(everything, width=40)


def test_no_path_is_hidden_by_a_group(everything):
    text = shown(everything, width=60)
    for finding in everything.findings:
        path = finding.attributes.get("path", "")
        if path.isprintable():
            assert path in text


def test_titles_come_worst_first(everything):
    text = shown(everything)
    positions = [text.index(f"Severity: {name}") for name in ("High", "Medium", "Low", "Informational")]
    assert positions == sorted(positions)


def test_nothing_found_and_all_judged_says_so(make_assessment):
    assert "No potential security issues found." in shown(make_assessment())


@pytest.mark.parametrize("outcome", [Outcome.NOT_AVAILABLE, Outcome.ERROR])
def test_nothing_found_but_not_all_judged_is_not_called_clean(make_assessment, outcome):
    rules = (RuleResult(id=RuleId.SOFTWARE_WITHOUT_DEP, outcome=outcome), *make_assessment().rules[:4])
    text = shown(make_assessment(rules=rules))
    assert "No potential security issues found" not in text
    assert "does not mean that the host is clean" in text
    assert "Rules that could not be judged (see the exclusions): 1 of 5." in text


@pytest.mark.parametrize(
    "rules", [(), (RuleResult(id=RuleId.SOFTWARE_WITHOUT_DEP, outcome=Outcome.NOT_APPLICABLE),)]
)
def test_where_no_rule_was_judged_the_host_is_not_called_clean(make_assessment, rules):
    assert "No potential security issues found" not in shown(make_assessment(rules=rules))


def test_a_rule_that_does_not_apply_does_not_keep_a_host_from_being_clean(make_assessment):
    rules = (
        RuleResult(id=RuleId.SOFTWARE_WITHOUT_DEP, outcome=Outcome.NOT_APPLICABLE),
        *make_assessment().rules[:4],
    )
    assert "No potential security issues found." in shown(make_assessment(rules=rules))


def test_exclusions_with_the_same_words_are_told_once(everything):
    text = shown(everything)
    assert text.count("* Events were lost") == 1
    assert text.count("* A directory cannot be read") == 1
    assert "Exclusions (not looked at, see below): 3." in text


def test_a_language_of_a_later_version_falls_back_to_english(make_assessment):
    assert shown(make_assessment(language="fr")) == shown(make_assessment())


def test_a_moment_of_another_day_keeps_its_date(make_assessment, everything):
    finding = msgspec.structs.replace(everything.findings[0], last_seen="2026-11-24T01:02:03.000Z")
    assert "17:00:00 to 2026-11-24 01:02:03 UTC" in shown(make_assessment(findings=(finding,)))


def test_a_finding_cannot_forge_lines_of_the_report(make_assessment, everything):
    finding = msgspec.structs.replace(everything.findings[0], title="x\nNo potential security issues found.")
    assert "\nNo potential" not in shown(make_assessment(findings=(finding,)))
