"""Capabilities of files: as setcap(8) writes them, and damaged ones."""

import os
import shutil
import subprocess
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from javert.errors import NeedsMoreData, ParseError
from javert.formats.file_capabilities import OVERRULING, XATTR_NAME, parse_permitted


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give a file capabilities")
@pytest.mark.parametrize("name", sorted(OVERRULING.values()))
def test_each_as_the_tool_writes_it(tmp_path, name):
    program = shutil.copy("/bin/true", tmp_path / "program")
    subprocess.run(["/usr/sbin/setcap", f"{name}+p cap_net_raw+i", program], check=True)
    (number,) = parse_permitted(os.getxattr(program, XATTR_NAME))
    assert OVERRULING[number] == name


def test_all_three_revisions():
    assert parse_permitted(bytes.fromhex("01000001 02000000 00000000")) == {1}
    assert parse_permitted(bytes.fromhex("01000002 02000000 00000000 01000000 00000000")) == {1, 32}
    assert parse_permitted(bytes.fromhex("01000003 02000000 00000000 00000000 00000000 e8030000")) == {1}


@pytest.mark.parametrize("value", ["", "000000", "01000002 0200000000000000"])
def test_cut_ones_are_errors(value):
    with pytest.raises(NeedsMoreData):
        parse_permitted(bytes.fromhex(value))


@given(st.binary(max_size=30))
def test_any_bytes_give_numbers_or_an_error(value):
    with suppress(ParseError):
        assert all(0 <= number < 64 for number in parse_permitted(value))
