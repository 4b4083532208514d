"""The cache of the file scan: what is remembered, and what must never be believed."""

import os
import resource
import signal
import sqlite3
import subprocess
import sys

import pytest

from javert.sensors.linux import file_cache
from javert.sensors.linux.file_cache import NAME, FileCache


@pytest.fixture(autouse=True)
def settled(monkeypatch):
    """Files that the test has just made count as old enough."""
    monkeypatch.setattr(file_cache, "SETTLED_S", 0.0)


@pytest.fixture
def directory(tmp_path):
    path = tmp_path / "state"
    path.mkdir(mode=0o700)
    return path


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "program"
    path.write_bytes(b"some bytes")
    return path


def opened(directory, root="/", file_system="ext4"):
    cache = FileCache(str(directory))
    cache.open()
    cache.enter(root, file_system)
    return cache


def keep(directory, file, outcome="x86-64"):
    cache = opened(directory)
    cache.keep(file.stat(), outcome)
    cache.close()


def ask(directory, status, **where):
    cache = opened(directory, **where)
    try:
        return cache.outcome(status)
    finally:
        cache.close()


@pytest.mark.parametrize("outcome", ["x86-64", "", "damaged", "machine-4711"])
def test_what_was_learned_of_a_file_is_there_in_the_next_scan(directory, file, outcome):
    keep(directory, file, outcome)
    assert ask(directory, file.stat()) == outcome
    status = (directory / NAME).stat()
    assert (status.st_mode & 0o777, status.st_uid) == (0o600, os.geteuid())


def test_an_unknown_file_is_not_known(directory, file):
    assert ask(directory, file.stat()) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda file: file.write_bytes(b"other byte"),
        lambda file: file.chmod(0o711),
        lambda file: os.utime(file, ns=(1, 1)),
        lambda file: os.truncate(file, 3),
        lambda file: file.with_name("another name").hardlink_to(file),
    ],
    ids=["same size", "mode", "times set back", "cut", "another name"],
)
def test_a_changed_file_is_not_known(directory, file, change):
    keep(directory, file)
    change(file)
    assert ask(directory, file.stat()) is None


def test_a_reused_inode_is_not_known(directory, file):
    keep(directory, file)
    old = file.stat()
    fields = list(old)
    assert ask(directory, os.stat_result(fields, _times(old, old.st_ctime_ns + 1))) is None
    assert ask(directory, os.stat_result(fields, _times(old, old.st_ctime_ns))) == "x86-64", "the test can fail"


def _times(status, changed_ns):
    """The fields of a ``stat_result`` that are known by name only."""
    names = {name: getattr(status, name) for name in dir(status) if name.startswith("st_")}
    return {**names, "st_ctime_ns": changed_ns, "st_ctime": changed_ns / 1e9}


@pytest.mark.parametrize(
    ("owner", "mode"), [(4711, 0o755), (0, 0o775), (0, 0o757)], ids=["somebody", "group", "others"]
)
def test_what_others_can_write_to_is_read_each_time(directory, file, owner, mode):
    """They can keep the change time: see the test with a real file system below."""
    status = file.stat()
    fields = [0o100000 | mode, *list(status)[1:4], owner, *list(status)[5:]]
    theirs = os.stat_result(fields, _times(status, status.st_ctime_ns))
    cache = opened(directory)
    cache.keep(theirs, "x86-64")
    assert cache.outcome(theirs) is None
    cache.keep(status, "x86-64")
    assert cache.outcome(status) == "x86-64"
    cache.close()


