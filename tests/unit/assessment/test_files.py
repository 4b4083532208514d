"""A file is replaced whole or stays as it was."""

import os
import stat

import pytest

from javert.assessment.files import replace_file


def names(path):
    return sorted(entry.name for entry in path.iterdir())


def test_a_new_file_is_its_owners_only(tmp_path):
    replace_file(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600


def test_nothing_else_stays_in_the_directory(tmp_path):
    replace_file(tmp_path / "a", b"1")
    replace_file(tmp_path / "a", b"2")
    assert names(tmp_path) == ["a"]


def test_on_failure_the_old_file_stays(tmp_path, monkeypatch):
    replace_file(tmp_path / "a", b"old")

    def fail(file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        replace_file(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


def test_a_symbolic_link_is_replaced_not_followed(tmp_path):
    (tmp_path / "victim").write_bytes(b"precious")
    (tmp_path / "a").symlink_to(tmp_path / "victim")
    replace_file(tmp_path / "a", b"new")
    assert (tmp_path / "victim").read_bytes() == b"precious"
    assert not (tmp_path / "a").is_symlink()


def test_the_new_name_is_forced_to_the_disk_after_the_content(tmp_path, monkeypatch):
    synced = []
    fsync = os.fsync

    def watch(file):
        synced.append(stat.S_IFMT(os.fstat(file).st_mode))
        fsync(file)

    monkeypatch.setattr(os, "fsync", watch)
    replace_file(tmp_path / "a", b"new")
    assert synced == [stat.S_IFREG, stat.S_IFDIR]


def test_a_directory_that_may_not_be_read_is_no_failure(tmp_path, monkeypatch):
    opened = os.open

    def refuse_directories(path, flags, *mode):
        if flags & os.O_DIRECTORY:
            raise PermissionError(13, "Permission denied")
        return opened(path, flags, *mode)

    monkeypatch.setattr(os, "open", refuse_directories)
    replace_file(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
