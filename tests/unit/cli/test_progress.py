"""The progress line: only on a terminal, and only on standard error."""

import io
import os
import sys
from types import SimpleNamespace

import pytest

from javert.cli import progress as module
from javert.cli.progress import progress, reading
from javert.model.assessment import RunState


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def follow(monkeypatch, tmp_path):
    """Follows a run that is told the seconds left, and returns what a terminal shows of it."""

    def run(moments, screen, interrupted=False):
        monkeypatch.setattr(sys, "stderr", screen)  # in the test itself: pytest sets its own before each phase
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", "100")
        with progress(90.0) as observer:
            observer.entered(RunState.CREATED, tmp_path)
            observer.entered(RunState.COLLECTING_DATA, tmp_path)
            for left in moments:
                observer.collecting(left)
            observer.finishing(interrupted)
            observer.entered(RunState.EVALUATING_RULES, tmp_path)
            observer.entered(RunState.COMPLETED, tmp_path)
        return screen.getvalue()

    return run


def test_it_shows_the_run_directory_the_time_left_and_the_way_out(follow, tmp_path, capsys):
    shown = follow([75.0], Terminal())
    assert str(tmp_path) in shown.replace("\n", "")
    assert "1 min 15 s left" in shown
    assert "Ctrl-C evaluates what was seen" in shown
    assert "evaluating" in shown
    assert capsys.readouterr().out == ""


def test_it_shows_how_far_the_file_scan_is_until_it_is_done(monkeypatch, tmp_path):
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "140")
    clock = iter([100.0, 102.0])
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    with progress(90.0) as observer:
        observer.entered(RunState.COLLECTING_DATA, tmp_path)
        observer.scanned(123_456, finished=False)
        observer.collecting(75.0)
        observer.scanned(200_000, finished=True)
        observer.collecting(73.0)
    assert "1 min 15 s left, 123,456 files scanned" in screen.getvalue()
    assert "200,000" not in screen.getvalue()


def test_it_is_drawn_once_a_second_at_most(follow, monkeypatch):
    clock = iter([100.0, 100.4, 100.9, 101.0])
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    shown = follow([75.0, 74.0, 73.0, 72.0], Terminal())
    assert "1 min 15 s left" in shown
    assert "1 min 14 s" not in shown
    assert "1 min 13 s" not in shown
    assert "1 min 12 s left" in shown


def test_after_ctrl_c_it_says_what_a_second_one_does(follow):
    assert "Ctrl-C again ends at once" in follow([75.0], Terminal(), interrupted=True)
    assert "again" not in follow([75.0], Terminal())


def test_it_is_silent_where_nobody_looks(follow):
    assert follow([75.0], io.StringIO()) == ""


def test_reading_a_file_shows_how_much_of_it_was_read(monkeypatch, tmp_path):
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    path = tmp_path / "capture"
    path.write_bytes(bytes(4 << 20))
    with path.open("rb") as stream, reading(stream) as told:
        told(1 << 20)
    assert "reading" in screen.getvalue()
    assert "1.0/4.2 MB" in screen.getvalue() or "1.0/4.0 MiB" in screen.getvalue()


def test_reading_a_pipe_needs_no_size(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    read_end, write_end = os.pipe()
    with os.fdopen(read_end, "rb") as stream, os.fdopen(write_end, "wb"), reading(stream) as told:
        told(5 << 20)
    assert "5.0" in screen.getvalue()


def test_reading_shows_nothing_where_nobody_sees_it(monkeypatch, tmp_path):
    screen = io.StringIO()
    monkeypatch.setattr(sys, "stderr", screen)
    with (tmp_path / "capture").open("wb") as stream, reading(stream) as told:
        assert told is None
    assert screen.getvalue() == ""
