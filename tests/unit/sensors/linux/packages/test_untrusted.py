"""Files that somebody may have put there to harm who reads them."""

import os
import socket

import pytest

from javert.sensors.linux.packages.distribution import distribution
from javert.sensors.linux.packages.untrusted import contents, opened


def _socket(path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


@pytest.mark.parametrize(
    "make",
    [os.mkfifo, os.mkdir, _socket, lambda path: path.symlink_to("/etc/passwd"), lambda path: None],
    ids=["fifo", "directory", "socket", "link", "nothing"],
)
def test_only_regular_files_are_opened(tmp_path, make):
    make(tmp_path / "file")
    with pytest.raises(OSError, match="file"):
        opened(str(tmp_path / "file"))
    assert contents(str(tmp_path / "file")) == b""


def test_links_are_followed_only_where_asked_for(tmp_path):
    (tmp_path / "file").write_bytes(b"text")
    (tmp_path / "link").symlink_to("file")
    with opened(str(tmp_path / "link"), links=True) as file:
        assert file.read() == b"text"
    with pytest.raises(OSError, match="no regular file"):
        opened(str(tmp_path / "link"))


def test_a_file_of_any_size_takes_no_more_memory_than_allowed(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"1234")
    assert contents(str(path), 4) == b"1234"
    assert contents(str(path), 3) == b""
    os.truncate(path, 1 << 40)
    assert contents(str(path)) == b""


def test_a_distribution_that_never_ends_is_unknown(tmp_path):
    (tmp_path / "etc").mkdir()
    os.mkfifo(tmp_path / "etc/os-release")
    assert distribution(str(tmp_path)).ids == ()


def test_a_link_to_the_hosts_distribution_is_not_followed(tmp_path):
    """An absolute link leads somewhere else for those who live in the directory."""
    for name in ("etc", "usr/lib"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "etc/os-release").symlink_to("/usr/lib/os-release")
    (tmp_path / "usr/lib/os-release").write_text("ID=other\n")
    assert distribution(str(tmp_path)).ids == ("other",)
