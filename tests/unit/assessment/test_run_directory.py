"""Where runs are kept, and how they are read again."""

import json
import os
import stat
from pathlib import Path

import pytest

from javert.assessment.run_directory import (
    JOURNAL,
    RESULT,
    STATE,
    RunDirectory,
    create_state_directory,
    new_run_id,
    read_result,
    read_telemetry,
    state_directory,
)
from javert.errors import RunDirectoryError
from javert.model.assessment import RunState
from javert.model.codec import encode_assessment, encode_record
from javert.model.telemetry import Heartbeat


def names(path):
    return sorted(entry.name for entry in path.iterdir())


@pytest.fixture
def make_directory():
    made = []

    def make(path):
        made.append(RunDirectory(path))
        return made[-1]

    yield make
    for directory in made:
        directory.journal.close()


def test_root_and_others_keep_runs_where_their_system_expects(monkeypatch):
    monkeypatch.delenv("JAVERT_STATE_DIR", raising=False)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setenv("HOME", "/home/ann")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert state_directory() == Path("/var/lib/javert")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert state_directory() == Path("/home/ann/.local/state/javert")
    monkeypatch.setenv("XDG_STATE_HOME", "/home/ann/s")
    assert state_directory() == Path("/home/ann/s/javert")
    monkeypatch.setenv("JAVERT_STATE_DIR", "/srv/j")
    assert state_directory() == Path("/srv/j")


def test_run_ids_sort_by_time_and_differ():
    ids = [new_run_id(1_795_453_200.0 + seconds) for seconds in range(5)]
    assert ids == sorted(ids)
    assert ids[0].startswith("20261123T170000Z-")
    assert len({new_run_id(0.0) for _ in range(50)}) > 45


def test_the_directory_is_its_owners_only(tmp_path, make_directory):
    make_directory(tmp_path / "runs" / "one")
    assert stat.S_IMODE((tmp_path / "runs" / "one").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "runs" / "one" / JOURNAL).stat().st_mode) == 0o600


def test_an_empty_directory_is_taken(tmp_path, make_directory):
    (tmp_path / "mine").mkdir(mode=0o755)
    make_directory(tmp_path / "mine")
    assert (tmp_path / "mine" / JOURNAL).exists()


def test_an_empty_sticky_directory_is_taken(tmp_path, make_directory):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine").chmod(0o1777)
    make_directory(tmp_path / "mine")
    assert stat.S_IMODE((tmp_path / "mine" / JOURNAL).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda path: path.write_text("x"), "is not a directory"),
        (lambda path: (path.mkdir(), (path / "x").write_text("")), "is not empty"),
        (lambda path: (path.mkdir(), path.chmod(0o777)), "others can write"),
        (lambda path: path.symlink_to(path.parent), "is not a directory"),
    ],
)
def test_a_directory_that_is_not_fit_is_refused(tmp_path, make_directory, prepare, message):
    prepare(tmp_path / "run")
    with pytest.raises(RunDirectoryError, match=message):
        make_directory(tmp_path / "run")


def test_a_directory_of_another_user_is_refused(tmp_path, make_directory, monkeypatch):
    (tmp_path / "run").mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(RunDirectoryError, match="belongs to another user"):
        make_directory(tmp_path / "run")


def test_a_directory_that_cannot_be_made_is_told(tmp_path, make_directory):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunDirectoryError, match="cannot make the run directory"):
        make_directory(tmp_path / "file" / "run")


def test_a_state_directory_that_cannot_be_made_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("JAVERT_STATE_DIR", str(tmp_path / "file" / "state"))
    with pytest.raises(RunDirectoryError, match="name another place in JAVERT_STATE_DIR"):
        create_state_directory()


def test_the_state_names_the_process(tmp_path, make_directory):
    directory = make_directory(tmp_path / "run")
    directory.set_state(RunState.COLLECTING_DATA)
    assert json.loads((tmp_path / "run" / STATE).read_bytes()) == {"state": "COLLECTING_DATA", "pid": os.getpid()}


