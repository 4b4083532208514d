"""Lines of mountinfo from the manual page, with the kernel's escapes, and from this machine."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from javert.errors import ParseError
from javert.formats import mountinfo
from javert.formats.mountinfo import Mount


def test_the_line_of_the_manual_page():
    line = b"36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n"
    assert mountinfo.parse(line) == (
        Mount(
            id=36,
            parent=35,
            device="98:0",
            root="/mnt1",
            mount_point="/mnt2",
            options=("rw", "noatime"),
            file_system="ext3",
            source="/dev/root",
            super_options=("rw", "errors=continue"),
        ),
    )


@pytest.mark.parametrize("tags", [b"", b"shared:7 ", b"shared:7 master:3 propagate_from:2 "])
def test_any_number_of_optional_fields(tags):
    (mount,) = mountinfo.parse(b"1 0 0:5 / / ro " + tags + b"- tmpfs none rw\n")
    assert (mount.file_system, mount.options, mount.super_options) == ("tmpfs", ("ro",), ("rw",))


def test_a_read_only_mount_is_told_from_a_read_only_file_system():
    bind, cdrom, disk = mountinfo.parse(
        b"1 0 8:1 / /a ro - ext4 d rw\n2 0 8:2 / /b rw - iso9660 d ro\n3 0 8:3 / /c rw - ext4 d rw\n"
    )
    assert (bind.read_only, bind.super_read_only) == (True, False)
    assert (cdrom.read_only, cdrom.super_read_only) == (True, True)
    assert (disk.read_only, disk.super_read_only) == (False, False)


def test_octal_escapes_and_names_that_are_no_text():
    (mount,) = mountinfo.parse(rb"1 0 8:1 / /a\040b\011c\134d\012e" + b"\xff rw - ext4 d rw")
    assert mount.mount_point == "/a b\tc\\d\ne\udcff"


def test_a_dash_in_a_path_is_not_the_separator():
    (mount,) = mountinfo.parse(b"1 0 8:1 - - rw - ext4 - rw")
    assert (mount.root, mount.mount_point, mount.source) == ("-", "-", "-")


@pytest.mark.parametrize(
    "line", [b"x", b"1 0 8:1 / / rw ext4 d rw", b"one 0 8:1 / / rw - ext4 d rw", b"1 0 8:1 / / rw - ext4 d"]
)
def test_another_text_is_refused(line):
    with pytest.raises(ParseError, match="no line of mountinfo"):
        mountinfo.parse(line)


def test_this_machines_mounts_agree_with_proc_mounts():
    """The kernel prints the same mounts in the same order in the older format of fstab(5), without ids."""
    mounts = mountinfo.parse(Path("/proc/self/mountinfo").read_bytes())
    older = [line.split(" ") for line in Path("/proc/self/mounts").read_text().splitlines()]
    assert [(mount.mount_point, mount.file_system) for mount in mounts] == [
        (fields[1], fields[2]) for fields in older
    ]
    assert any(mount.mount_point == "/" for mount in mounts)


@given(st.binary(max_size=120) | st.text("0123456789 -:/\\rwo\n", max_size=60).map(str.encode))
def test_any_bytes_give_mounts_or_a_parse_error(data):
    try:
        mounts = mountinfo.parse(data)
    except ParseError:
        return
    assert len(mounts) == sum(1 for line in data.split(b"\n") if line)
