"""What mounts mean for permissions: foreign file systems, and views that are read-only only here."""

import os
from pathlib import Path

import pytest

from javert.formats.mountinfo import Mount
from javert.sensors.linux import mount_table
from javert.sensors.linux.mount_table import MountTable, foreign

OWN = b"""\
1 0 8:1 / / rw - ext4 /dev/sda1 rw
2 1 8:1 /srv/data /data ro - ext4 /dev/sda1 rw
3 1 0:50 / /net rw - nfs4 server:/ rw
4 1 7:0 / /snap ro - squashfs /dev/loop0 ro
5 1 8:2 / /usr ro - ext4 /dev/sda2 rw
"""
HOST = b"1 0 8:1 / / rw - ext4 /dev/sda1 rw\n90 1 8:2 / /usr rw - ext4 /dev/sda2 rw\n"


@pytest.fixture
def table(monkeypatch):
    files = {"/proc/77/mountinfo": OWN, "/proc/self/mountinfo": HOST}
    monkeypatch.setattr(Path, "read_bytes", lambda path: files[str(path)])
    return MountTable("/proc/77/root")


def mount(kind: str) -> Mount:
    return Mount(
        id=1,
        parent=0,
        device="0:9",
        root="/",
        mount_point="/m",
        options=("rw",),
        file_system=kind,
        source="s",
        super_options=("rw",),
    )


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "fuse", "fuseblk", "fuse.sshfs"])
def test_file_systems_that_decide_for_themselves(kind):
    assert foreign(mount(kind)) == kind


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "tmpfs", "overlay", "squashfs", "zfs", "fusectl", "vfat"])
def test_file_systems_whose_modes_mean_what_they_say(kind):
    assert foreign(mount(kind)) == ""


def test_a_foreign_file_system_is_known_by_its_mount_point(table):
    assert table.foreign_at("/net") == "nfs4"
    assert table.foreign_at("/data") == ""
    assert table.foreign_at("/net/deeper") == ""


def test_mounts_are_found_by_id_also_those_only_the_host_sees(table):
    assert table.mount(3).mount_point == "/net"
    assert table.mount(90).mount_point == "/usr"
    assert table.mount(404) is None


def test_writable_elsewhere(table):
    assert table.writable_elsewhere(table.mount(2), "/data/lib.so"), "the same disk is / here, writable"
    assert table.writable_elsewhere(table.mount(5), "/usr/lib/lib.so"), "the host has it writable"
    assert not table.writable_elsewhere(table.mount(4), "/snap/lib.so")


def test_a_bind_mount_of_another_directory_does_not_count(monkeypatch):
    own = b"1 0 8:9 /a /x rw - ext4 d rw\n2 0 8:9 /ab /y ro - ext4 d rw\n"
    monkeypatch.setattr(Path, "read_bytes", lambda _path: own)
    table = MountTable("/")
    assert not table.writable_elsewhere(table.mount(2), "/y/lib.so")


def test_what_was_known_stands_when_the_process_that_was_asked_has_ended_and_another_is_asked():
    table = MountTable("/proc/self/root")
    known = dict(table._by_id)
    assert known
    table.seen_from("/proc/4194304/root")
    assert table.mount(-1) is None
    assert known.items() <= table._by_id.items()
    table.seen_from("/")
    assert table.mount(-1) is None
    assert table._by_id.keys() == known.keys()


def test_a_process_that_ended_leaves_the_hosts_mounts():
    table = MountTable("/proc/4194304/root")  # above the largest pid there can be
    assert table.mount(-1) is None
    descriptor = os.open("/", os.O_PATH)
    fdinfo = Path(f"/proc/self/fdinfo/{descriptor}").read_text()
    os.close(descriptor)
    identifier = int(fdinfo.split("mnt_id:")[1].split()[0])
    assert table.mount(identifier).mount_point == "/"


def test_the_table_is_read_again_when_a_mount_appears(monkeypatch):
    content = [b"1 0 8:1 / / rw - ext4 d rw\n"]
    monkeypatch.setattr(Path, "read_bytes", lambda _path: content[0])
    table = MountTable("/")
    assert table.mount(8) is None
    content[0] += b"8 1 0:9 / /new rw - tmpfs d rw\n"
    assert table.mount(8) == mount_table.mountinfo.parse(content[0])[1]
