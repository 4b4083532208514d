"""The rule from telemetry to verdict: who counts as root, what is one finding, and what stays unjudged."""

import msgspec
import pytest

from javert.catalogue.lookup import Language, text
from javert.model.assessment import Outcome
from javert.model.telemetry import (
    Group,
    LibrarySearch,
    Module,
    ModuleKind,
    PathNode,
    Principals,
    Process,
    ProcessKey,
    RunEnded,
    SearchedFile,
)
from javert.model.view import assemble
from javert.rules.root_process_insecure_permissions import evaluate

ROOT, APP = ProcessKey(1, 10), ProcessKey(2, 20)
LIB = "/opt/app/lib.so"
WAY = ("/", "/opt", "/opt/app", LIB)
MODULE = Module(
    path=LIB,
    device=1,
    inode=7,
    mount_namespace=1,
    root_processes=(ROOT,),
    way=WAY,
    first_seen=100.0,
    last_seen=110.0,
)


def process(key: ProcessKey, *, root: bool = True, container: str = "", name: str = "nginx") -> Process:
    return Process(key=key, name=name, exe="/usr/sbin/nginx", uid=0 if root else 33, root=root, container=container)


def nodes(namespace: int = 1, **last) -> list[PathNode]:
    made = [
        PathNode(mount_namespace=namespace, path=path, kind="directory", uid=0, gid=0, mode=0o755)
        for path in WAY[:-1]
    ]
    file = {"kind": "file", "uid": 0, "gid": 0, "mode": 0o644} | last
    return [*made, PathNode(mount_namespace=namespace, path=LIB, **file)]


@pytest.fixture
def judge(run_started):
    def evaluate_records(*records):
        principals = Principals(
            users={0: "root", 1000: "app"}, groups=(Group(gid=50, name="staff", members=("app",)),)
        )
        return evaluate(assemble([run_started(), principals, *records, RunEnded(ended_at=1.0)]))

    return evaluate_records


def test_a_library_of_somebody_elses_in_a_root_process_is_a_finding(judge):
    verdict = judge(process(ROOT), MODULE, *nodes(uid=1000))
    assert verdict.outcome is Outcome.FINDING
    (finding,) = verdict.findings
    assert finding.identity == ("", LIB)
    assert (finding.first_seen, finding.last_seen) == (100.0, 110.0)
    assert finding.attributes.path == LIB
    assert finding.attributes.kind == "shared-object"
    assert [item.pid for item in finding.attributes.processes] == [1]
    assert [(way.path, way.reason, way.principals) for way in finding.attributes.ways] == [
        (LIB, "owner", ("user:app",))
    ]
    assert finding.params["principals"] == "user:app"
    assert finding.params["processes"] == "nginx (pid 1)"
    assert finding.params["fixes"] == f"chown root {LIB}"


def test_roots_own_is_clear_and_says_what_was_looked_at(judge):
    verdict = judge(process(ROOT), MODULE, *nodes())
    assert verdict.outcome is Outcome.CLEAR
    assert verdict.exclusions == ()
    assert verdict.coverage == {
        "root_processes": 1,
        "modules": 1,
        "modules_judged": 1,
        "modules_safe_only_by_read_only_mount_or_attribute": 0,
    }


def test_what_only_other_users_load_is_their_own_affair(judge):
    verdict = judge(
        process(APP, root=False),
        msgspec.structs.replace(MODULE, processes=(APP,), root_processes=()),
        *nodes(uid=1000),
    )
    assert (verdict.outcome, verdict.findings) == (Outcome.NOT_AVAILABLE, ())


def test_no_module_at_all_is_not_clear(judge):
    assert judge(process(ROOT)).outcome is Outcome.NOT_AVAILABLE


def test_only_root_processes_are_named(judge):
    verdict = judge(
        process(ROOT),
        process(APP, root=False),
        msgspec.structs.replace(MODULE, processes=(APP, ROOT)),
        *nodes(uid=1000),
    )
    assert [item.pid for item in verdict.findings[0].attributes.processes] == [1]