_EXCHANGE = """
import fcntl, os, struct, sys
os.chdir(sys.argv[1])
os.setgid(65534)
os.setuid(65534)
with open("harmless", "r+b") as harmless, open("harmful", "r+b") as harmful:
    exchange = struct.pack("<IIQQQQ", 0, harmless.fileno(), 0, 0, 4, 0)
    fcntl.ioctl(harmful.fileno(), 0xC028660F, exchange)  # EXT4_IOC_MOVE_EXT: len 4 blocks
"""


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount")
def test_a_user_can_change_a_file_and_keep_its_change_time(directory, tmp_path):
    """The reason why the owner counts, and that it does."""
    volume = tmp_path / "volume"
    volume.mkdir()
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(16 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-b", "4096", image], check=True)
    if subprocess.run(["mount", "-o", "loop", image, volume], check=False).returncode:
        pytest.skip("needs loop devices")
    try:
        for name in ("harmless", "harmful"):
            (volume / name).write_bytes(name.encode().ljust(4 * 4096, b"."))
            os.chown(volume / name, 65534, 65534)
        subprocess.run(["umount", volume], check=True)  # the exchange is one of blocks on the disk
        subprocess.run(["mount", "-o", "loop", image, volume], check=True)
        before = (volume / "harmless").stat()
        cache = opened(directory, root=str(volume))
        cache.keep(before, "x86-64")
        subprocess.run([sys.executable, "-c", _EXCHANGE, volume], check=True)
        subprocess.run(["umount", volume], check=True)
        subprocess.run(["mount", "-o", "loop", image, volume], check=True)
        after = (volume / "harmless").stat()
        assert not (volume / "harmless").read_bytes().startswith(b"harmless"), "what is there now differs by kernel"
        assert (before.st_ino, before.st_ctime_ns, before.st_size) == (
            after.st_ino,
            after.st_ctime_ns,
            after.st_size,
        )
        assert cache.outcome(after) is None
        cache.close()
    finally:
        subprocess.run(["umount", "--lazy", volume], check=False)


def test_another_file_system_under_the_same_device_number_says_nothing(directory, file, monkeypatch):
    keep(directory, file)
    statvfs = os.statvfs

    class Other:
        f_fsid = statvfs("/").f_fsid ^ 1

    monkeypatch.setattr(os, "statvfs", lambda path: Other)
    assert ask(directory, file.stat()) is None


@pytest.mark.parametrize("file_system", ["squashfs", "overlay", "tmpfs", "vfat", "nfs4", ""])
def test_file_systems_without_true_change_times_are_read_each_time(directory, file, file_system):
    keep(directory, file)
    assert ask(directory, file.stat(), file_system=file_system) is None
    cache = opened(directory, file_system=file_system)
    cache.keep(file.stat(), "arm64")
    cache.close()
    assert ask(directory, file.stat()) == "x86-64"


def test_a_file_changed_of_late_is_not_remembered(directory, file, monkeypatch):
    monkeypatch.setattr(file_cache, "SETTLED_S", 300.0)
    keep(directory, file)
    assert ask(directory, file.stat()) is None


def test_a_change_time_in_the_future_is_not_trusted(directory, file):
    status = file.stat()
    forged = os.stat_result(list(status), _times(status, status.st_ctime_ns + 10**12))
    cache = opened(directory)
    cache.keep(forged, "x86-64")
    cache.close()
    assert ask(directory, forged) is None


def test_another_version_of_javert_believes_nothing(directory, file, monkeypatch):
    keep(directory, file)
    monkeypatch.setattr(file_cache, "__version__", "99.0")
    assert ask(directory, file.stat()) is None
    keep(directory, file, "arm64")
    assert ask(directory, file.stat()) == "arm64"


def test_another_elf_reader_believes_nothing(directory, file, monkeypatch):
    keep(directory, file)
    monkeypatch.setattr(file_cache.pkgutil, "get_data", lambda package, name: b"a better reader")
    assert ask(directory, file.stat()) is None


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE page SET content = x'80'",
        "UPDATE page SET content = 'text'",
        "UPDATE page SET content = NULL",
        "UPDATE page SET seal = x'0000000000000000'",
        "UPDATE page SET seal = NULL",
        "UPDATE page SET files = 'many'",
        "UPDATE page SET number = number + 1",
        "UPDATE page SET device = 'disk'",
        "DELETE FROM page",
        "DROP TABLE page",
        "DROP TABLE page; CREATE TABLE page (name TEXT)",
    ],
)
def test_damaged_rows_are_not_believed(directory, file, change):
    keep(directory, file)
    database = sqlite3.connect(directory / NAME)
    database.executescript(change)
    database.close()
    assert ask(directory, file.stat()) == ("x86-64" if "files" in change else None)
    keep(directory, file)
    assert ask(directory, file.stat()) == "x86-64", "and the cache works again"


@pytest.mark.parametrize("where", range(0, 8192, 512))
def test_a_damaged_cache_does_no_harm(directory, file, where):
    keep(directory, file)
    data = bytearray((directory / NAME).read_bytes())
    data[where : where + 512] = os.urandom(len(data[where : where + 512]))
    (directory / NAME).write_bytes(data)
    assert ask(directory, file.stat()) in (None, "x86-64")
    keep(directory, file)
    assert ask(directory, file.stat()) in (None, "x86-64")


@pytest.mark.parametrize("length", [0, 1, 100, 4096])
def test_a_cut_cache_does_no_harm(directory, file, length):
    keep(directory, file)
    os.truncate(directory / NAME, length)
    assert ask(directory, file.stat()) is None
    keep(directory, file)
    assert ask(directory, file.stat()) == "x86-64"


