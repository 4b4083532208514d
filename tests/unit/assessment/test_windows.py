"""What a run needs of Windows, on Windows."""

import os
import sys
from pathlib import Path

import pytest

if sys.platform != "win32":
    pytest.skip("needs Windows: `make test-windows` runs it under Wine", allow_module_level=True)

from javert.assessment import windows


def test_this_users_own_directories_are_trusted(tmp_path):
    assert windows.owned(tmp_path)
    assert not windows.others_can_replace_entries(tmp_path)
    windows.make_private_directory(tmp_path / "a" / "b")
    assert windows.owned(tmp_path / "a" / "b")
    with pytest.raises(FileExistsError):
        windows.make_private_directory(tmp_path / "a" / "b")
    windows.make_private_directory(tmp_path / "a" / "b", exist_ok=True)


def test_a_directory_of_another_users_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(windows, "_own_identifier", lambda: "S-1-5-21-1-2-3-1001")
    monkeypatch.setattr(windows, "_SYSTEM", frozenset())
    assert windows.others_can_replace_entries(tmp_path)
    with pytest.raises(PermissionError, match="belongs to another user"):
        windows.make_private_directory(tmp_path, exist_ok=True)


def test_identifiers_are_those_that_windows_writes(tmp_path):
    assert windows._own_identifier().startswith("S-1-5-")
    with pytest.raises(FileNotFoundError):
        windows.owned(tmp_path / "missing")


def test_the_state_directory_is_in_program_data():
    assert windows.privileged()
    assert windows.default_state_directory() == Path(os.environ["PROGRAMDATA"]) / "Javert"


def test_only_one_holds_the_lock(tmp_path):
    first = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT | windows.PRIVATE)
    second = os.open(tmp_path / "lock", os.O_RDWR | windows.PRIVATE)
    assert windows.try_lock(first)
    assert not windows.try_lock(second)
    os.close(first)
    assert windows.try_lock(second)
    os.close(second)
