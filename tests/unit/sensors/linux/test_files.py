"""The file scan over real directories."""

import mmap
import os
import subprocess
import threading
import time
from pathlib import Path

import msgspec
import pytest

from javert.errors import SensorError
from javert.model.rule_id import RuleId
from javert.model.telemetry import ElfFile, ElfKind, FileScan, Limitation, StackHeader
from javert.sensors.interface import SensorOptions
from javert.sensors.linux import file_cache, files, mounts
from javert.sensors.linux.files import FileScanSensor

CODE = (1, 5, 100, 100)
RWX_STACK, RW_STACK = (0x6474E551, 7), (0x6474E551, 6)
DEBUG, SONAME = (21, 0), (14, 1)


class Records(list):
    def of(self, kind):
        return [record for record in self if isinstance(record, kind)]

    @property
    def scan(self):
        return self.of(FileScan)[-1]

    @property
    def codes(self):
        return {record.code for record in self.of(Limitation)}


@pytest.fixture
def bad_elf(make_elf):
    return make_elf([CODE, RWX_STACK], kind=3, dynamic=[DEBUG])


@pytest.fixture
def good_elf(make_elf):
    return make_elf([CODE, RW_STACK], kind=3, dynamic=[DEBUG])


def sensor_for(*roots, planned_s=0.0, skip=(), state=""):
    options = SensorOptions(
        rules=(RuleId.SOFTWARE_WITHOUT_DEP,),
        scan_roots=tuple(str(root) for root in roots),
        scan_skip=tuple(str(path) for path in skip),
        planned_s=planned_s,
        state_directory=str(state),
    )
    return FileScanSensor(options)


def scan(*roots, skip=(), state=""):
    """A whole run of the sensor, to its planned end."""
    records = Records()
    sensor = sensor_for(*roots, skip=skip, state=state)
    sensor.start(records.append)
    sensor.stop()
    return records


def put(path, body, mode=0o755):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    path.chmod(mode)
    return path


def test_only_what_is_not_plainly_protected_is_reported_and_all_is_counted(tmp_path, make_elf, bad_elf, good_elf):
    bad = put(tmp_path / "bin/bad", bad_elf)
    put(tmp_path / "bin/good", good_elf)
    put(tmp_path / "bin/script", b"#!/bin/sh\n" + bytes(100))
    put(tmp_path / "bin/damaged", bad_elf[:70])
    put(tmp_path / "lib/foreign.so", make_elf([CODE, RW_STACK], machine=183), 0o644)
    put(tmp_path / "lib/object.o", make_elf([CODE], kind=1))
    put(tmp_path / "lib/not-executable", bad_elf, 0o644)
    records = scan(tmp_path)
    status = bad.stat()
    assert records.of(ElfFile) == [
        ElfFile(
            path=str(bad),
            device=status.st_dev,
            inode=status.st_ino,
            machine="x86-64",
            bits=64,
            byte_order="little",
            kind=ElfKind.EXECUTABLE,
            stack=StackHeader.EXECUTABLE,
            static=True,
        )
    ]
    result = records.scan
    assert (result.files, result.candidates, result.elf, result.damaged) == (7, 6, 3, 1)
    assert result.machines == {"x86-64": 2, "arm64": 1}
    assert result.finished
    assert result.roots == (str(tmp_path),)
    assert records.codes == set()


@pytest.mark.parametrize("stack", [[], [RWX_STACK], [RW_STACK, RWX_STACK]])
def test_shared_objects_need_no_execute_permission(tmp_path, make_elf, stack):
    put(tmp_path / "libx.so.1", make_elf([CODE, *stack], kind=3, dynamic=[SONAME]), 0o644)
    (file,) = scan(tmp_path).of(ElfFile)
    assert file.kind is ElfKind.SHARED_OBJECT
    assert not file.package


def test_an_inode_with_many_links_is_read_once(tmp_path, bad_elf):
    first = put(tmp_path / "a", bad_elf)
    for number in range(5):
        (tmp_path / f"link{number}").hardlink_to(first)
    records = scan(tmp_path)
    assert len(records.of(ElfFile)) == 1
    assert records.scan.candidates == 1


