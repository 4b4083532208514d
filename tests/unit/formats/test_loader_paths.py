"""Search paths as glibc's loader reads them; the loader of this machine is asked too."""

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from javert.formats.loader_paths import SUBDIRECTORIES, expanded, interpreter, library_directory

X86_64 = {"machine": 62, "wide": True}
LIBRARY = library_directory(os.path.realpath(interpreter(62, True)))


def test_tokens():
    paths = ("$ORIGIN/../lib", "${ORIGIN}", "/x/$LIB/y", "/z/${LIB}", "", "lib", "/a", "/a")
    assert expanded(paths, origin="/opt/app/bin", library="lib64", **X86_64) == (
        *("/opt/app/bin/../lib", "/opt/app/bin", "/x/lib64/y", "/z/lib64", "", "lib", "/a"),
    )


def test_what_only_looks_like_a_token_stays():
    paths = ("/$ORIGINAL", "/$FOO/b", "/$LIB_", "/${LIB", "/$")
    assert expanded(paths, origin="/o", library="lib", **X86_64) == paths


def test_where_the_processor_decides_every_value_counts():
    assert expanded(["/p/$PLATFORM"], origin="", library="", **X86_64) == (
        *("/p/x86_64", "/p/haswell", "/p/xeon_phi"),
    )
    assert expanded(["/p/$PLATFORM", "/p/$LIB"], origin="", library="", machine=9999, wide=True) == ()


@pytest.mark.parametrize(
    ("loader", "library"),
    [
        ("/lib/x86_64-linux-gnu/ld-2.31.so", "lib/x86_64-linux-gnu"),
        ("/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", "lib/x86_64-linux-gnu"),
        ("/usr/lib64/ld-linux-x86-64.so.2", "lib64"),
        ("/usr/lib/ld-linux-aarch64.so.1", "lib"),
    ],
)
def test_the_loader_lies_in_the_directory_that_it_calls_lib(loader, library):
    assert library_directory(loader) == library


def test_the_loader_of_this_machine_replaces_alike(tmp_path):
    paths = f"{tmp_path}/$LIB/a:{tmp_path}/${{PLATFORM}}/b:{tmp_path}/$LIBRARY:{tmp_path}/$ORIGIN"
    done = subprocess.run(
        ["/bin/true"],
        env={"LD_LIBRARY_PATH": paths, "LD_DEBUG": "libs"},
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    )
    (line,) = (line for line in done.stderr.splitlines() if "(LD_LIBRARY_PATH)" in line)
    searched = line.partition("search path=")[2].split("\t")[0].split(":")
    ours = expanded(paths.split(":"), origin="/usr/bin", library=LIBRARY, **X86_64)
    assert {path for path in ours if "/b" not in path} <= set(searched)
    assert set(ours) & {path for path in searched if path.endswith("/b")}
    below = {part for path in searched for part in path.removeprefix(str(tmp_path)).split("/")}
    assert below - {"", "a", "b", "$LIBRARY", "usr", "bin", *LIBRARY.split("/")} <= SUBDIRECTORIES


def test_a_path_of_nothing_but_tokens_is_no_more_work():
    assert len(expanded(["/" + "$PLATFORM/" * 400], origin="", library="", **X86_64)) == 3


def test_the_interpreter_of_this_machine_is_where_it_is_said_to_be():
    assert Path(interpreter(62, True)).exists()
    assert interpreter(9999, True) == ""


@given(st.lists(st.text(alphabet="$\0{}ORIGINLBPTFM/a_", max_size=20)))
def test_any_text_is_a_path(paths):
    for path in expanded(paths, origin="/o", library="l", **X86_64):
        assert isinstance(path, str)
