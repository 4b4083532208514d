"""Where reports go, and what the exit code says of them."""

import os
import stat
import sys
from pathlib import Path

import msgspec
import pytest

from javert.cli.output import check_output, exit_code, write_report
from javert.errors import JavertError, NothingAssessedError, UsageError
from javert.model.assessment import Outcome
from javert.model.codec import decode_assessment
from javert.model.rule_id import Severity


def test_a_report_goes_to_standard_output(one_finding, capsysbinary):
    write_report(one_finding, "json", None)
    assert decode_assessment(capsysbinary.readouterr().out) == one_finding


def test_a_report_goes_to_a_file_that_only_its_owner_reads(one_finding, tmp_path, capsys):
    write_report(one_finding, "json", str(tmp_path / "r.json"))
    assert decode_assessment((tmp_path / "r.json").read_bytes()) == one_finding
    assert stat.S_IMODE((tmp_path / "r.json").stat().st_mode) == 0o600
    assert capsys.readouterr() == ("", "")


def test_a_report_in_a_file_has_no_colours(one_finding, tmp_path, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    write_report(one_finding, "terminal", str(tmp_path / "r.txt"))
    assert b"\x1b" not in (tmp_path / "r.txt").read_bytes()


@pytest.mark.parametrize(
    ("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_colours_are_for_terminals_that_want_them(one_finding, monkeypatch, capsysbinary, environment, coloured):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    write_report(one_finding, "terminal", None)
    assert (b"\x1b[" in capsysbinary.readouterr().out) is (coloured and sys.platform != "win32")


def test_a_device_is_written_to_and_not_replaced(one_finding):
    write_report(one_finding, "json", os.devnull)
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


def test_what_cannot_be_written_is_told(one_finding, tmp_path):
    with pytest.raises(JavertError, match=r"cannot write the report to .*: No such file or directory"):
        write_report(one_finding, "json", str(tmp_path / "no" / "r.json"))


def test_an_output_is_checked_before_the_run(tmp_path, monkeypatch):
    check_output(None)
    check_output(str(tmp_path / "r.json"))
    check_output(os.devnull)
    with pytest.raises(UsageError, match="is a directory"):
        check_output(str(tmp_path))
    with pytest.raises(UsageError, match="there is no directory"):
        check_output(str(tmp_path / "no" / "r.json"))
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(UsageError, match="cannot be written to"):
        check_output(str(tmp_path / "r.json"))


@pytest.mark.parametrize(
    ("threshold", "code"),
    [(None, 0), (Severity.HIGH, 0), (Severity.MEDIUM, 1), (Severity.LOW, 1), (Severity.INFORMATIONAL, 1)],
)
def test_the_exit_code_tells_of_findings_at_or_above_the_threshold(one_finding, threshold, code):
    assert exit_code(one_finding, threshold) == code


def test_a_clean_host_passes_every_threshold(make_assessment):
    assert exit_code(make_assessment(), Severity.INFORMATIONAL) == 0


@pytest.mark.parametrize("outcome", [Outcome.NOT_AVAILABLE, Outcome.NOT_APPLICABLE, Outcome.ERROR])
def test_where_no_rule_was_judged_nothing_was_assessed(make_assessment, outcome):
    rules = tuple(msgspec.structs.replace(rule, outcome=outcome) for rule in make_assessment().rules)
    with pytest.raises(NothingAssessedError):
        exit_code(make_assessment(rules=rules), None)
