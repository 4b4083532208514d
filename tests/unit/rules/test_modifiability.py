"""Who can change what a path leads to, case by case; tests/oracle asks the kernel about thousands more."""

import pytest

from javert.model.telemetry import AclEntry, PathNode
from javert.rules.modifiability import EXECUTE, READ, WRITE, Grant, Subject, changes, granted, obtainable

APP, OTHER_USER = Subject(uid=1000), Subject()
STAFF = Subject(gids=frozenset({50}))


def node(path: str, kind: str = "directory", mode: int = 0o755, **fields) -> PathNode:
    return PathNode(mount_namespace=1, path=path, kind=kind, mode=mode, **({"uid": 0, "gid": 0} | fields))


def way(*last: PathNode) -> list[PathNode]:
    return [node("/"), node("/opt"), *last]


def entries(nodes: list[PathNode], subject: Subject) -> list[str]:
    return [change.entry for change in changes(nodes, subject)]


def acl(*entries_: tuple[str, int, int]) -> tuple[AclEntry, ...]:
    return tuple(AclEntry(tag=tag, id=number, permissions=bits) for tag, number, bits in entries_)


# ---------------------------------------------------------------- one node


@pytest.mark.parametrize(
    ("mode", "subject", "reason"),
    [
        (0o200, Subject(uid=7), "owner"),
        (0o020, Subject(gids=frozenset({8})), "mode-group"),
        (0o002, OTHER_USER, "mode-other"),
        (0o022, Subject(uid=7), None),  # the owner's class decides, though others may write
        (0o002, Subject(gids=frozenset({8})), None),  # and so does the group's
    ],
)
def test_only_one_class_of_bits_counts(mode, subject, reason):
    grant = granted(node("/f", "file", mode, uid=7, gid=8), subject, WRITE)
    assert (grant and grant.reason) == reason


def test_an_owner_can_give_himself_every_permission():
    assert granted(node("/f", "file", 0, uid=1000), APP, WRITE) is None
    assert obtainable(node("/f", "file", 0, uid=1000), APP, WRITE) == Grant(reason="owner", uid=1000)


@pytest.mark.parametrize("obstacle", ["read_only", "immutable", "append_only"])
def test_unless_the_mode_cannot_be_changed(obstacle):
    assert obtainable(node("/f", "file", 0, uid=1000, **{obstacle: True}), APP, READ) is None


def test_an_unknown_owner_is_not_an_unnamed_user():
    assert obtainable(node("/f", "file", 0o700, uid=-1), OTHER_USER, WRITE) is None


@pytest.mark.parametrize(
    ("list_", "mode", "subject", "grant"),
    [
        ([("user", 1000, 6), ("mask", -1, 7)], 0o670, APP, Grant(reason="acl", uid=1000)),
        ([("user", 1000, 6), ("mask", -1, 4)], 0o640, APP, None),
        ([("user", 1000, 4), ("mask", -1, 7), ("other", -1, 7)], 0o677, APP, None),
        ([("group", 50, 2), ("mask", -1, 7)], 0o670, STAFF, Grant(reason="acl", gid=50)),
        ([("group-owner", -1, 2), ("group", 50, 4), ("mask", -1, 7)], 0o670, STAFF, None),
        ([("group-owner", -1, 0), ("group", 50, 4), ("mask", -1, 7), ("other", -1, 7)], 0o677, STAFF, None),
        (
            [("group-owner", -1, 2), ("other", -1, 0)],
            0o620,
            Subject(gids=frozenset({8})),
            Grant(reason="mode-group", gid=8),
        ),
        ([("mask", -1, 7), ("other", -1, 2)], 0o672, OTHER_USER, Grant(reason="mode-other")),
        # without group bits the kernel skips the list, and the user it names is one of the others
        ([("user", 1000, 0), ("mask", -1, 0), ("other", -1, 2)], 0o602, APP, Grant(reason="mode-other")),
    ],
)
def test_access_control_lists(list_, mode, subject, grant):
    assert granted(node("/f", "file", mode, uid=7, gid=8, acl=acl(*list_)), subject, WRITE) == grant


def test_one_entry_of_a_list_has_to_give_all_that_is_asked():
    two = node("/d", mode=0o770, acl=acl(("group", 50, 2), ("group", 51, 1), ("mask", -1, 7)))
    both = Subject(gids=frozenset({50, 51}))
    assert granted(two, both, WRITE)
    assert granted(two, both, EXECUTE)
    assert granted(two, both, WRITE | EXECUTE) is None


# ---------------------------------------------------------------- the way


