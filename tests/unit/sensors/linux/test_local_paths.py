"""Paths that others chose are looked up without asking any server."""

import os
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from javert.sensors.linux.local_paths import LocalPaths

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting takes root")


def test_files_directories_and_links_are_followed(tmp_path):
    (tmp_path / "directory").mkdir()
    (tmp_path / "directory" / "file").touch()
    (tmp_path / "absolute").symlink_to(tmp_path / "directory")
    (tmp_path / "relative").symlink_to("directory/../directory/file")
    paths = LocalPaths()
    for there in ("directory", "directory/file", "absolute/file", "relative", "./directory//file", "absolute/.."):
        assert paths.exists(f"{tmp_path}/{there}"), there


def test_what_is_missing_a_loop_and_a_link_of_the_kernel_are_not_there(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("nothing")
    paths = LocalPaths()
    for missing in ("nothing", "file/below", "loop", "dangling", "n" * 300, "file\udcff"):
        assert not paths.exists(f"{tmp_path}/{missing}"), missing
    assert not paths.exists(f"/proc/self/root{tmp_path}/file")
    assert not paths.exists("/" + "n/" * 4096)


@pytest.mark.root
@needs_root
def test_a_server_that_answers_no_more_is_never_asked_even_through_a_link(tmp_path):
    served, mounted = tmp_path / "served", tmp_path / "mounted"
    served.mkdir()
    mounted.mkdir()
    (served / "file").touch()
    (tmp_path / "link").symlink_to(mounted)
    paths = LocalPaths()
    assert paths.exists(str(mounted))  # read before the mount appears: that it has is noticed
    with subprocess.Popen(["bindfs", "-f", served, mounted]) as server:
        try:
            while not (mounted / "file").exists():
                assert server.poll() is None
            server.send_signal(signal.SIGSTOP)
            answers: list[bool] = []
            asked = threading.Thread(target=_ask, args=(paths, mounted, tmp_path / "link", answers), daemon=True)
            asked.start()
            asked.join(30)
            assert answers == [False, False]
        finally:
            server.send_signal(signal.SIGCONT)
            subprocess.run(["umount", mounted], check=True)


def _ask(paths: LocalPaths, mounted: Path, link: Path, answers: list[bool]) -> None:
    answers.extend(paths.exists(f"{place}/file") for place in (mounted, link))
