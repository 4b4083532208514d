"""``javert evaluate`` and ``javert report`` over what runs left."""

import json

import pytest

from javert.assessment.run_directory import RunDirectory
from javert.model.telemetry import FileScan, Heartbeat, RunEnded


@pytest.fixture
def recorded(tmp_path, run_started):
    """A recorded run that scanned files and found nothing; ``ended`` False: it was killed."""

    def make(name="run", ended=True):
        directory = RunDirectory(tmp_path / name)
        directory.journal.append(run_started())
        directory.journal.append(FileScan(roots=("/",), files=9, candidates=3, elf=3, machines={"x86-64": 3}))
        directory.journal.append(Heartbeat(at=1_795_453_800.0))
        if ended:
            directory.journal.append(RunEnded(ended_at=1_795_456_800.0))
        directory.journal.close()
        return tmp_path / name

    return make


def test_a_recorded_run_is_judged_again(javert, recorded):
    ended = javert("evaluate", recorded(), "--rule", "software-without-dep", "--format", "json")
    document = json.loads(ended.out)
    assert ended.code == 0
    assert [(rule["id"], rule["outcome"]) for rule in document["rules"]] == [("software-without-dep", "CLEAR")]
    assert document["run"]["state"] == "COMPLETED"


def test_a_killed_run_is_judged_with_an_exclusion_for_the_gap(javert, recorded):
    document = json.loads(javert("evaluate", recorded(ended=False), "--format", "json").out)
    assert document["run"]["ended_at"] == "2026-11-23T17:10:00.000Z"
    assert "The record of the run stops at 2026-11-23T17:10:00.000Z" in [
        exclusion["title"] for exclusion in document["exclusions"]
    ]


def test_in_japanese(javert, recorded):
    ended = javert("evaluate", recorded(), "--rule", "software-without-dep", "--lang", "ja")
    assert "潜在的なセキュリティの問題は見つかりませんでした。" in ended.out


def test_the_language_of_the_locale(javert, recorded, monkeypatch):
    monkeypatch.setenv("LANG", "ja_JP.UTF-8")
    assert "ルールごとの評価範囲" in javert("evaluate", recorded()).out


def test_a_directory_that_is_no_run_is_told(javert, tmp_path):
    ended = javert("evaluate", tmp_path)
    assert (ended.code, ended.out) == (3, "")
    assert "is not a run directory of Javert" in ended.err


def test_an_output_that_cannot_be_is_refused(javert, recorded, tmp_path):
    assert javert("evaluate", recorded(), "--output", tmp_path).code == 2
