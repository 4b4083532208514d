"""Ways as a person reads them: whom they name, and the command; tests/oracle shows that the commands work."""

import os
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from javert.model.attributes import Way
from javert.model.telemetry import AclEntry, Group, PathNode, Principals
from javert.rules.remedies import shell_word, ways
from javert.rules.subjects import Population

POPULATION = Population(
    Principals(
        users={0: "root", 1000: "app", 1001: "bea"},
        groups=(Group(gid=50, name="staff", members=("app", "bea")), Group(gid=60, name="dev", members=("bea",))),
    )
)


def node(path: str, kind: str = "directory", mode: int = 0o755, **fields) -> PathNode:
    return PathNode(mount_namespace=1, path=path, kind=kind, mode=mode, **({"uid": 0, "gid": 0} | fields))


def found(*nodes: PathNode) -> tuple[Way, ...]:
    return ways([node("/"), *nodes], POPULATION)


def test_each_reason_has_its_command():
    acl = (AclEntry(tag="user", id=1001, permissions=7), AclEntry(tag="mask", permissions=7))
    assert found(node("/f", "file", 0o664, uid=1000, gid=50)) == (
        Way(path="/f", reason="mode-group", principals=("group:staff",), fix="chmod g-w /f"),
        Way(path="/f", reason="owner", principals=("user:app",), fix="chown root /f"),
    )
    assert found(node("/f", "file", 0o646)) == (
        Way(path="/f", reason="mode-other", principals=("others",), fix="chmod o-w /f"),
    )
    assert found(node("/f", "file", 0o674, acl=acl)) == (
        Way(path="/f", reason="acl", principals=("user:bea",), fix="setfacl -n -m u:bea:r-x /f"),
    )
    assert found(node("/t", mode=0o1777), node("/t/l", "symlink", 0o777, uid=1000)) == (
        Way(path="/t/l", reason="symlink", principals=("user:app",), fix="chown -h root /t/l"),
    )


def test_the_owning_group_of_a_list_loses_its_entry_and_not_the_mask():
    acl = (AclEntry(tag="group-owner", permissions=6), AclEntry(tag="mask", permissions=7))
    assert found(node("/f", "file", 0o670, gid=50, acl=acl)) == (
        Way(path="/f", reason="mode-group", principals=("group:staff",), fix="setfacl -n -m g::r-- /f"),
    )


def test_programs_that_give_the_group_are_named():
    given_by = Principals(given_by_programs={77: ("/usr/bin/wall", "/usr/bin/write")})
    nodes = (node("/"), node("/f", "file", 0o664, gid=77))
    (way,) = ways(nodes, Population(given_by))
    assert (way.principals, way.programs) == (("group:77",), ("/usr/bin/wall", "/usr/bin/write"))
    assert way.fix == "chmod g-w /f"


def test_whoever_needs_two_groups_is_named_himself():
    nodes = node("/d", mode=0o710, gid=60), node("/d/f", "file", 0o664, gid=50)
    (way,) = found(*nodes)
    assert way.principals == ("user:bea",)


def test_whom_a_group_lets_through_to_what_others_may_write_is_named_by_the_group():
    (way,) = found(node("/d", mode=0o710, gid=60), node("/d/f", "file", 0o666))
    assert (way.reason, way.principals) == ("mode-other", ("group:dev",))


def test_others_stands_for_everybody():
    acl = (AclEntry(tag="user", id=1000, permissions=0), AclEntry(tag="other", permissions=6))
    (way,) = found(node("/f", "file", 0o646, acl=acl))
    assert way.principals == ("others",)


def test_ways_are_told_from_the_root_down():
    told = found(node("/a", mode=0o777), node("/a/b", uid=1000), node("/a/b/f", "file", 0o666))
    assert [way.path for way in told] == ["/a", "/a/b", "/a/b/f"]
    assert [way.reason for way in told] == ["directory", "directory", "mode-other"]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("/usr/lib/libc.so.6", "/usr/lib/libc.so.6"),
        ("/opt/my app/x", "'/opt/my app/x'"),
        ("/opt/日本語", "/opt/日本語"),
        ("/a\nb", r"$'/a\x0ab'"),
        ("/a\udcff'\\", r"$'/a\xff\x27\x5c'"),
    ],
)
def test_a_path_is_one_word_of_the_shell(text, word):
    assert shell_word(text).strip("'") == word.strip("'")


@given(st.binary(min_size=1, max_size=12).map(lambda raw: os.fsdecode(raw.replace(b"\0", b"/"))))
def test_bash_reads_back_the_same_bytes(text):
    printed = subprocess.run(
        ["bash", "-c", f"printf %s {shell_word(text)}"], capture_output=True, check=True
    ).stdout
    assert printed == os.fsencode(text)
