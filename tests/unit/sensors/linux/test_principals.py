"""Users and groups: compared with what getent and id say, and with processes that really hold groups."""

import grp
import os
import pwd
import subprocess

import pytest

from javert.model.rule_id import RuleId
from javert.sensors.linux import principals as module
from javert.sensors.linux.principals import enumeration_limit, principals


def getent(database: str) -> list[list[str]]:
    done = subprocess.run(["getent", database], capture_output=True, text=True, check=True)
    return [line.split(":") for line in done.stdout.splitlines()]


def test_users_and_groups_are_those_of_the_name_service():
    found = principals()
    assert found.users == {int(fields[2]): fields[0] for fields in reversed(getent("passwd"))}
    assert {group.gid: group.name for group in found.groups} == {
        int(fields[2]): fields[0] for fields in reversed(getent("group"))
    }


def test_members_are_those_that_id_tells():
    groups = {group.gid: group.members for group in principals().groups}
    for fields in getent("passwd"):
        done = subprocess.run(["id", "-G", fields[0]], capture_output=True, text=True, check=True)
        for gid in map(int, done.stdout.split()):
            assert (fields[0] in groups[gid]) == (fields[2] != "0")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to start a process as another user")
def test_groups_that_only_a_process_holds_are_known_and_roots_are_not():
    command = ["sleep", "300"]
    service = subprocess.Popen(command, user=64001, group=64002, extra_groups=[64003])
    with_group = subprocess.Popen(command, extra_groups=[64004])
    try:
        found = principals()
    finally:
        for process in (service, with_group):
            process.kill()
            process.wait()
    (credentials,) = (item for item in found.running if item.uid == 64001)
    assert (credentials.gids, credentials.names) == ((64002, 64003), ("sleep",))
    assert not any(64004 in item.gids for item in found.running)
    assert not any(item.uid == 0 for item in found.running)


def test_ids_that_nothing_lists_are_asked_for_one_by_one(monkeypatch):
    """A directory service answers for one id, and does not enumerate."""
    user = pwd.struct_passwd(("ann", "x", 70001, 70002, "", "/", "/bin/sh"))
    group = grp.struct_group(("sales", "x", 70002, ["bea"]))
    monkeypatch.setattr(pwd, "getpwuid", {70001: user}.__getitem__)
    monkeypatch.setattr(grp, "getgrgid", {70002: group}.__getitem__)
    found = principals(uids=[70001, 70009], gids=[70002, 70009])
    assert found.users[70001] == "ann"
    assert 70009 not in found.users
    (sales,) = (item for item in found.groups if item.gid == 70002)
    assert (sales.name, sales.members) == ("sales", ("ann", "bea"))
    assert not any(item.gid == 70009 for item in found.groups)


def test_every_name_of_uid_0_is_root(monkeypatch):
    users = [
        pwd.struct_passwd((name, "x", uid, 0, "", "/", "")) for name, uid in (("root", 0), ("toor", 0), ("op", 5))
    ]
    monkeypatch.setattr(pwd, "getpwall", lambda: users)
    monkeypatch.setattr(grp, "getgrall", lambda: [grp.struct_group(("wheel", "x", 0, ["root", "toor"]))])
    (wheel,) = principals().groups
    assert wheel.members == ("op",)


@pytest.mark.parametrize(
    ("text", "sources"),
    [
        ("passwd: files systemd\ngroup: files [SUCCESS=merge] systemd\nhosts: dns\n", None),
        ("passwd: compat # sss\n", None),
        ("", None),
        ("passwd: files sss\ngroup: files ldap\n", "ldap, sss"),
        ("initgroups: files [NOTFOUND=return] winbind", "winbind"),
    ],
)
def test_directory_services_are_a_limitation(monkeypatch, tmp_path, text, sources):
    file = tmp_path / "nsswitch.conf"
    file.write_text(text)
    monkeypatch.setattr(module, "_NSSWITCH", file)
    limit = enumeration_limit()
    assert (limit and limit.params["sources"]) == sources
    if limit:
        assert limit.rules == (RuleId.ROOT_PROCESS_INSECURE_PERMISSIONS,)
        assert not limit.blinds


def test_a_host_without_nsswitch_has_local_users(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "_NSSWITCH", tmp_path / "missing")
    assert enumeration_limit() is None


# ---------------------------------------------------------------- another file tree


@pytest.fixture
def tree(tmp_path):
    """A file tree with users of its own."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "passwd").write_text("root:x:0:0::/:\ntoor:x:0:0::/:\nweb:x:1000:50::/:\nops:x:7:0::/:\n")
    (tmp_path / "etc" / "group").write_text("root:x:0:toor\nstaff:x:50:\ndev:x:60:web,root\n")
    return tmp_path


def test_users_and_groups_of_another_tree(tree):
    found = module.principals_inside(42, str(tree))
    assert found.mount_namespace == 42
    assert found.users == {0: "root", 1000: "web", 7: "ops"}
    assert {(group.gid, group.name): group.members for group in found.groups} == {
        (0, "root"): ("ops",),
        (50, "staff"): ("web",),
        (60, "dev"): ("web",),
    }
    assert found.running == ()


@pytest.mark.parametrize("name", ["etc", "etc/passwd", "etc/group"])
@pytest.mark.parametrize("instead", ["link", "pipe", None])
def test_no_link_is_followed_out_of_the_tree_and_nothing_else_is_read(tree, name, instead):
    path = tree / name
    path.rename(tree / "aside")
    if instead == "link":
        path.symlink_to(f"/{name}")
    elif instead == "pipe":
        os.mkfifo(path)
    assert module.principals_inside(42, str(tree)) is None


def test_the_hosts_own_files_are_not_another_trees():
    assert module.principals_inside(42, "/proc/self/root") is None
