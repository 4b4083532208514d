"""What is opened is a regular file, whatever somebody puts in its place."""

import os

import pytest

from javert.sensors.linux.regular_file import open_regular


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"text")
    return path


def content(descriptor):
    with os.fdopen(descriptor, "rb") as opened:
        return opened.read()


def test_a_regular_file_is_opened_by_path_or_below_a_directory(file):
    assert content(open_regular(str(file))) == b"text"
    directory = os.open(file.parent, os.O_RDONLY)
    try:
        assert content(open_regular(file.name, directory=directory, flags=os.O_NOATIME)) == b"text"
    finally:
        os.close(directory)


def test_links_are_followed_only_where_asked_for(file):
    link = file.with_name("link")
    link.symlink_to(file)
    assert content(open_regular(str(link), links=True)) == b"text"
    with pytest.raises(OSError, match="no regular file"):
        open_regular(str(link))


def test_a_device_is_not_opened(monkeypatch):
    flags = []
    real = os.open

    def spy(path, flag, **where):
        flags.append(flag)
        return real(path, flag, **where)

    monkeypatch.setattr(os, "open", spy)
    with pytest.raises(OSError, match="no regular file"):
        open_regular("/dev/null")
    assert all(flag & os.O_PATH for flag in flags)


def test_nothing_stays_open(file):
    before = os.listdir("/proc/self/fd")
    for path in (str(file), "/dev/null", str(file.parent / "none")):
        try:
            os.close(open_regular(path))
        except OSError:
            continue
    assert os.listdir("/proc/self/fd") == before