@pytest.mark.parametrize("order", [1, -1])
def test_who_gave_root_up_is_shown_once_and_as_what_it_was_before(judge, order):
    after = ProcessKey(ROOT.pid, ROOT.start, 1)
    both = (ROOT, after)[::order]
    verdict = judge(
        process(ROOT),
        process(after, root=False),
        msgspec.structs.replace(MODULE, root_processes=both),
        *nodes(uid=1000),
    )
    assert [(item.pid, item.uid) for item in verdict.findings[0].attributes.processes] == [(1, 0)]


def test_one_path_in_several_mount_namespaces_of_the_host_is_one_finding(judge):
    """Services of systemd have mount namespaces of their own, and load the same libraries."""
    other = ProcessKey(3, 30)
    verdict = judge(
        process(ROOT),
        process(other, name="cron"),
        MODULE,
        msgspec.structs.replace(MODULE, mount_namespace=2, root_processes=(other,), last_seen=120.0),
        *nodes(uid=1000),
        *nodes(2, uid=1000),
    )
    (finding,) = verdict.findings
    assert finding.attributes.process_count == 2
    assert len(finding.attributes.ways) == 1
    assert finding.last_seen == 120.0


def test_a_container_is_named_and_apart(judge):
    inside = ProcessKey(3, 30)
    verdict = judge(
        process(ROOT),
        process(inside, container="web"),
        MODULE,
        msgspec.structs.replace(MODULE, mount_namespace=2, root_processes=(inside,)),
        *nodes(uid=1000),
        *nodes(2, mode=0o666),
    )
    assert [finding.identity for finding in verdict.findings] == [("", LIB), ("web", LIB)]
    assert verdict.findings[1].params["module"] == f"web:{LIB}"
    assert verdict.findings[1].attributes.container == "web"
    assert verdict.findings[1].text.endswith(".container")


def test_users_and_groups_of_a_container_are_its_own(judge):
    """Uid 1000 has another name there, and its group has members although the host's has none."""
    inside = ProcessKey(3, 30)
    module = msgspec.structs.replace(MODULE, mount_namespace=2, root_processes=(inside,))
    people = Principals(
        mount_namespace=2, users={0: "root", 1000: "web"}, groups=(Group(gid=70, name="team", members=("ops",)),)
    )
    opened = nodes(2, uid=1000, gid=70, mode=0o664)
    (finding,) = judge(process(inside, container="shop"), module, people, *opened).findings
    assert finding.params["principals"] == "group:team, user:web"
    (finding,) = judge(process(inside), module, *opened).findings
    assert finding.params["principals"] == "user:app", "a service of the host in a mount namespace of its own"


def test_a_network_file_system_cannot_be_judged(judge):
    mounted = PathNode(mount_namespace=1, path="/opt/app", kind="directory", mount_point=True, file_system="nfs4")
    verdict = judge(process(ROOT), msgspec.structs.replace(MODULE, way=WAY[:3]), *nodes()[:2], mounted)
    assert verdict.outcome is Outcome.NOT_AVAILABLE
    (limit,) = verdict.exclusions
    assert (limit.code, limit.scope) == ("root-modules-foreign-file-system", "/opt/app")
    assert limit.params == {"path": "/opt/app", "file_system": "nfs4", "count": "1", "examples": LIB}


def test_but_who_can_move_the_mount_points_directory_is_told(judge):
    mounted = PathNode(mount_namespace=1, path="/opt/app", kind="directory", mount_point=True, file_system="nfs4")
    opened = [msgspec.structs.replace(item, mode=0o777) if item.path == "/" else item for item in nodes()[:2]]
    verdict = judge(process(ROOT), msgspec.structs.replace(MODULE, way=WAY[:3]), *opened, mounted)
    assert verdict.outcome is Outcome.FINDING
    assert len(verdict.exclusions) == 1


@pytest.mark.parametrize("way", [(), WAY])
def test_a_way_that_was_not_seen_or_not_recorded_is_an_exclusion(judge, way):
    others = [
        msgspec.structs.replace(MODULE, path=f"/gone/{number}", inode=number, way=()) for number in range(1, 6)
    ]
    verdict = judge(process(ROOT), msgspec.structs.replace(MODULE, way=way), *others)
    assert verdict.outcome is Outcome.NOT_AVAILABLE
    (limit,) = verdict.exclusions
    assert limit.code == "root-modules-not-examined"
    assert limit.params == {"count": "6", "examples": "/gone/1, /gone/2, /gone/3, +3"}


