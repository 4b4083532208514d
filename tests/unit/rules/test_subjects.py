"""Who there is to be asked about: users that files name, groups with members, running services, and others."""

from msgspec import structs

from javert.model.telemetry import AclEntry, Credentials, Group, PathNode, Principals
from javert.rules.modifiability import Subject
from javert.rules.subjects import Population

PRINCIPALS = Principals(
    users={0: "root", 1000: "ann", 1001: "bea", 1002: "cid"},
    groups=(
        Group(gid=0, name="root"),
        Group(gid=50, name="staff"),
        Group(gid=60, name="dev", members=("ann", "bea")),
        Group(gid=61, name="ops", members=("bea", "cid", "root")),
    ),
    running=(
        Credentials(uid=1002, gids=(1002, 50), names=("job",)),
        Credentials(uid=990, gids=(990, 70), names=("service",)),
    ),
)
OTHERS = Subject()


def node(uid: int = 0, gid: int = 0, *acl: AclEntry) -> PathNode:
    return PathNode(mount_namespace=1, path="/x", kind="file", uid=uid, gid=gid, acl=acl)


def subjects(*nodes: PathNode) -> list[Subject]:
    return list(Population(PRINCIPALS).subjects(nodes))


def test_a_group_that_a_program_gives_to_whoever_runs_it_is_asked_about_although_nobody_is_in_it():
    given = structs.replace(PRINCIPALS, given_by_programs={51: ("/usr/bin/wall",), 99: ("/usr/bin/other",)})
    assert Subject(gids=frozenset({51})) not in subjects(node(0, 51))
    assert Subject(gids=frozenset({51})) in Population(given).subjects([node(0, 51)])
    assert Population(given).programs(51) == ("/usr/bin/wall",)
    assert Population(given).programs(50) == ()


def test_where_all_is_roots_there_are_only_others():
    assert subjects(node()) == [OTHERS]


def test_an_owner_is_asked_about_with_the_groups_that_matter():
    assert subjects(node(1000), node(0, 60)) == [
        Subject(uid=1000, gids=frozenset({60})),
        Subject(gids=frozenset({60}), names=("user:bea",)),
        OTHERS,
    ]


def test_members_that_share_their_groups_are_one_subject():
    assert subjects(node(0, 60), node(0, 61)) == [
        Subject(gids=frozenset({60}), names=("user:ann",)),
        Subject(gids=frozenset({60, 61}), names=("user:bea",)),
        Subject(gids=frozenset({61}), names=("user:cid",)),
        OTHERS,
    ]


def test_a_group_counts_if_a_process_holds_it_though_it_has_no_members():
    assert subjects(node(0, 50)) == [Subject(gids=frozenset({50}), names=("user:cid",)), OTHERS]
    assert subjects(node(0, 70)) == [Subject(gids=frozenset({70}), names=("user:990",)), OTHERS]
    assert subjects(node(0, 71)) == [OTHERS]


def test_a_named_user_is_asked_about_as_it_logs_in_and_as_it_runs():
    assert subjects(node(1002), node(0, 50)) == [
        Subject(uid=1002),
        Subject(uid=1002, gids=frozenset({50})),
        OTHERS,
    ]


def test_access_control_lists_name_users_and_groups_and_root_is_nobody():
    acl = (
        AclEntry(tag="user", id=1001),
        AclEntry(tag="user", id=0),
        AclEntry(tag="group", id=60),
        AclEntry(tag="mask"),
    )
    assert subjects(node(0, 0, *acl)) == [
        Subject(uid=1001, gids=frozenset({60})),
        Subject(gids=frozenset({60}), names=("user:ann",)),
        OTHERS,
    ]


def test_names_and_numbers():
    population = Population(PRINCIPALS)
    assert (population.user(1000), population.user(77)) == ("user:ann", "user:77")
    assert (population.group(60), population.group(77)) == ("group:dev", "group:77")
