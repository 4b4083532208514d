"""``javert report``: a stored result in another format."""

import json

import msgspec


def test_a_result_file_on_the_terminal(javert, stored, one_finding):
    ended = javert("report", stored(one_finding))
    assert ended.code == 0
    assert "* libold.so has no DEP" in ended.out


def test_a_result_as_json_is_the_same(javert, stored, one_finding):
    path = stored(one_finding)
    assert javert("report", path, "--format", "json").out == path.read_text()


def test_the_report_is_in_the_language_of_the_result(javert, stored, one_finding):
    assert "解決方法" in javert("report", stored(msgspec.structs.replace(one_finding, language="ja"))).out


def test_the_threshold_counts_here_too(javert, stored, one_finding):
    assert javert("report", stored(one_finding), "--fail-on", "low").code == 1


def test_into_a_file(javert, stored, one_finding, tmp_path):
    ended = javert("report", stored(one_finding), "--format", "json", "--output", tmp_path / "out.json")
    assert ended == (0, "", "")
    assert json.loads((tmp_path / "out.json").read_bytes())["schema_version"] == "1.0"


def test_what_is_no_result_is_told(javert, tmp_path):
    (tmp_path / "x.json").write_text("[]")
    ended = javert("report", tmp_path / "x.json")
    assert (ended.code, ended.out) == (3, "")
    assert "is not a result of Javert" in ended.err
    assert javert("report", tmp_path / "nothing.json").code == 3


def test_a_dash_is_standard_output(javert, stored, one_finding):
    assert javert("report", stored(one_finding), "--output", "-").out == javert("report", stored(one_finding)).out
