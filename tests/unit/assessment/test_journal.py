"""A journal gives back what was appended, whatever happens to the disk or the process."""

import io
import os
import stat
import threading

import pytest

from javert.assessment import journal as journal_module
from javert.assessment.files import replace_file
from javert.assessment.journal import Journal, read_records
from javert.errors import ParseError
from javert.model.codec import encode_record
from javert.model.rule_id import RuleId
from javert.model.telemetry import Heartbeat, Limitation
from javert.model.view import assemble


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.jsonl"


@pytest.fixture
def journal(path):
    opened = Journal(path)
    yield opened
    opened.close()


def names(path):
    return sorted(entry.name for entry in path.iterdir())


def lines(*records):
    return b"".join(encode_record(record) + b"\n" for record in records)


def read(data):
    return list(read_records(io.BytesIO(data)))


def test_records_come_back_in_order(journal, run_started):
    records = [run_started(), *(Heartbeat(at=float(number)) for number in range(50))]
    for record in records:
        journal.append(record)
    journal.finish()
    assert list(journal.records()) == records


def test_what_was_appended_reaches_the_file_without_being_asked(journal, path, monkeypatch):
    monkeypatch.setattr("javert.assessment.journal.SYNC_EVERY_S", 0.01)
    journal.append(Heartbeat(at=1.0))
    deadline = threading.Event()
    for _ in range(500):
        if path.read_bytes():
            break
        deadline.wait(0.02)
    assert path.read_bytes() == lines(Heartbeat(at=1.0))


def test_a_large_batch_is_not_kept_in_memory(journal, path, run_started):
    big = run_started(scan_roots=("x" * 2_000_000,))
    journal.append(big)
    assert path.stat().st_size > 2_000_000


def test_the_file_is_its_owners_only(journal, path):
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_journal_that_is_there_is_not_written_over(journal, path):
    with pytest.raises(FileExistsError):
        Journal(path)


def test_a_symbolic_link_is_not_followed(path, tmp_path):
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        Journal(path)
    assert not (tmp_path / "elsewhere").exists()