def test_a_process_that_is_gone_before_it_was_known_counts_and_is_named_by_its_pid(judge):
    (finding,) = judge(MODULE, *nodes(uid=1000)).findings
    assert finding.params["process"] == "pid 1"
    assert [(item.pid, item.name) for item in finding.attributes.processes] == [(1, "")]


def test_a_process_that_is_no_longer_roots_counts_for_what_it_loaded_as_root(judge):
    assert judge(process(ROOT, root=False), MODULE, *nodes(uid=1000)).outcome is Outcome.FINDING


def test_files_in_memory_have_no_name_by_which_to_change_them(judge):
    memory = msgspec.structs.replace(
        MODULE, path="/memfd:jit", way=(), deleted=True, mapped_uid=0, mapped_mode=0o777
    )
    verdict = judge(process(ROOT), memory)
    assert (verdict.outcome, verdict.exclusions) == (Outcome.CLEAR, ())
    assert judge(process(ROOT), msgspec.structs.replace(memory, mapped_uid=1000)).outcome is Outcome.FINDING


@pytest.mark.parametrize("shield", ["read_only", "immutable"])
def test_what_only_a_mount_or_an_attribute_protects_is_clear_and_counted(judge, shield):
    verdict = judge(process(ROOT), MODULE, *nodes(mode=0o666, **{shield: True}))
    assert verdict.outcome is Outcome.CLEAR
    assert verdict.coverage["modules_safe_only_by_read_only_mount_or_attribute"] == 1


def test_a_replaced_file_whose_old_copy_was_somebody_elses(judge):
    verdict = judge(process(ROOT), msgspec.structs.replace(MODULE, deleted=True, mapped_uid=1000), *nodes())
    (finding,) = verdict.findings
    assert finding.text == "root-process-insecure-permissions.deleted"
    assert finding.attributes.deleted
    assert finding.advice == ("advice.root-process-insecure-permissions.deleted",)
    assert [(way.path, way.principals) for way in finding.attributes.ways] == [(LIB, ("user:app",))]


def test_a_replaced_file_of_roots_is_clear(judge):
    module = msgspec.structs.replace(MODULE, deleted=True, mapped_uid=0, mapped_mode=0o777)
    assert judge(process(ROOT), module, *nodes()).outcome is Outcome.CLEAR


@pytest.mark.parametrize(("mode", "outcome"), [(0o1777, Outcome.CLEAR), (0o777, Outcome.FINDING)])
def test_a_library_unpacked_to_tmp_and_removed_was_safe_there_only_if_nobody_could_replace_it(judge, mode, outcome):
    """Java does so: another file can be made in /tmp now, but the one that was loaded could not be replaced."""
    made = nodes(kind="missing", uid=-1, gid=-1, mode=0)
    made[2] = msgspec.structs.replace(made[2], mode=mode)
    assert judge(process(ROOT), msgspec.structs.replace(MODULE, deleted=True), *made).outcome is outcome


def test_many_processes_are_counted_and_a_hundred_listed(judge):
    keys = [ProcessKey(number, 1) for number in range(1, 131)]
    verdict = judge(
        *(process(key, name="worker") for key in keys),
        msgspec.structs.replace(MODULE, root_processes=tuple(keys), kind=ModuleKind.EXECUTABLE),
        *nodes(mode=0o646),
    )
    (finding,) = verdict.findings
    assert finding.attributes.process_count == 130
    assert len(finding.attributes.processes) == 100
    assert finding.params["process"] == "worker"
    assert finding.params["processes"].endswith("worker (pid 5), +125")


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("change", [{}, {"deleted": True}, {"container": "web"}])
def test_every_variant_has_its_texts(judge, language, change):
    made = process(ROOT, container=change.get("container", ""))
    module = msgspec.structs.replace(MODULE, deleted=change.get("deleted", False))
    (finding,) = judge(made, module, *nodes(uid=1000)).findings
    for part in ("title", "description", "recommendation"):
        words = text(f"finding.{finding.text}.{part}", language, finding.params)
        assert "{" not in words
        assert len(words) > 20