def test_roots_may_be_files_links_and_inside_each_other(tmp_path, bad_elf):
    put(tmp_path / "real/bad", bad_elf)
    (tmp_path / "link").symlink_to("real")
    assert scan(tmp_path / "real/bad").of(ElfFile)[0].path == str(tmp_path / "real/bad")
    records = scan(tmp_path / "link", tmp_path / "real/bad", tmp_path)
    assert [file.path for file in records.of(ElfFile)] == [str(tmp_path / "real/bad")]


def test_a_root_that_is_not_there_is_an_exclusion_and_blinds_if_it_was_all(tmp_path, good_elf):
    put(tmp_path / "good", good_elf)
    (missing,) = scan(tmp_path / "none").of(Limitation)
    assert (missing.code, missing.scope, missing.blinds) == ("file-scan-missing", str(tmp_path / "none"), True)
    (missing,) = scan(tmp_path / "none", tmp_path).of(Limitation)
    assert not missing.blinds


def test_a_root_that_is_neither_file_nor_directory_is_an_exclusion(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    (missing,) = scan(tmp_path / "fifo").of(Limitation)
    assert (missing.code, missing.scope, missing.blinds) == ("file-scan-missing", str(tmp_path / "fifo"), True)


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount")
def test_another_mount_namespace_is_scanned_through_its_process(tmp_path, bad_elf):
    """The kernel's link reads as "/", where Javert's own namespace has something else under the same path."""
    volume = tmp_path / "volume"
    volume.mkdir()
    put(tmp_path / "bad", bad_elf)
    script = 'mount -t tmpfs none "$1/volume" && cp "$1/bad" "$1/volume/hidden" && echo ready && exec sleep 60'
    command = ["unshare", "--mount", "sh", "-c", script, "sh", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            place = f"/proc/{process.pid}/root{volume}"
            records = scan(place)
        finally:
            process.kill()
    assert [file.path for file in records.of(ElfFile)] == [f"{place}/hidden"]
    assert records.codes == set()


def test_a_file_that_two_mounts_show_is_told_once(tmp_path, bad_elf, monkeypatch):
    put(tmp_path / "volume/bad", bad_elf)
    plan = mounts.plan
    twice = lambda *given, **options: msgspec.structs.replace(  # noqa: E731
        plan(*given, **options), roots=(str(tmp_path), str(tmp_path / "volume"))
    )
    monkeypatch.setattr(mounts, "plan", twice)
    records = scan(tmp_path)
    assert [file.path for file in records.of(ElfFile)] == [str(tmp_path / "volume/bad")]
    assert records.scan.elf == 1


def test_what_is_skipped_is_not_read_and_said(tmp_path, bad_elf):
    for name in ("kept/a", "left/b", "kept/single"):
        put(tmp_path / name, bad_elf)
    (tmp_path / "link").symlink_to("left")
    skip = [tmp_path / "link", tmp_path / "kept/single"]
    records = scan(tmp_path, tmp_path / "left", skip=skip)
    assert [file.path for file in records.of(ElfFile)] == [str(tmp_path / "kept/a")]
    assert {(record.code, record.scope) for record in records.of(Limitation)} == {
        ("file-scan-skipped", str(tmp_path / "left")),
        ("file-scan-skipped", str(tmp_path / "kept/single")),
    }


def test_names_that_are_not_text_are_no_obstacle(tmp_path, bad_elf):
    put(tmp_path / os.fsdecode(b"caf\xe9\n"), bad_elf)
    (file,) = scan(tmp_path).of(ElfFile)
    assert os.fsencode(file.path).endswith(b"caf\xe9\n")


def test_an_early_end_stops_the_scan_and_says_so(tmp_path, good_elf, monkeypatch):
    put(tmp_path / "good", good_elf)
    going, go_on = threading.Event(), threading.Event()

    def slow_tree(self, root, *, one_device):
        going.set()
        go_on.wait(20)
        yield from ()

    monkeypatch.setattr(files.Walk, "tree", slow_tree)
    records = Records()
    sensor = sensor_for(tmp_path, planned_s=3600)
    sensor.start(records.append)
    assert going.wait(20)
    threading.Timer(0.2, go_on.set).start()
    sensor.stop()
    assert not records.scan.finished
    assert records.codes == {"file-scan-unfinished"}


def test_the_planned_end_waits_for_the_scan(tmp_path, bad_elf, monkeypatch):
    put(tmp_path / "bad", bad_elf)
    tree = files.Walk.tree

    def slow_tree(self, root, *, one_device):
        time.sleep(0.3)
        yield from tree(self, root, one_device=one_device)

    monkeypatch.setattr(files.Walk, "tree", slow_tree)
    records = scan(tmp_path)
    assert records.scan.finished
    assert len(records.of(ElfFile)) == 1


def test_a_fault_of_the_scan_ends_the_scan_not_the_run(tmp_path, monkeypatch):
    def broken(self, root, *, one_device):
        raise RuntimeError("broken")

    monkeypatch.setattr(files.Walk, "tree", broken)
    records = scan(tmp_path)
    (limitation,) = records.of(Limitation)
    assert (limitation.code, limitation.blinds) == ("file-scan-failed", True)
    assert "RuntimeError" in limitation.params["reason"]
    assert "broken" not in limitation.params["reason"], "what it says may quote what the host holds"


def test_a_fault_while_owners_are_looked_up_loses_no_file(tmp_path, bad_elf, monkeypatch):
    def broken(self, places):
        raise RuntimeError("broken")

    monkeypatch.setattr(files.Attribution, "packages", broken)
    put(tmp_path / "bad", bad_elf)
    records = scan(tmp_path)
    (file,) = records.of(ElfFile)
    assert not file.ownership_known
    assert records.scan.finished
    assert records.codes == {"package-database-unreadable"}


def test_owners_that_take_for_ever_hold_neither_the_end_nor_the_files(tmp_path, bad_elf, monkeypatch):
    done = threading.Event()
    monkeypatch.setattr(files.Attribution, "packages", lambda self, places: done.wait() and {})
    monkeypatch.setattr(files, "FINISH_S", 0.1)
    monkeypatch.setattr(files, "LAST_WORK_S", 0.1)
    put(tmp_path / "bad", bad_elf)
    try:
        records = scan(tmp_path)
    finally:
        done.set()
    (file,) = records.of(ElfFile)
    assert not file.ownership_known
    assert records.codes == {"package-database-unreadable", "file-scan-unfinished"}


def test_without_mounts_there_is_no_scan(monkeypatch):
    def none():
        raise SensorError("no /proc")

    monkeypatch.setattr(mounts, "mounts", none)
    with pytest.raises(SensorError):
        sensor_for().start(lambda record: None)


def test_findings_come_before_the_end(tmp_path, bad_elf):
    put(tmp_path / "bad", bad_elf)
    records = Records()
    sensor = sensor_for(tmp_path, planned_s=3600)
    sensor.start(records.append)
    deadline = time.monotonic() + 20
    while not records.of(ElfFile) and time.monotonic() < deadline:
        sensor.poll()
        time.sleep(0.01)
    assert records.of(ElfFile)
    sensor.stop()
    assert records.scan.finished, "the scan was done, so an early end leaves nothing out"
    assert sensor.report().records == 1


def test_more_files_with_several_names_than_are_kept_in_mind_are_still_read(tmp_path, bad_elf, monkeypatch):
    monkeypatch.setattr(files, "_MOST_LINKED", 2)
    for number in range(5):
        first = put(tmp_path / f"{number}", bad_elf)
        (tmp_path / f"{number}-again").hardlink_to(first)
    records = scan(tmp_path)
    assert len({file.inode for file in records.of(ElfFile)}) == 5


class _Everything:
    def __contains__(self, file_system):
        return True


class TestSecondScan:
    @pytest.fixture
    def state(self, tmp_path, monkeypatch):
        """A state directory, on a host whose every file is old and on a file system that can be trusted."""
        monkeypatch.setattr(file_cache, "SETTLED_S", 0.0)
        monkeypatch.setattr(file_cache, "CHANGE_TIMES_ARE_TRUE", _Everything())
        path = tmp_path / "state"
        path.mkdir(mode=0o700)
        return path

    def test_it_reads_only_what_a_rule_could_object_to_and_counts_the_same(
        self, tmp_path, state, bad_elf, good_elf, make_elf
    ):
        tree = tmp_path / "tree"
        put(tree / "bad", bad_elf)
        put(tree / "good", good_elf)
        put(tree / "foreign.so", make_elf([CODE, RW_STACK], machine=183))
        put(tree / "script", b"#!/bin/sh\n" + bytes(100))
        put(tree / "damaged", bad_elf[:70])
        put(tree / "object.o", make_elf([CODE], kind=1))
        first, second, without = scan(tree, state=state), scan(tree, state=state), scan(tree)
        assert (first.scan.remembered, second.scan.remembered) == (0, 5)
        assert first.of(ElfFile) == second.of(ElfFile) == without.of(ElfFile)
        for field in ("files", "candidates", "elf", "machines", "damaged", "finished"):
            assert getattr(first.scan, field) == getattr(second.scan, field) == getattr(without.scan, field)

    def test_a_remembered_file_is_not_opened(self, tmp_path, state, good_elf, monkeypatch):
        put(tmp_path / "tree/good", good_elf)
        scan(tmp_path / "tree", state=state)

        def refuse(candidate):
            raise AssertionError(candidate.path)

        monkeypatch.setattr(files, "_open_quietly", refuse)
        assert scan(tmp_path / "tree", state=state).scan.remembered == 1

    def test_what_became_bad_is_found(self, tmp_path, state, good_elf, bad_elf):
        """Also if it has the same inode and size as before, and its modification time is set back."""
        path = put(tmp_path / "tree/tool", good_elf)
        before = path.stat()
        assert scan(tmp_path / "tree", state=state).of(ElfFile) == []
        assert len(bad_elf) == len(good_elf)
        path.write_bytes(bad_elf)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert path.stat().st_ino == before.st_ino
        assert len(scan(tmp_path / "tree", state=state).of(ElfFile)) == 1

    def test_what_became_executable_is_found(self, tmp_path, state, bad_elf):
        path = put(tmp_path / "tree/tool", bad_elf, 0o644)
        assert scan(tmp_path / "tree", state=state).of(ElfFile) == []
        path.chmod(0o755)
        assert len(scan(tmp_path / "tree", state=state).of(ElfFile)) == 1

    def test_a_file_that_changes_while_it_is_read_is_read_again(
        self, tmp_path, state, good_elf, bad_elf, monkeypatch
    ):
        path = put(tmp_path / "tree/tool", good_elf)
        read_image = files.elf.read_image

        def change_behind_the_readers_back(head, read):
            image = read_image(head, read)
            path.write_bytes(bad_elf)
            return image

        monkeypatch.setattr(files.elf, "read_image", change_behind_the_readers_back)
        scan(tmp_path / "tree", state=state)
        monkeypatch.setattr(files.elf, "read_image", read_image)
        assert len(scan(tmp_path / "tree", state=state).of(ElfFile)) == 1


def look_at(sensor, path, device, inode, shown=""):
    sensor.look_at(str(path), device, inode, str(shown or path), os.getpid())


class TestMappedFiles:
    @pytest.fixture
    def running(self, tmp_path):
        """A sensor whose scan of an empty directory is done."""
        (tmp_path / "empty").mkdir()
        self.records = Records()
        sensor = sensor_for(tmp_path / "empty")
        sensor.start(self.records.append)
        yield sensor
        sensor.stop()

    def test_they_are_read_whatever_they_are_called(self, running, tmp_path, bad_elf):
        path = put(tmp_path / "plugin.bin", bad_elf, 0o600)
        status = path.stat()
        for _ in range(3):
            look_at(running, path, status.st_dev, status.st_ino, "/in/container/plugin.bin")
        running.stop()
        (file,) = self.records.of(ElfFile)
        assert (file.path, file.device, file.inode) == ("/in/container/plugin.bin", status.st_dev, status.st_ino)
        assert file.elsewhere
        assert self.records.scan.mapped == 1

    def test_their_device_is_the_one_the_module_has(self, running, tmp_path, bad_elf):
        path = put(tmp_path / "plugin.bin", bad_elf)
        look_at(running, path, 4711, path.stat().st_ino)
        running.stop()
        assert self.records.of(ElfFile)[0].device == 4711

    def test_a_replaced_file_is_not_taken_for_the_mapped_one(self, running, tmp_path, bad_elf):
        path = put(tmp_path / "plugin.bin", bad_elf)
        look_at(running, path, 4711, path.stat().st_ino + 1)
        look_at(running, tmp_path / "gone", tmp_path.stat().st_dev, 1)
        running.stop()
        assert self.records.of(ElfFile) == []
        (limitation,) = self.records.of(Limitation)
        assert (limitation.code, limitation.params["count"]) == ("mapped-file-gone", "2")

    @pytest.mark.root
    @pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to read /proc/PID/map_files")
    @pytest.mark.parametrize("then", ["nothing", "another file"])
    def test_a_file_without_a_name_is_read_through_the_process(self, running, tmp_path, bad_elf, then):
        path = put(tmp_path / "plugin", bad_elf.ljust(4096, b"\0"))
        status = path.stat()
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ):
            path.unlink()
            if then == "another file":
                put(path, bytes(100))
            look_at(running, path, status.st_dev, status.st_ino)
            running.stop()
        (found,) = self.records.of(ElfFile)
        assert (found.path, found.inode, found.elsewhere) == (str(path), status.st_ino, True)
        assert self.records.codes == set()

    def test_a_file_of_a_process_that_has_ended_is_read_where_it_is(self, running, tmp_path, bad_elf):
        path = put(tmp_path / "plugin", bad_elf)
        running.look_at(f"/proc/{2**22}/root{path}", 4711, path.stat().st_ino, str(path), 2**22)
        running.stop()
        assert [file.path for file in self.records.of(ElfFile)] == [str(path)]
        assert self.records.codes == set()

    def test_the_scan_has_the_say_over_a_path(self, tmp_path, bad_elf):
        path = put(tmp_path / "bad", bad_elf)
        status = path.stat()
        records = Records()
        sensor = sensor_for(tmp_path)
        sensor.start(records.append)
        sensor._tally.ended.wait(20)
        look_at(sensor, f"/proc/self/root{path}", status.st_dev, status.st_ino, "/elsewhere")
        sensor.stop()
        assert [file.path for file in records.of(ElfFile)] == [str(path)]

    def test_a_path_of_another_mount_namespace_is_told_from_the_hosts(self, running, tmp_path, bad_elf):
        path, other = put(tmp_path / "plugin", bad_elf), put(tmp_path / "other", bad_elf)
        for file, shown in ((path, path), (other, path)):
            look_at(running, f"/proc/self/root{file}", 4711, file.stat().st_ino, shown)
        running.stop()
        assert [(file.path, file.elsewhere) for file in self.records.of(ElfFile)] == [
            (str(path), False),
            (str(path), True),
        ]

    def test_a_running_program_can_be_read_through_proc(self, running):
        with subprocess.Popen(["sleep", "30"]) as process:
            try:
                status = Path(f"/proc/{process.pid}/exe").stat()
                look_at(running, f"/proc/{process.pid}/exe", status.st_dev, status.st_ino, "/usr/bin/sleep")
            finally:
                process.kill()
        running.stop()
        assert self.records.scan.mapped == 1
        assert self.records.codes == set()