def test_a_state_that_cannot_be_written_is_a_failure_to_tell_later(tmp_path, make_directory, monkeypatch):
    directory = make_directory(tmp_path / "run")
    directory.journal.finish()
    (tmp_path / "run" / JOURNAL).unlink()
    (tmp_path / "run").rmdir()
    directory.set_state(RunState.COLLECTING_DATA)
    assert isinstance(directory.failure, FileNotFoundError)


def test_telemetry_is_read_back(tmp_path, make_directory, run_started):
    directory = make_directory(tmp_path / "run")
    directory.journal.append(run_started())
    directory.journal.append(Heartbeat(at=1_795_453_300.0))
    directory.journal.finish()
    before = names(tmp_path / "run")
    telemetry = read_telemetry(tmp_path / "run")
    assert telemetry.started == run_started()
    assert telemetry.last_sign == 1_795_453_300.0
    assert names(tmp_path / "run") == before


def test_a_directory_that_is_missing_foreign_or_broken_is_told(tmp_path):
    with pytest.raises(RunDirectoryError, match="there is no run directory"):
        read_telemetry(tmp_path / "missing")
    with pytest.raises(RunDirectoryError, match=r"it holds no journal\.jsonl"):
        read_telemetry(tmp_path)
    (tmp_path / JOURNAL).write_bytes(b"")
    with pytest.raises(RunDirectoryError, match="does not begin with the start of a run"):
        read_telemetry(tmp_path)
    (tmp_path / JOURNAL).write_bytes(b"GIF89a\n\n")
    with pytest.raises(RunDirectoryError, match="does not begin as one of Javert"):
        read_telemetry(tmp_path)
    (tmp_path / JOURNAL).unlink()
    os.mkfifo(tmp_path / JOURNAL)
    with pytest.raises(RunDirectoryError, match=r"it holds no journal\.jsonl"):
        read_telemetry(tmp_path)


def test_a_journal_with_two_runs_is_told(tmp_path, run_started):
    line = encode_record(run_started()) + b"\n"
    (tmp_path / JOURNAL).write_bytes(line + line)
    with pytest.raises(RunDirectoryError, match="second run"):
        read_telemetry(tmp_path)


def test_a_result_is_read_from_its_file_or_its_run(tmp_path, make_directory, make_assessment):
    assessment = make_assessment()
    make_directory(tmp_path / "run").store(assessment)
    assert read_result(tmp_path / "run") == read_result(tmp_path / "run" / RESULT) == assessment


def test_a_run_without_result_says_how_to_get_one(tmp_path, make_directory):
    make_directory(tmp_path / "run")
    with pytest.raises(RunDirectoryError, match="javert evaluate"):
        read_result(tmp_path / "run")


def test_a_result_that_is_none_is_told(tmp_path, make_assessment):
    (tmp_path / "r.json").write_bytes(b"{}")
    with pytest.raises(RunDirectoryError, match="not a result of Javert"):
        read_result(tmp_path / "r.json")
    (tmp_path / "r.json").write_bytes(encode_assessment(make_assessment(schema_version="9.0")))
    with pytest.raises(RunDirectoryError, match=r"schema version is '9\.0'"):
        read_result(tmp_path / "r.json")
    with pytest.raises(RunDirectoryError, match="No such file"):
        read_result(tmp_path / "nothing.json")


@pytest.mark.parametrize(("mode", "refused"), [(0o777, True), (0o1777, False), (0o755, False)])
def test_a_place_where_others_could_replace_the_run_directory_is_refused(tmp_path, make_directory, mode, refused):
    parent = tmp_path / "parent"
    parent.mkdir()
    parent.chmod(mode)
    if refused:
        with pytest.raises(RunDirectoryError, match="others could replace"):
            make_directory(parent / "run")
        assert not list(parent.iterdir())
    else:
        make_directory(parent / "run")


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="giving a directory away takes root")
def test_a_directory_of_another_user_is_no_place_for_runs(tmp_path, make_directory):
    parent = tmp_path / "parent"
    parent.mkdir()
    os.chown(parent, 1, 1)
    with pytest.raises(RunDirectoryError, match="others could replace"):
        make_directory(parent / "run")