def test_records_of_many_threads_stay_whole(journal):
    def append(thread):
        for number in range(200):
            journal.append(Heartbeat(at=float(thread * 1000 + number)))
            if number % 50 == 0:
                journal.sync()

    threads = [threading.Thread(target=append, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.finish()
    found = [record.at for record in journal.records()]
    assert sorted(found) == sorted(float(thread * 1000 + number) for thread in range(4) for number in range(200))
    for thread in range(4):
        own = [at for at in found if at // 1000 == thread]
        assert own == sorted(own)


def test_a_full_disk_loses_nothing(journal, path, disk):
    journal.append(Heartbeat(at=1.0))
    journal.sync()
    whole = path.read_bytes()
    disk.room = 10
    journal.append(Heartbeat(at=2.0))
    journal.append(Heartbeat(at=3.0))
    journal.sync()
    assert journal.failure.errno == 28
    assert path.read_bytes() == whole, "half a record must not stay behind"
    journal.append(Heartbeat(at=4.0))
    assert [record.at for record in journal.records()] == [1.0, 2.0, 3.0, 4.0]


def test_when_there_is_room_again_the_rest_is_written(journal, path, disk):
    disk.room = 0
    journal.append(Heartbeat(at=1.0))
    journal.sync()
    disk.room = None
    journal.finish()
    assert path.read_bytes() == lines(Heartbeat(at=1.0))
    assert journal.failure, "that it failed is still to be told"
    assert [record.at for record in journal.records()] == [1.0]


def test_a_failing_fsync_is_a_failure(journal, path, monkeypatch):
    def fail(file):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    journal.append(Heartbeat(at=1.0))
    journal.sync()
    monkeypatch.undo()
    assert journal.failure.errno == 5
    assert [record.at for record in journal.records()] == [1.0]


def test_records_can_be_read_though_the_file_was_removed(journal, path):
    journal.append(Heartbeat(at=1.0))
    journal.finish()
    path.unlink()
    assert list(journal.records()) == [Heartbeat(at=1.0)]


def test_a_torn_last_line_is_left_out_and_told():
    whole = lines(Heartbeat(at=1.0))
    assert read(whole + b'{"record":"Heartb') == [
        Heartbeat(at=1.0),
        Limitation(code="journal-torn", rules=(), params={"bytes": "17"}),
    ]


def test_zeros_at_the_end_are_left_out_and_told():
    assert read(lines(Heartbeat(at=1.0)) + b"\0" * 4096) == [
        Heartbeat(at=1.0),
        Limitation(code="journal-torn", rules=(), params={"bytes": "4096"}),
    ]


def test_a_damaged_line_in_the_middle_blinds_every_rule():
    data = lines(Heartbeat(at=1.0)) + b"#!?\n" + b"{}\n" + lines(Heartbeat(at=2.0))
    assert read(data) == [
        Heartbeat(at=1.0),
        Heartbeat(at=2.0),
        Limitation(code="journal-damaged", rules=tuple(RuleId), params={"lines": "2", "first": "2"}, blinds=True),
    ]


def test_damage_and_a_torn_end_are_both_told():
    data = lines(Heartbeat(at=1.0)) + b"#\n" + lines(Heartbeat(at=2.0)) + b"{"
    assert [record.code for record in read(data)[2:]] == ["journal-damaged", "journal-torn"]


def test_a_file_that_begins_otherwise_is_not_a_journal():
    with pytest.raises(ParseError, match="does not begin as one of Javert"):
        read(b"<html>\n" + lines(Heartbeat(at=1.0)))


def test_an_empty_journal_has_no_records():
    assert read(b"") == []


def test_a_record_of_a_newer_version_is_named_with_its_line():
    with pytest.raises(ParseError, match=r"line 2 of its journal: a newer Javert wrote .* 'Hologram'"):
        read(lines(Heartbeat(at=1.0)) + b'{"record":"Hologram"}\n')


def test_a_line_without_end_is_not_read_whole(monkeypatch):
    monkeypatch.setattr("javert.assessment.journal._LONGEST_LINE", 64)
    with pytest.raises(ParseError):
        read(b"x" * 1000)


@pytest.fixture
def small_journal(path, monkeypatch):
    """A journal that is compacted as soon as it is longer than a kilobyte."""
    monkeypatch.setattr("javert.assessment.journal.COMPACT_AT", 1024)
    opened = Journal(path)
    yield opened
    opened.close()


def fill(journal, run_started, count=100):
    journal.append(run_started())
    for number in range(count):
        journal.append(Heartbeat(at=float(number)))
        journal.append(Limitation(code=f"code{number % 3}", rules=(), params={"number": str(number)}))
        journal.sync()


def test_a_long_journal_keeps_only_the_last_record_of_each_identity(small_journal, path, run_started):
    fill(small_journal, run_started)
    assert path.stat().st_size < 4096
    assert names(path.parent) == [path.name]


def test_a_rewritten_journal_is_its_owners_only(small_journal, path, run_started):
    fill(small_journal, run_started)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_compacted_journal_tells_the_same(small_journal, path, run_started):
    fill(small_journal, run_started)
    small_journal.finish()
    view = assemble(small_journal.records())
    assert view.started == run_started()
    assert view.last_sign == run_started().started_at
    assert [(limit.code, limit.params["number"]) for limit in view.limitations] == [
        ("code0", "99"),
        ("code1", "97"),
        ("code2", "98"),
    ]
    with path.open("rb") as stream:
        assert assemble(read_records(stream)) == view


def test_a_journal_that_cannot_be_compacted_grows_on(small_journal, path, run_started, monkeypatch):
    def fail(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("javert.assessment.journal.replace_file", fail)
    fill(small_journal, run_started)
    assert small_journal.failure is None
    assert path.stat().st_size > 4096
    assert sum(1 for _ in small_journal.records()) == 201


def test_a_full_disk_after_compaction_loses_nothing(small_journal, path, run_started, disk):
    fill(small_journal, run_started)
    disk.room = 5
    small_journal.append(Heartbeat(at=1e9))
    small_journal.sync()
    assert small_journal.failure.errno == 28
    assert list(small_journal.records())[-1] == Heartbeat(at=1e9)
    assert path.read_bytes().endswith(b"}\n")


def test_the_journal_goes_on_in_the_file_that_has_its_name(small_journal, path, run_started, monkeypatch):
    """Even if the last step of the replacement fails, after the name has changed hands."""

    def replace_and_fail(target, data):
        replace_file(target, data)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("javert.assessment.journal.replace_file", replace_and_fail)
    fill(small_journal, run_started)
    small_journal.append(Heartbeat(at=1e9))
    small_journal.sync()
    assert path.stat().st_size < 4096
    assert path.read_bytes().endswith(encode_record(Heartbeat(at=1e9)) + b"\n")


def test_a_journal_without_its_directory_goes_on(small_journal, path, run_started):
    path.unlink()
    path.parent.rmdir()
    fill(small_journal, run_started)
    assert small_journal.failure is None
    assert sum(1 for _ in small_journal.records()) == 201


def test_where_no_open_file_can_be_replaced_it_is_let_go_of(journal, path, monkeypatch):
    """As on Windows. If there is no way back to the file, that is told, and what was in it stays in memory."""

    def release(file):
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, file)
        os.close(null)
        return True

    monkeypatch.setattr(journal_module, "release_for_replacement", release)
    for at in (1.0, 2.0):
        journal._compact_at = 1
        journal.append(Heartbeat(at=at))
        journal.sync()
        assert list(journal.records()) == [Heartbeat(at=at)]
    assert journal.failure is None

    def lose(there, data):
        there.unlink()

    monkeypatch.setattr(journal_module, "replace_file", lose)
    journal._compact_at = 1
    journal.append(Heartbeat(at=3.0))
    journal.sync()
    assert isinstance(journal.failure, FileNotFoundError)
    assert list(journal.records()) == [Heartbeat(at=3.0)]
