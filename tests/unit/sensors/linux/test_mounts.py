import os
import subprocess

import pytest

from javert.formats import mountinfo
from javert.sensors.linux import mounts

BLOCK = frozenset({"ext4", "xfs", "btrfs", "squashfs", "fuseblk"})


def table(*lines):
    """Mounts from "major:minor root mount-point type [options]" lines."""
    text = ""
    for number, line in enumerate(lines, 1):
        device, root, point, kind, *options = line.split()
        text += f"{number} 0 {device} {root} {point} rw - {kind} source {','.join(('rw', *options))}\n"
    return mountinfo.parse(text.encode())


def planned(wanted, *lines):
    return mounts.plan(wanted, table(*lines), BLOCK)


ROOT = "8:1 / / ext4"


def test_every_local_file_system_is_walked_and_no_other():
    plan = planned(
        [],
        ROOT,
        "0:21 / /proc proc",
        "0:22 / /sys sysfs",
        "0:6 / /dev devtmpfs",
        "0:23 / /dev/shm tmpfs",
        "8:2 / /home xfs",
        "0:50 / /srv/nfs nfs4",
        "0:51 / /mnt/remote fuse.sshfs",
        "0:52 / /mnt/nameless fuse",
        "8:17 / /mnt/stick fuseblk",
        "7:1 / /snap/core squashfs",
        "0:60 / /tank zfs",
    )
    assert plan.roots == ("/", "/dev", "/home", "/tank", "/dev/shm", "/mnt/stick", "/snap/core")
    assert {mount.mount_point for mount in plan.left_out} == {"/srv/nfs", "/mnt/remote", "/mnt/nameless"}
    assert "/proc" in plan.boundaries


@pytest.mark.parametrize("root", ["/", "/srv/www"])
def test_a_bind_mount_of_what_is_walked_anyway_is_left_out(root):
    assert planned([], ROOT, f"8:1 {root} /mnt/again ext4").roots == ("/",)


def test_a_bind_mount_of_another_part_is_walked():
    """The root is a subdirectory of its file system here, as in a container or a chroot."""
    plan = planned([], "8:1 /jail / ext4", "8:1 /data /data ext4", "8:1 /jail/etc /mnt/etc ext4")
    assert plan.roots == ("/", "/data")


def test_an_overlay_is_not_walked_beside_its_layers_but_is_as_the_root():
    assert planned([], ROOT, "0:44 / /var/lib/docker/overlay2/x/merged overlay").roots == ("/",)
    assert planned([], "0:44 / / overlay", "8:1 /etc/hosts /etc/hosts ext4").roots == ("/", "/etc/hosts")
    assert planned([], "0:44 / / overlay").devices_differ == {"/"}


@pytest.mark.parametrize(
    ("options", "is_walked"),
    [
        ("lowerdir={0}/low,upperdir={0}/up,workdir={0}/work", False),
        ("lowerdir={0}/low:{0}/usr", True),  # as systemd-sysext does with /usr: what it covers is seen nowhere else
        ("lowerdir={0}/none:{0}/low", True),
        ("lowerdir+={0}/low,lowerdir+={0}/usr", True),
        ("lowerdir={0}/low::{0}/usr", True),
        ("lowerdir={0}/net", True),
        ("lowerdir={0}/low\\:x", True),
        ("lowerdir=l/ABC:l/DEF,upperdir=x/diff", False),
        ("", False),
    ],
)
def test_an_overlay_is_walked_where_its_layers_are_not(tmp_path, options, is_walked):
    for name in ("low", "up", "usr", "net"):
        (tmp_path / name).mkdir()
    top = str(tmp_path)
    lines = (ROOT, f"0:50 / {top}/net nfs", f"0:44 / {top}/usr overlay {options.format(top)}")
    assert (f"{top}/usr" in planned([], *lines).roots) == is_walked
    plan = mounts.plan([], table(*lines), BLOCK, one_file_system=True)
    assert (f"{top}/usr" in {mount.mount_point for mount in plan.not_asked}) == is_walked


def test_an_overlay_inside_a_wanted_path_is_walked_if_its_layers_lie_outside(tmp_path):
    for name in ("low", "srv/merged"):
        (tmp_path / name).mkdir(parents=True)
    overlay = f"0:44 / {tmp_path}/srv/merged overlay lowerdir={tmp_path}/low"
    assert planned([f"{tmp_path}/srv"], ROOT, overlay).roots == (f"{tmp_path}/srv", f"{tmp_path}/srv/merged")
    assert planned([str(tmp_path)], ROOT, overlay).roots == (str(tmp_path),)


