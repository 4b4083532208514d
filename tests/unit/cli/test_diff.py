"""``javert diff``: what changed between two results."""

import pytest


@pytest.fixture
def before_and_after(stored, one_finding, make_assessment):
    return stored(make_assessment(), "before.json"), stored(one_finding, "after.json")


def test_a_new_finding(javert, before_and_after):
    ended = javert("diff", *before_and_after)
    assert ended.code == 0
    assert ended.out == (
        "1 new, 0 fixed, 0 not judged again, 0 unchanged\n+ Medium: libold.so has no DEP (software-without-dep)\n"
    )


def test_a_fixed_finding(javert, before_and_after):
    assert "\n- Medium: libold.so" in javert("diff", *reversed(before_and_after)).out


def test_only_a_new_finding_reaches_the_threshold(javert, before_and_after):
    before, after = before_and_after
    assert javert("diff", before, after, "--fail-on", "medium").code == 1
    assert javert("diff", before, after, "--fail-on", "high").code == 0
    assert javert("diff", after, after, "--fail-on", "informational").code == 0


def test_what_is_no_result_is_told(javert, before_and_after, tmp_path):
    assert javert("diff", before_and_after[0], tmp_path).code == 3
