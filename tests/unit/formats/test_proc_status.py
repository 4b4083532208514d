"""Who a process is, from the lines of its status file."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from javert.errors import ParseError
from javert.formats.proc_status import ProcessIds, parse_ids

STATUS = b"Name:\tnginx\nUmask:\t0022\nUid:\t0\t33\t33\t33\nGid:\t0\t34\t35\t36\nFDSize:\t64\nGroups:\t4 1000 \n"


def test_the_four_lines_are_read():
    assert parse_ids(STATUS) == ProcessIds(
        name="nginx", uids=(0, 33, 33, 33), gids=(0, 34, 35, 36), groups=(4, 1000)
    )


def test_a_process_without_supplementary_groups():
    assert parse_ids(STATUS.replace(b"4 1000 ", b"")).groups == ()


def test_a_name_cannot_forge_a_line():
    """The kernel escapes the line feed in a name; what follows a colon in it is still the name."""
    assert parse_ids(STATUS.replace(b"nginx", rb"x\nUid: 0")).name == r"x\nUid: 0"


@pytest.mark.parametrize("line", [b"Name:\tnginx\n", b"Uid:\t0\t33\t33\t33\n", b"Groups:\t4 1000 \n"])
def test_a_missing_line_is_an_error(line):
    with pytest.raises(ParseError, match="lacks the line"):
        parse_ids(STATUS.replace(line, b""))


@pytest.mark.parametrize("ids", [b"0\t33\t33", b"0\t33\t33\t33\t33", b"root\t33\t33\t33", b""])
def test_other_ids_than_four_numbers_are_an_error(ids):
    with pytest.raises(ParseError, match="no numbers"):
        parse_ids(STATUS.replace(b"0\t33\t33\t33", ids))


def test_this_process_is_who_the_system_says():
    ids = parse_ids(Path("/proc/self/status").read_bytes())
    assert ids.uids[:3] == os.getresuid()
    assert ids.gids[:3] == os.getresgid()
    assert sorted(ids.groups) == sorted(os.getgroups())


@given(st.binary(max_size=80) | st.binary(max_size=20).map(lambda part: STATUS.replace(b"33", part, 1)))
def test_any_bytes_give_ids_or_a_parse_error(data):
    try:
        ids = parse_ids(data)
    except ParseError:
        return
    assert len(ids.uids) == len(ids.gids) == 4