def test_a_file_system_that_nobody_knows_is_told():
    plan = planned([], ROOT, "0:70 / /srv newfs", "0:71 / /home/ann ecryptfs", "0:72 / /run/lxc fuse.lxcfs")
    assert plan.roots == ("/", "/home/ann")
    assert [mount.mount_point for mount in plan.left_out] == ["/srv"]


def test_btrfs_subvolumes_have_devices_of_their_own():
    assert planned([], "0:30 /@ / btrfs", "0:30 /@home /home btrfs").devices_differ == {"/", "/home"}


def test_the_mount_on_top_is_the_one_that_counts():
    plan = planned([], ROOT, "8:2 / /data xfs", "0:50 / /data nfs")
    assert plan.roots == ("/",)
    assert [mount.file_system for mount in plan.left_out] == ["nfs"]


@pytest.mark.parametrize("kind", ["nfs", "proc", "ext4"])
def test_a_wanted_path_is_walked_whatever_it_is_on(kind):
    plan = planned(["/mnt/there/bin"], ROOT, f"0:50 / /mnt/there {kind}", "8:9 / /home xfs")
    assert plan.roots == ("/mnt/there/bin",)
    assert plan.left_out == ()


def test_mounts_below_a_wanted_path_are_walked_if_local():
    plan = planned(["/srv"], ROOT, "8:2 / /srv/data xfs", "0:50 / /srv/nfs nfs", "8:1 /srv/a /srv/b ext4")
    assert plan.roots == ("/srv", "/srv/data")
    assert [mount.mount_point for mount in plan.left_out] == ["/srv/nfs"]


def test_a_wanted_path_inside_another_is_walked_once():
    assert planned(["/usr/lib", "/usr", "/usr"], ROOT).roots == ("/usr",)
    assert planned(["/usr", "/usrlocal"], ROOT).roots == ("/usr", "/usrlocal")


def test_a_wanted_path_beyond_a_boundary_inside_another_is_walked_too():
    assert planned(["/", "/srv/nfs"], ROOT, "0:50 / /srv/nfs nfs").roots == ("/", "/srv/nfs")


def test_one_file_system_leaves_the_others_and_says_which():
    lines = (ROOT, "8:2 / /home xfs", "0:50 / /srv nfs", "8:1 /srv /mnt ext4", "0:21 / /proc proc")
    plan = mounts.plan([], table(*lines), BLOCK, one_file_system=True)
    assert plan.roots == ("/",)
    assert [mount.mount_point for mount in plan.not_asked] == ["/home"]
    assert [mount.mount_point for mount in plan.left_out] == ["/srv"]


def test_this_host_has_a_root_and_a_proc():
    table = mounts.mounts()
    plan = mounts.plan([], table, mounts.block_file_systems())
    assert plan.roots[0] == "/"
    assert "/proc" in plan.boundaries - set(plan.roots)


_PRIVATE = """
set -e
mkfs.ext4 -q "$1/image" 2M >/dev/null 2>&1
mount -o loop "$1/image" "$1/volume"
echo ready
exec sleep 60
"""


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount")
def test_a_file_system_that_only_another_mount_namespace_has_is_told(tmp_path):
    (tmp_path / "volume").mkdir()
    command = ["unshare", "--mount", "sh", "-c", _PRIVATE, "sh", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout.readline() != "ready\n":
                process.kill()
                pytest.skip(f"needs loop devices: {process.stderr.read()}")
            found = mounts.hidden(mounts.mounts(), mounts.block_file_systems())
        finally:
            process.kill()
    (mount, pid) = next(each for each in found if each.mount.mount_point == f"{tmp_path}/volume")
    assert mount.file_system in ("ext2", "ext3", "ext4")
    assert pid == process.pid


def test_what_the_host_has_mounted_too_is_not_hidden():
    own = mounts.mounts()
    every = frozenset(mount.file_system for mount in own)
    devices = {mount.device for mount in own}
    assert all(each.mount.device not in devices for each in mounts.hidden(own, every))


def test_links_are_resolved_where_that_leads_to_the_same_place(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert mounts.resolved(str(tmp_path / "link")) == str(tmp_path / "real")
    assert mounts.resolved(str(tmp_path / "link/none")) == str(tmp_path / "real/none")
    assert mounts.resolved("/proc/self/root/usr") == "/usr", "it is this very namespace"
