"""The formats by name."""

import pytest

from javert.report.interface import Page
from javert.report.registry import FORMATS, format_named


def test_every_format_is_found_by_its_name_and_renders(everything):
    assert [report_format.name for report_format in FORMATS] == ["terminal", "json"]
    for report_format in FORMATS:
        assert format_named(report_format.name) is report_format
        assert b"web-1" in report_format.render(everything, Page())


def test_an_unknown_format_is_a_key_error():
    with pytest.raises(KeyError):
        format_named("papyrus")