def test_nobody_changes_what_is_roots():
    assert entries(way(node("/opt/lib.so", "file", 0o644)), APP) == []


def test_a_file_of_ones_own():
    (change,) = changes(way(node("/opt/lib.so", "file", 0o444, uid=1000)), APP)
    assert (change.entry, change.place, change.grant) == (
        "/opt/lib.so",
        "/opt/lib.so",
        Grant(reason="owner", uid=1000),
    )
    assert change.needed == {Grant(reason="mode-other"), Grant(reason="owner", uid=1000)}


def test_a_directory_that_lets_nobody_through_protects_what_is_below():
    closed = [node("/"), node("/root", mode=0o700), node("/root/lib.so", "file", 0o666)]
    assert entries(closed, APP) == []
    assert entries([node("/"), node("/root", mode=0o700, uid=1000), closed[2]], APP) == ["/root/lib.so"] * 2


def test_a_directory_one_may_write_but_not_search_helps_nobody():
    assert entries(way(node("/opt/app", mode=0o772), node("/opt/app/lib.so", "file", 0o644)), APP) == []


def test_whoever_writes_to_a_directory_replaces_what_is_in_it():
    (change,) = changes(way(node("/opt/app", mode=0o777), node("/opt/app/lib.so", "file", 0o644)), OTHER_USER)
    assert (change.entry, change.place) == ("/opt/app/lib.so", "/opt/app")


STICKY = node("/opt/tmp", mode=0o1777)


@pytest.mark.parametrize("kind", ["file", "directory", "symlink"])
def test_in_a_sticky_directory_only_ones_own_can_be_replaced(kind):
    mine = node("/opt/tmp/x", kind, 0o755, uid=1000)
    assert {change.place for change in changes(way(STICKY, mine), APP)} == {"/opt/tmp/x"}
    assert entries(way(STICKY, mine), OTHER_USER) == []


def test_but_its_owner_can_replace_everything():
    assert entries(way(node("/opt/tmp", mode=0o1777, uid=1000), node("/opt/tmp/x", "file", 0o644)), APP) == [
        "/opt/tmp/x"
    ]


def test_what_is_missing_can_be_created_sticky_or_not():
    (change,) = changes(way(STICKY, node("/opt/tmp/x", "missing", 0, uid=-1, gid=-1)), OTHER_USER)
    assert (change.entry, change.place) == ("/opt/tmp/x", "/opt/tmp")


def test_the_owner_of_a_link_gains_nothing_by_it():
    assert entries(way(node("/opt/link", "symlink", 0o777, uid=1000)), APP) == []


@pytest.mark.parametrize(
    ("directory", "file"),
    [
        ({"read_only": True}, {"read_only": True}),
        ({"immutable": True}, {}),
        ({"append_only": True}, {}),
        ({}, {"immutable": True}),
        ({}, {"append_only": True}),
        ({}, {"mount_point": True}),
    ],
)
def test_what_only_root_can_lift(directory, file):
    nodes = way(node("/opt/app", mode=0o777, **directory), node("/opt/app/lib.so", "file", 0o644, **file))
    assert entries(nodes, OTHER_USER) == []


def test_an_append_only_file_can_be_added_to_and_an_append_only_directory_too():
    assert entries(way(node("/opt/run.sh", "file", 0o666, append_only=True)), OTHER_USER) == ["/opt/run.sh"]
    missing = node("/opt/app/lib.so", "missing", 0, uid=-1, gid=-1)
    assert entries(way(node("/opt/app", mode=0o777, append_only=True), missing), OTHER_USER) == ["/opt/app/lib.so"]


def test_a_mount_point_stays_but_the_directory_above_can_be_moved_away():
    nodes = way(
        node("/opt/app", mode=0o777),
        node("/opt/app/sub"),
        node("/opt/app/sub/mnt", mount_point=True),
        node("/opt/app/sub/mnt/lib.so", "file", 0o644),
    )
    assert entries(nodes, OTHER_USER) == ["/opt/app/sub"]


def test_modes_of_foreign_file_systems_are_not_believed():
    assert entries(way(node("/opt/lib.so", "file", 0o666, file_system="nfs4")), OTHER_USER) == []


def test_a_link_in_a_closed_directory_to_an_open_place_is_reached_by_the_place_itself():
    nodes = [
        node("/"),
        node("/root", mode=0o700),
        node("/root/link", "symlink", 0o777),
        node("/srv", mode=0o777),
        node("/srv/lib.so", "file", 0o644),
    ]
    assert entries(nodes, OTHER_USER) == ["/srv/lib.so"]
