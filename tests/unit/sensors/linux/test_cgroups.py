"""The kernel's own tree of control groups, and one that has to be walked."""

import os
from pathlib import Path

import pytest

from javert.sensors.linux import cgroups
from javert.sensors.linux.cgroups import ControlGroups
from javert.sensors.linux.libbpf import cgroup2_mount


@pytest.fixture
def tree(tmp_path):
    """Directories that are no control groups: their handles are of another kind."""
    (tmp_path / "system.slice/nginx.service").mkdir(parents=True)
    return tmp_path


def test_a_group_is_found_by_a_walk_where_handles_are_refused(tree):
    groups = ControlGroups(str(tree))
    number = (tree / "system.slice/nginx.service").stat().st_ino
    assert groups.path(number) == "/system.slice/nginx.service"
    assert groups.path((tree / "system.slice").stat().st_ino) == "/system.slice"


def test_one_walk_names_all_and_the_next_waits(tree, monkeypatch):
    walks = []
    whole = os.walk
    monkeypatch.setattr(cgroups.os, "walk", lambda root: walks.append(root) or whole(root))
    groups = ControlGroups(str(tree))
    for number in range(10**9, 10**9 + 100):  # groups that are gone
        assert groups.path(number) == ""
    assert len(walks) == 1


@pytest.mark.parametrize("number", [0, 1])
def test_the_root_has_no_name(tree, number):
    assert ControlGroups(str(tree)).path(number) == ""


def test_without_a_tree_nothing_is_named():
    assert ControlGroups(None).path(77) == ""


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to make control groups and open them by handle")
def test_the_kernel_s_own_groups_are_opened_by_number(monkeypatch):
    root = cgroup2_mount(Path("/proc/self/mounts").read_text("utf-8"))
    if root is None:
        pytest.skip("needs a cgroup v2 tree")
    monkeypatch.setattr(cgroups.os, "walk", lambda root: pytest.fail("the tree was walked"))
    group = Path(root, f"javert-test-{os.getpid()}", "inner.service")
    groups = ControlGroups(root)
    group.mkdir(parents=True)
    try:
        number = group.stat().st_ino
        assert groups.path(number) == f"/javert-test-{os.getpid()}/inner.service"
    finally:
        group.rmdir()
        group.parent.rmdir()
    assert groups.path(number) == "", "it is gone"


def test_a_tree_that_is_not_there_names_nothing(tmp_path):
    assert ControlGroups(str(tmp_path / "unmounted")).path(77) == ""
