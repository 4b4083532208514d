"""Text in cells: widths, padding, line breaks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from javert.report.layout import cells, padded, wrap

MIXED = st.text(alphabet="ab /.（）、。あア漢é-", max_size=80)


@pytest.mark.parametrize(
    ("text", "width"), [("abc", 3), ("", 0), ("日本", 4), ("ｱ", 1), ("Ａ", 2), ("e\u0301", 1), ("é", 1)]
)
def test_cells(text, width):
    assert cells(text) == width


def test_padding_counts_cells():
    assert padded("日本", 6) == "日本  "
    assert padded("toolong", 3) == "toolong"


def test_lines_break_at_spaces():
    assert wrap("aaa bbb ccc", 7) == ["aaa bbb", "ccc"]


def test_lines_break_between_wide_characters():
    assert wrap("日本語の文章", 8) == ["日本語の", "文章"]


def test_no_line_begins_with_a_full_stop_or_ends_with_an_opening_bracket():
    assert wrap("日本語。", 6) == ["日本", "語。"]
    assert wrap("日本（語", 6) == ["日本", "（語"]


def test_a_path_is_never_broken():
    assert wrap("see /a/very/long/path/of/a/file now", 10) == ["see", "/a/very/long/path/of/a/file", "now"]


def test_a_line_that_begins_with_a_space_stays_as_it_is():
    assert wrap("do:\n  chmod  o-w   /a/b/c /d/e/f", 10) == ["do:", "  chmod  o-w   /a/b/c /d/e/f"]


def test_nothing_is_one_empty_line():
    assert wrap("", 10) == [""]


@given(MIXED, st.integers(min_value=1, max_value=60))
def test_wrapping_loses_nothing_but_spaces(text, width):
    assert "".join(wrap(text, width)).replace(" ", "") == text.replace(" ", "")


@given(MIXED, st.integers(min_value=4, max_value=60))
def test_a_line_is_too_long_only_if_it_cannot_be_broken(text, width):
    for line in wrap(text, width):
        if cells(line) > width and not text.startswith(" "):
            assert " " not in line.strip(" ") or len(wrap(line.strip(" "), width)) == 1