@pytest.mark.parametrize("kind", ["text", "mode", "link", "pipe", "directory"])
def test_a_foreign_cache_is_not_used(directory, file, tmp_path, kind):
    keep(directory, file)
    path = directory / NAME
    elsewhere = tmp_path / "elsewhere"
    if kind == "mode":
        path.chmod(0o644)
    else:
        path.rename(elsewhere)
        match kind:
            case "text":
                path.write_text("not a database, but long enough to be looked at " * 20)
                path.chmod(0o600)
            case "link":
                path.symlink_to(elsewhere)
            case "pipe":
                os.mkfifo(path, 0o600)
            case "directory":
                path.mkdir()
    kept = elsewhere.read_bytes() if elsewhere.exists() else b""
    assert ask(directory, file.stat()) is None
    assert kept == (elsewhere.read_bytes() if elsewhere.exists() else b""), "what a link leads to is left alone"


@pytest.mark.root
def test_a_cache_of_another_user_is_not_used(directory, file):
    keep(directory, file)
    os.chown(directory / NAME, 12345, 12345)
    assert ask(directory, file.stat()) is None


def test_where_others_may_write_nothing_is_kept(directory, file):
    directory.chmod(0o777)
    keep(directory, file)
    assert list(directory.iterdir()) == []


def test_without_a_directory_nothing_is_kept(file):
    keep("", file)
    assert ask("", file.stat()) is None
    assert ask("/nonexistent", file.stat()) is None


def test_a_full_disk_costs_the_cache_and_nothing_else(directory, file):
    """RLIMIT_FSIZE stands for the full disk: writes fail in the same place."""
    keep(directory, file)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, limits[1]))
    try:
        cache = opened(directory)
        for number in range(20_000):
            cache.keep(_with_inode(file.stat(), number), "x86-64")
        assert cache.outcome(file.stat()) is None, "the cache was given up"
        cache.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert list(directory.iterdir()) == [], "and takes no room on the full disk"


def _with_inode(status, inode):
    fields = list(status)
    fields[1] = inode
    return os.stat_result(fields, _times(status, status.st_ctime_ns))


def test_it_grows_to_its_bound_and_begins_anew(directory, file, monkeypatch):
    monkeypatch.setattr(file_cache, "_MOST_BLOCKS", 50)
    cache = opened(directory)
    for number in range(50_000):
        cache.keep(_with_inode(file.stat(), number), "x86-64")
    cache.close()
    assert not (directory / NAME).exists() or (directory / NAME).stat().st_size <= 50 * 4096


def test_a_cache_of_files_that_are_gone_is_dropped(directory, file, monkeypatch):
    monkeypatch.setattr(file_cache, "_FEWEST_TO_RENEW", 10)
    cache = opened(directory)
    for number in range(100):
        cache.keep(_with_inode(file.stat(), number), "x86-64")
    cache.close(alive=100)
    opened(directory).close(alive=None)
    assert ask(directory, _with_inode(file.stat(), 5)) == "x86-64"
    opened(directory).close(alive=40)
    assert not (directory / NAME).exists()


def test_a_second_user_of_the_cache_goes_without(directory, file):
    keep(directory, file)
    other = sqlite3.connect(directory / NAME)
    other.execute("BEGIN EXCLUSIVE")
    try:
        assert ask(directory, file.stat()) is None
    finally:
        other.close()


def test_without_sqlite_nothing_is_kept(directory, file, monkeypatch):
    monkeypatch.setattr(file_cache, "HAVE_SQLITE", False)
    keep(directory, file)
    assert list(directory.iterdir()) == []


_KILLED = """
import os, signal, sys
from pathlib import Path
from javert.sensors.linux import file_cache
file_cache.SETTLED_S = 0.0
cache = file_cache.FileCache(sys.argv[1])
cache.open()
cache.enter("/", "ext4")
files = sorted(Path(sys.argv[2]).iterdir())
for file in files:
    cache.keep(file.stat(), "x86-64")
cache._set_aside()
cache._database.execute("BEGIN")
cache._database.execute("DELETE FROM page")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_scan_leaves_a_cache_that_works(directory, tmp_path):
    files = [tmp_path / "many" / f"{number}" for number in range(100)]
    files[0].parent.mkdir()
    for each in files:
        each.touch()
    command = [sys.executable, "-c", _KILLED, str(directory), str(files[0].parent)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert {ask(directory, each.stat()) for each in files} == {"x86-64"}


def test_the_largest_inode_number_fits(directory, file):
    status = _with_inode(file.stat(), 2**64 - 1)
    cache = opened(directory)
    cache.keep(status, "x86-64")
    cache.close()
    assert ask(directory, status) == "x86-64"


def test_memory_does_not_grow_with_the_files(directory, file, monkeypatch):
    monkeypatch.setattr(file_cache, "_FILES_IN_MEMORY", 100)
    cache = opened(directory)
    for number in range(1, 5000):
        cache.keep(_with_inode(file.stat(), number * 40), "x86-64")
        assert sum(len(page.files) for page in cache._pages.values()) <= 200
    cache.close()
    assert ask(directory, _with_inode(file.stat(), 40)) == "x86-64"
