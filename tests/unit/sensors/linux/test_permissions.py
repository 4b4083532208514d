"""The walk to a file: what it comes by, what it tells of each, and where it must not go."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from javert.model.telemetry import AclEntry, Limitation, PathNode
from javert.sensors.linux.permissions import PathWalker

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
NAMESPACE = 4026531841


class Walk:
    """One walk of a fresh walker, and what it emitted."""

    def __init__(self, path: Path | str, root: str = "/"):
        self.records: list[PathNode | Limitation] = []
        self.walker = PathWalker(self.records.append)
        self.way = self.walker.walk(mount_namespace=NAMESPACE, root=root, path=str(path))
        self.nodes = {record.path: record for record in self.records if isinstance(record, PathNode)}
        self.limits = [record for record in self.records if isinstance(record, Limitation)]

    def below(self, place: Path) -> list[str]:
        return [path.removeprefix(f"{place}/") for path in self.way if path.startswith(f"{place}/")]


@pytest.fixture
def place() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="javert-test-"))
    yield made
    shutil.rmtree(made)


def test_every_directory_from_the_root_then_the_file():
    walk = Walk("/usr/bin/env")
    assert walk.way == ("/", "/usr", "/usr/bin", "/usr/bin/env")
    assert [node.kind for node in walk.nodes.values()] == ["directory", "directory", "directory", "file"]
    assert {(node.uid, node.gid, node.mode) for node in walk.nodes.values()} == {(0, 0, 0o755)}
    assert {node.mount_namespace for node in walk.nodes.values()} == {NAMESPACE}
    assert walk.limits == []


def test_links_are_followed_and_what_they_lead_to_is_on_the_way(place):
    (place / "real" / "deep").mkdir(parents=True)
    (place / "real" / "deep" / "lib.so.1.2").touch()
    (place / "real" / "deep" / "lib.so").symlink_to("lib.so.1.2")
    (place / "absolute").symlink_to(place / "real")
    (place / "relative").symlink_to("./absolute//deep/../deep")
    walk = Walk(place / "relative" / "lib.so")
    assert walk.below(place) == [
        "relative",
        "absolute",
        "real",
        "real/deep",
        "real/deep/lib.so",
        "real/deep/lib.so.1.2",
    ]
    assert walk.nodes[f"{place}/absolute"].resolves_to == str(place / "real")
    assert walk.nodes[f"{place}/absolute"].kind == "symlink"


def test_dots_lead_to_the_real_parent_and_not_above_the_root(place):
    (place / "a" / "b").mkdir(parents=True)
    (place / "link").symlink_to("a/b")
    (place / "a" / "file").touch()
    assert Walk(place / "link" / ".." / "file").below(place) == ["link", "a", "a/b", "a/file"]
    assert Walk(f"/../..{place}/a/file").way == Walk(place / "a" / "file").way


@pytest.mark.parametrize("rest", ["missing", "missing/lib.so"])
def test_the_way_ends_at_what_is_missing(place, rest):
    walk = Walk(place / rest)
    assert walk.below(place) == ["missing"]
    assert walk.nodes[f"{place}/missing"] == PathNode(
        mount_namespace=NAMESPACE, path=f"{place}/missing", kind="missing"
    )


def test_a_dangling_link_leads_to_what_is_missing(place):
    (place / "lib.so").symlink_to("gone.so")
    assert Walk(place / "lib.so").below(place) == ["lib.so", "gone.so"]


def test_links_in_a_circle_are_a_limitation(place):
    (place / "a").symlink_to("b")
    (place / "b").symlink_to("a")
    walk = Walk(place / "a")
    assert walk.way == ()
    assert [(limit.code, limit.params["reason"]) for limit in walk.limits] == [
        ("root-modules-way-unreadable", "Too many levels of symbolic links")
    ]


def test_forty_links_are_followed_as_the_kernel_does_and_no_more(place):
    (place / "0").touch()
    for number in range(1, 42):
        (place / str(number)).symlink_to(str(number - 1))
    assert len(Walk(place / "40").below(place)) == 41
    assert (place / "40").read_bytes() == b""
    assert Walk(place / "41").way == ()
    with pytest.raises(OSError, match="Too many levels"):
        (place / "41").read_bytes()


def test_links_of_proc_are_not_followed():
    walk = Walk("/proc/self/exe")
    assert walk.way == ()
    assert "/proc/self is a link of the kernel's" in walk.limits[0].params["reason"]


def test_names_of_any_bytes(place):
    name = os.fsdecode(b"lib\xff \n'.so")
    (place / name).touch()
    assert Walk(place / name).below(place) == [name]


def test_a_socket_or_device_is_looked_at_and_not_opened(place):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place / "socket"))
        assert Walk(place / "socket").nodes[f"{place}/socket"].kind == "file"


def test_each_thing_is_emitted_once_and_ids_are_remembered(place):
    (place / "a").touch()
    (place / "b").touch()
    walk = Walk(place / "a")
    before = len(walk.records)
    walk.walker.walk(mount_namespace=NAMESPACE, root="/", path=str(place / "b"))
    walk.walker.walk(mount_namespace=NAMESPACE, root="/", path=str(place / "a"))
    assert [record.path for record in walk.records[before:]] == [f"{place}/b"]
    walk.walker.walk(mount_namespace=NAMESPACE + 1, root="/", path=str(place / "b"))
    assert len(walk.records) > before + 1
    assert os.geteuid() in walk.walker.uids
    assert -1 not in walk.walker.uids | walk.walker.gids


def test_no_descriptor_is_left_open(place):
    (place / "loop").symlink_to("loop")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for path in (place / "loop", place / "missing" / "file", place, "/proc/self/exe"):
        Walk(path)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_root_directory_that_cannot_be_opened_is_a_limitation_once():
    walk = Walk("/bin/sh", root="/proc/4194304/root")  # above the largest pid there can be
    walk.walker.walk(mount_namespace=NAMESPACE, root="/proc/4194304/root", path="/bin/ls")
    assert walk.way == ()
    assert [(limit.code, limit.scope) for limit in walk.limits] == [
        ("root-modules-root-unreadable", "/proc/4194304/root")
    ]


@needs_root
def test_owner_mode_and_access_control_list(place):
    file = place / "file"
    file.touch()
    os.chown(file, 7, 8)
    file.chmod(0o4750)
    subprocess.run(["setfacl", "-m", "u:33:rwx,g:50:r-x", file], check=True)
    walk = Walk(file)
    node = walk.nodes[str(file)]
    assert (node.uid, node.gid, node.mode) == (7, 8, 0o4770)  # with a list, the group bits are the mask
    assert AclEntry(tag="user", id=33, permissions=7) in node.acl
    assert {7, 33} <= walk.walker.uids
    assert {8, 50} <= walk.walker.gids
    assert walk.nodes[str(place)].acl == ()


@needs_root
@pytest.mark.parametrize(("letter", "attribute"), [("i", "immutable"), ("a", "append_only")])
def test_attributes_that_only_root_can_lift(letter, attribute):
    with tempfile.NamedTemporaryFile(dir="/opt") as file:
        subprocess.run(["chattr", f"+{letter}", file.name], check=True)
        try:
            node = Walk(file.name).nodes[file.name]
        finally:
            subprocess.run(["chattr", f"-{letter}", file.name], check=True)
        assert getattr(node, attribute)
        assert node.immutable != node.append_only


MOUNTS = """
    cd "$1"; mkdir own ro bind bind/sub mirror; touch bind/sub/file plain
    mount -t tmpfs own own; touch own/file
    mount -t tmpfs ro ro; touch ro/file; mount -o remount,ro ro
    mount --bind bind mirror; mount -o remount,bind,ro mirror
    mount --bind bind/sub/file plain
    echo ready; exec sleep 300