# ---------------------------------------------------------------- where the dynamic loader looks


PLANTED = "/opt/app/lib.so"  # the same way as a module's, but nothing is there


def searched(by: str = "runpath", path: str = PLANTED, way: tuple[str, ...] = WAY) -> LibrarySearch:
    return LibrarySearch(mount_namespace=1, path="/bin/daemon", files=(SearchedFile(path=path, by=by, way=way),))


def daemon(**fields) -> Module:
    return msgspec.structs.replace(MODULE, path="/bin/daemon", way=("/", "/opt"), **fields)


def absent(mode: int) -> list[PathNode]:
    made = nodes(kind="missing", uid=-1, gid=-1, mode=0)
    return [*made[:2], msgspec.structs.replace(made[2], mode=mode), made[3]]


def test_a_place_where_somebody_can_plant_a_library_is_a_finding_though_it_is_empty(judge):
    (finding,) = judge(process(ROOT), daemon(), searched(), *absent(0o777)).findings
    assert finding.identity == ("", PLANTED)
    assert finding.text == "root-process-insecure-permissions.searched"
    assert finding.params["searched_by"] == "/bin/daemon"
    assert [item.pid for item in finding.attributes.processes] == [1]
    assert [(way.path, way.reason, way.fix) for way in finding.attributes.ways] == [
        ("/opt/app", "directory", "chmod o-w /opt/app")
    ]
    assert (finding.first_seen, finding.last_seen) == (100.0, 110.0)


def test_nobody_is_told_to_close_tmp(judge):
    (finding,) = judge(process(ROOT), daemon(), searched(), *absent(0o1777)).findings
    assert [way.fix for way in finding.attributes.ways] == [""]


def test_a_place_that_only_root_can_fill_is_clear(judge):
    verdict = judge(process(ROOT), daemon(), searched(), *absent(0o755))
    assert (verdict.outcome, verdict.coverage["modules"]) == (Outcome.CLEAR, 1)


def test_searches_of_what_no_root_process_has_loaded_do_not_count(judge):
    verdict = judge(
        process(APP, root=False), daemon(root_processes=(), processes=(APP,)), searched(), *absent(0o777)
    )
    assert verdict.findings == ()


def test_a_library_that_is_found_where_it_was_looked_for_is_told_once(judge):
    verdict = judge(process(ROOT), daemon(), MODULE, searched(), *nodes(uid=1000))
    assert [finding.text for finding in verdict.findings] == ["root-process-insecure-permissions"]


def test_modules_that_search_the_same_place_are_one_finding(judge):
    other = msgspec.structs.replace(searched(), path="/bin/other")
    verdict = judge(
        process(ROOT),
        daemon(),
        msgspec.structs.replace(daemon(), path="/bin/other", inode=9),
        searched(),
        other,
        *absent(0o777),
    )
    (finding,) = verdict.findings
    assert finding.params["searched_by"] == "/bin/daemon, /bin/other"
    assert finding.attributes.searched_by == ("/bin/daemon", "/bin/other")


@pytest.mark.parametrize("language", Language)
def test_a_search_has_its_texts(judge, language):
    (finding,) = judge(process(ROOT), daemon(), searched(), *absent(0o777)).findings
    for part in ("title", "description", "recommendation"):
        words = text(f"finding.{finding.text}.{part}", language, finding.params)
        assert "/bin/daemon" in words or PLANTED in words


def test_where_python_looks_for_modules_first_reads_otherwise(judge):
    (finding,) = judge(process(ROOT), daemon(), searched("python-path"), *absent(0o1777)).findings
    assert finding.text == "root-process-insecure-permissions.imported"
    assert finding.params["searched_by"] == "/bin/daemon"
    assert finding.attributes.kind == "script"


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("by", ["python-path", "runpath"])
def test_where_everybody_may_make_files_no_command_is_promised(judge, language, by):
    (finding,) = judge(process(ROOT), daemon(), searched(by), *absent(0o1777)).findings
    (advice,) = finding.advice
    assert "/bin/daemon" in text(advice, language, finding.params)
    (other,) = judge(process(ROOT), daemon(), searched(by), *absent(0o777)).findings
    assert other.advice == ()
