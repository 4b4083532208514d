import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from javert.sensors.linux.file_walk import MAX_DEPTH, Walk

BODY = b"\x7fELF" + bytes(100)


@pytest.fixture
def unreadable():
    return []


@pytest.fixture
def walk(unreadable):
    """Makes a walk; keyword arguments replace its own."""

    def make(**options):
        return Walk(
            **{
                "boundaries": frozenset(),
                "stopped": lambda: False,
                "unreadable": lambda path, error: unreadable.append((path, error)),
                **options,
            }
        )

    return make


def put(path, mode=0o755, body=BODY):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    path.chmod(mode)
    return str(path)


def descriptors():
    return {path.name for path in Path("/proc/self/fd").iterdir()}


def names(walk, root, **options):
    return {candidate.path for candidate in walk.tree(str(root), **options)}


def test_executables_and_shared_objects_are_candidates(walk, tmp_path):
    wanted = {
        put(tmp_path / "a/program", 0o755),
        put(tmp_path / "a/only-for-others", 0o601),
        put(tmp_path / "b/c/libx.so", 0o644),
        put(tmp_path / "b/c/libx.so.1.2.3", 0o444),
    }
    put(tmp_path / "a/text", 0o644)
    put(tmp_path / "a/tiny", 0o755, b"#!")
    (tmp_path / "a/link").symlink_to("program")
    (tmp_path / "a/loop").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "a/pipe.so", 0o777)
    one = walk()
    assert names(one, tmp_path) == wanted
    assert one.files == 6


def test_candidates_open_relative_to_their_directory(walk, tmp_path):
    put(tmp_path / "deep/er/program")
    for candidate in walk().tree(str(tmp_path)):
        descriptor = os.open(candidate.name, os.O_RDONLY, dir_fd=candidate.directory)
        assert os.fstat(descriptor).st_ino == candidate.stat.st_ino
        os.close(descriptor)


def test_boundaries_and_skipped_directories_are_not_entered(walk, tmp_path):
    put(tmp_path / "in/program")
    put(tmp_path / "mounted/program")
    put(tmp_path / "skipped/program")
    one = walk(boundaries=frozenset({str(tmp_path / "mounted")}), skip=frozenset({str(tmp_path / "skipped")}))
    assert names(one, tmp_path) == {str(tmp_path / "in/program")}


def test_a_boundary_is_walked_if_it_is_the_root(walk, tmp_path):
    path = put(tmp_path / "program")
    assert names(walk(boundaries=frozenset({str(tmp_path)})), tmp_path) == {path}


def test_a_root_that_is_not_there_is_told(walk, unreadable, tmp_path):
    assert names(walk(), tmp_path / "none") == set()
    ((path, error),) = unreadable
    assert path == str(tmp_path / "none")
    assert isinstance(error, FileNotFoundError)


def test_what_is_too_deep_is_told_not_entered(walk, unreadable, tmp_path):
    directory = os.open(tmp_path, os.O_RDONLY)
    for _ in range(MAX_DEPTH + 5):  # one path of all of them would be too long to make at once on some systems
        os.mkdir("d", dir_fd=directory)
        deeper = os.open("d", os.O_RDONLY, dir_fd=directory)
        os.close(directory)
        directory = deeper
    os.close(directory)
    put(tmp_path / "program")
    before = descriptors()
    assert names(walk(), tmp_path) == {str(tmp_path / "program")}
    assert [error for _, error in unreadable] == [None]
    assert descriptors() == before, "every directory was closed again"


def test_it_stops_when_told_and_lets_go_of_its_directories(walk, tmp_path):
    for number in range(5):
        put(tmp_path / f"{number}/program")
    before = descriptors()
    stopped = []
    one = walk(stopped=lambda: bool(stopped))
    seen = []
    for candidate in one.tree(str(tmp_path)):
        seen.append(candidate.path)
        stopped.append(True)
    assert len(seen) == 1
    assert descriptors() == before


def test_an_abandoned_walk_lets_go_of_its_directories(walk, tmp_path):
    put(tmp_path / "a/b/c/program")
    before = descriptors()
    tree = walk().tree(str(tmp_path))
    next(tree)
    tree.close()
    assert descriptors() == before


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give up being root")
def test_directories_without_permission_are_told():
    """As somebody else, in a process of its own, because root may read everything."""
    script = """
import os, sys
from javert.sensors.linux.file_walk import Walk
os.setuid(65534)
walk = Walk(
    boundaries=frozenset(),
    stopped=lambda: False,
    unreadable=lambda path, error: print("no", path, error.errno),
)
for candidate in walk.tree(sys.argv[1]):
    print("yes", candidate.path)
"""
    with tempfile.TemporaryDirectory() as top:
        Path(top).chmod(0o755)
        put(Path(top) / "open/program")
        put(Path(top) / "closed/program")
        (Path(top) / "closed").chmod(0o700)
        result = subprocess.run([sys.executable, "-c", script, top], capture_output=True, text=True, check=True)
        assert set(result.stdout.splitlines()) == {f"no {top}/closed 13", f"yes {top}/open/program"}


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount")
def test_a_file_system_that_was_mounted_meanwhile_is_not_entered(tmp_path):
    put(tmp_path / "program")
    (tmp_path / "mounted").mkdir()
    script = f"""
import subprocess
from javert.sensors.linux.file_walk import Walk
subprocess.run(["mount", "-t", "tmpfs", "none", "{tmp_path}/mounted"], check=True)
open("{tmp_path}/mounted/lib.so", "wb").write(bytes(100))
walk = Walk(boundaries=frozenset(), stopped=lambda: False, unreadable=lambda path, error: print("no", path))
for one_device in (True, False):
    print(sorted(candidate.path for candidate in walk.tree("{tmp_path}", one_device=one_device)))
"""
    result = subprocess.run(
        ["unshare", "--mount", sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    inside, outside = f"{tmp_path}/mounted/lib.so", f"{tmp_path}/program"
    assert result.stdout.splitlines() == [f"no {tmp_path}/mounted", repr([outside]), repr([inside, outside])]