"""


@pytest.fixture
def elsewhere(place) -> Iterator[tuple[Path, str]]:
    """A place, and the root directory of a process in a mount namespace of its own with these mounts there."""
    process = subprocess.Popen(
        ["unshare", "--mount", "--propagation", "private", "sh", "-ec", MOUNTS, "sh", place],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline() == "ready\n"
        yield place, f"/proc/{process.pid}/root"
    finally:
        process.kill()
        process.communicate()


@needs_root
def test_mounts_are_those_of_the_process_and_not_javerts(elsewhere):
    place, root = elsewhere
    assert not (place / "own" / "file").exists()
    walk = Walk(place / "own" / "file", root)
    assert walk.nodes[f"{place}/own/file"].kind == "file"
    assert [path for path in walk.way if walk.nodes[path].mount_point] == [f"{place}/own"]
    assert walk.limits == []
    assert Walk(place / "own" / "file").nodes[f"{place}/own/file"].kind == "missing"


@needs_root
def test_a_file_that_is_mounted_on_is_a_mount_point(elsewhere):
    place, root = elsewhere
    assert Walk(place / "plain", root).nodes[f"{place}/plain"].mount_point
    assert not Walk(place / "bind" / "sub" / "file", root).nodes[f"{place}/bind/sub/file"].mount_point


@needs_root
def test_a_read_only_file_system_is_told(elsewhere):
    place, root = elsewhere
    walk = Walk(place / "ro" / "file", root)
    assert [path.removeprefix(str(place)) for path in walk.way if walk.nodes[path].read_only] == ["/ro", "/ro/file"]


@needs_root
def test_a_read_only_view_of_what_is_writable_elsewhere_protects_nothing(elsewhere):
    place, root = elsewhere
    walk = Walk(place / "mirror" / "sub" / "file", root)
    assert not any(node.read_only for node in walk.nodes.values())


@pytest.fixture
def fuse(place) -> Iterator[tuple[Path, subprocess.Popen[bytes]]]:
    """A file system that a program serves, over another directory, and that program."""
    (place / "served").mkdir()
    (place / "mounted").mkdir()
    (place / "served" / "lib.so").touch()
    with subprocess.Popen(["bindfs", "-f", place / "served", place / "mounted"]) as server:
        while not (place / "mounted" / "lib.so").exists():
            assert server.poll() is None
        yield place / "mounted", server
        subprocess.run(["umount", place / "mounted"], check=True)


@needs_root
def test_the_way_ends_at_a_file_system_that_decides_for_itself(fuse):
    mounted, _server = fuse
    walk = Walk(mounted / "lib.so")
    assert walk.way[-1] == str(mounted)
    node = walk.nodes[str(mounted)]
    assert (node.kind, node.file_system, node.mount_point) == ("directory", "fuse", True)
    assert not walk.walker.leads_to_file(mount_namespace=NAMESPACE, way=walk.way)
    assert walk.limits == []


@needs_root
def test_a_server_that_answers_no_more_does_not_stop_the_walk(fuse):
    """The mount point is known from mountinfo, so that nothing has to ask the server."""
    mounted, server = fuse
    server.send_signal(signal.SIGSTOP)
    try:
        assert Walk(mounted / "lib.so").way[-1] == str(mounted)
    finally:
        server.send_signal(signal.SIGCONT)


@needs_root
def test_links_do_not_lead_out_of_a_changed_root(place):
    (place / "lib").mkdir()
    (place / "lib" / "file").write_text("inside")
    (place / "link").symlink_to("/lib/file")
    (place / "up").symlink_to("../../../../lib/file")
    process = subprocess.Popen(
        [sys.executable, "-c", f"import os, time; os.chroot({str(place)!r}); print(flush=True); time.sleep(300)"],
        stdout=subprocess.PIPE,
    )
    try:
        process.stdout.readline()
        root = f"/proc/{process.pid}/root"
        assert Walk("/link", root).way == ("/", "/link", "/lib", "/lib/file")
        assert Walk("/up", root).way == ("/", "/up", "/lib", "/lib/file")
        assert Walk("/link", root).limits == []
    finally:
        process.kill()
        process.communicate()
