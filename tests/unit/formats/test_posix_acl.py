"""The binary form of access control lists, byte by byte, and as setfacl writes it on a real file system."""

import os
import struct
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from javert.errors import NeedsMoreData, ParseError
from javert.formats import posix_acl
from javert.model.telemetry import AclEntry

TAGS = {"user-owner": 1, "user": 2, "group-owner": 4, "group": 8, "mask": 16, "other": 32}


def test_a_list_is_read_in_the_kernels_order():
    value = bytes.fromhex(
        "02000000"  # version 2
        "0100 0700 ffffffff"  # user::rwx
        "0200 0600 e8030000"  # user:1000:rw-
        "0400 0500 ffffffff"  # group::r-x
        "0800 0200 32000000"  # group:50:-w-
        "1000 0700 ffffffff"  # mask::rwx
        "2000 0000 ffffffff"  # other::---
    )
    assert posix_acl.parse(value) == (
        AclEntry(tag="user-owner", permissions=7),
        AclEntry(tag="user", id=1000, permissions=6),
        AclEntry(tag="group-owner", permissions=5),
        AclEntry(tag="group", id=50, permissions=2),
        AclEntry(tag="mask", permissions=7),
        AclEntry(tag="other", permissions=0),
    )


def test_the_empty_list_has_no_entries():
    assert posix_acl.parse(bytes.fromhex("02000000")) == ()


@pytest.mark.parametrize("value", [b"", b"\2\0\0", bytes.fromhex("02000000 0100 07")])
def test_a_short_list_needs_more(value):
    with pytest.raises(NeedsMoreData):
        posix_acl.parse(value)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("01000000", "version 1"),
        ("02000000 4000 0700 ffffffff", "unknown tag 0x40"),
        ("02000000 0100 0800 ffffffff", "unknown permissions 0o10"),
    ],
)
def test_what_the_kernel_would_not_take_is_refused(value, why):
    with pytest.raises(ParseError, match=why):
        posix_acl.parse(bytes.fromhex(value))


def test_what_setfacl_writes_is_what_is_read(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    file.chmod(0o640)
    subprocess.run(["setfacl", "-m", "u:7:rwx,g:50:r--,m::rw-", file], check=True)
    assert posix_acl.parse(os.getxattr(file, posix_acl.XATTR_NAME)) == (
        AclEntry(tag="user-owner", permissions=6),
        AclEntry(tag="user", id=7, permissions=7),
        AclEntry(tag="group-owner", permissions=4),
        AclEntry(tag="group", id=50, permissions=4),
        AclEntry(tag="mask", permissions=6),
        AclEntry(tag="other", permissions=0),
    )


@given(st.binary(max_size=64) | st.binary(max_size=64).map(lambda rest: b"\2\0\0\0" + rest))
def test_any_bytes_give_a_list_or_a_parse_error(value):
    try:
        entries = posix_acl.parse(value)
    except ParseError:
        return
    assert len(entries) == (len(value) - 4) // 8


@given(
    st.lists(st.tuples(st.sampled_from(sorted(TAGS)), st.integers(0, 2**32 - 1), st.integers(0, 7)), max_size=12)
)
def test_what_was_packed_comes_back(entries):
    packed = b"\2\0\0\0" + b"".join(struct.pack("<HHI", TAGS[tag], bits, number) for tag, number, bits in entries)
    assert [(entry.tag, entry.permissions) for entry in posix_acl.parse(packed)] == [
        (tag, bits) for tag, _, bits in entries
    ]
    assert [entry.id for entry in posix_acl.parse(packed)] == [
        number if tag in ("user", "group") else -1 for tag, number, _ in entries
    ]
