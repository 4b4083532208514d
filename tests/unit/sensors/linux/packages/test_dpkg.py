"""dpkg's database, as dpkg itself wrote it into a root directory of its own."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from javert.errors import SensorError
from javert.sensors.linux.packages import dpkg
from javert.sensors.linux.packages.dpkg import DpkgDatabase

pytestmark = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="needs dpkg")

DEBIAN = 'ID=debian\nNAME="Debian GNU/Linux"\n'


@pytest.fixture
def root(tmp_path):
    """An empty Debian system."""
    top = tmp_path / "root"
    (top / "etc").mkdir(parents=True)
    (top / "etc/os-release").write_text(DEBIAN)
    for name in ("info", "updates", "triggers"):
        (top / "var/lib/dpkg" / name).mkdir(parents=True)
    (top / "var/lib/dpkg/status").touch()
    return top


@pytest.fixture
def install(root, tmp_path):
    """``install(name, *paths, maintainer=…)`` builds a package with these files and has dpkg install it."""

    def build(name, *paths, maintainer="Somebody <somebody@example.org>", version="1.0-1", **fields):
        tree = tmp_path / f"{name}-{version}"
        for path in paths:
            target = tree / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(name)
        (tree / "DEBIAN").mkdir(parents=True)
        lines = {
            "Package": name,
            "Version": version,
            "Architecture": "all",
            "Maintainer": maintainer,
            "Description": "test\n with a second line",
            **fields,
        }
        (tree / "DEBIAN/control").write_text("".join(f"{key}: {value}\n" for key, value in lines.items()))
        archive = tmp_path / f"{name}-{version}.deb"
        subprocess.run(
            ["dpkg-deb", "--root-owner-group", "--build", tree, archive], check=True, capture_output=True
        )
        environment = {**os.environ, "PATH": f"{os.environ['PATH']}:/sbin:/usr/sbin"}
        command = [
            "dpkg",
            f"--root={root}",
            "--force-not-root",
            "--force-architecture",
            "--force-script-chrootless",
            "--log=/dev/null",
        ]
        subprocess.run([*command, "--install", archive], env=environment, check=True, capture_output=True)
        return name

    return build


def owners(root, *paths):
    return {path: package.name for path, package in DpkgDatabase(str(root)).owners(paths).items()}


def test_a_package_claims_its_files_and_nothing_else(root, install):
    install("tool", "/usr/bin/tool", "/usr/lib/tool/with space.so")
    paths = ("/usr/bin/tool", "/usr/lib/tool/with space.so", "/usr/bin/tool2", "/usr/bin")
    assert owners(root, *paths[:3]) == dict.fromkeys(paths[:2], "tool")


def test_version_vendor_and_manager_come_from_the_package(root, install):
    install("tool", "/usr/bin/tool", version="2:1.5~rc1")
    package = DpkgDatabase(str(root)).owners(["/usr/bin/tool"])["/usr/bin/tool"]
    assert (package.version, package.vendor) == ("2:1.5~rc1", "Somebody <somebody@example.org>")
    assert (package.manager, package.origin) == ("dpkg", "third-party-package")


@pytest.mark.parametrize(
    ("maintainer", "fields", "origin"),
    [
        ("GNU Libc Maintainers <debian-glibc@lists.debian.org>", {}, "os-package"),
        ("Tool Team <tool@tracker.debian.org>", {}, "os-package"),
        ("Mallory <mallory@notdebian.org>", {}, "third-party-package"),
        ("Nobody", {}, "third-party-package"),
        ("Somebody <somebody@example.org>", {"Origin": "Debian"}, "os-package"),
        ("Somebody <somebody@example.org>", {"Origin": "Docker"}, "third-party-package"),
    ],
)
def test_the_distributions_own_packages_are_told_from_others(root, install, maintainer, fields, origin):
    install("tool", "/usr/bin/tool", maintainer=maintainer, **fields)
    assert DpkgDatabase(str(root)).owners(["/usr/bin/tool"])["/usr/bin/tool"].origin == origin


def test_a_removed_package_claims_nothing(root, install):
    install("tool", "/usr/bin/tool")
    subprocess.run(
        ["dpkg", f"--root={root}", "--force-not-root", "--log=/dev/null", "--purge", "tool"],
        env={**os.environ, "PATH": f"{os.environ['PATH']}:/sbin:/usr/sbin"},
        check=True,
        capture_output=True,
    )
    assert owners(root, "/usr/bin/tool") == {}


def divert(root, *arguments):
    admin = root / "var/lib/dpkg"
    subprocess.run(["dpkg-divert", f"--admindir={admin}", *arguments], check=True, capture_output=True)


def test_a_diverted_file_belongs_to_whom_it_belonged_and_the_new_one_to_the_diverter(root, install):
    install("original", "/usr/bin/tool")
    divert(root, "--package", "wrapper", "--divert", "/usr/bin/tool.real", "--no-rename", "/usr/bin/tool")
    install("wrapper", "/usr/bin/tool")
    assert owners(root, "/usr/bin/tool", "/usr/bin/tool.real") == {
        "/usr/bin/tool": "wrapper",
        "/usr/bin/tool.real": "original",
    }


def test_a_local_diversion_leaves_nobody_at_the_old_place(root, install):
    install("original", "/usr/bin/tool")
    divert(root, "--local", "--divert", "/usr/bin/tool.real", "--no-rename", "/usr/bin/tool")
    assert owners(root, "/usr/bin/tool", "/usr/bin/tool.real") == {"/usr/bin/tool.real": "original"}


def test_names_that_are_not_text_are_found(root, install):
    path = os.fsdecode(b"/usr/bin/caf\xe9")
    install("tool", path)
    assert owners(root, path) == {path: "tool"}


def test_present_only_where_dpkg_is(root, tmp_path):
    assert DpkgDatabase(str(root)).present()
    assert not DpkgDatabase(str(tmp_path / "elsewhere")).present()


def test_a_database_that_cannot_be_read_is_an_error(root, install):
    install("tool", "/usr/bin/tool")
    status = root / "var/lib/dpkg/status"
    status.unlink()
    status.mkdir()
    with pytest.raises(SensorError, match="dpkg"):
        owners(root, "/usr/bin/tool")


def test_damaged_databases_give_what_they_have(root, install):
    install("tool", "/usr/bin/tool")
    (root / "var/lib/dpkg/diversions").write_bytes(b"/a\n/b\n")
    (root / "var/lib/dpkg/status").write_bytes(b"\xff\x00 nonsense\n\n:\n continued\n")
    package = DpkgDatabase(str(root)).owners(["/usr/bin/tool"])["/usr/bin/tool"]
    assert (package.name, package.version, package.vendor) == ("tool", "", "")


POLICY = """Package files:
 100 /var/lib/dpkg/status
     release a=now
 500 https://download.docker.com/linux/debian bookworm/stable amd64 Packages
     release o=Docker,a=bookworm,l=Docker CE,c=stable,b=amd64
     origin download.docker.com
 -1 http://mirror.example/debian bookworm/main amd64 Packages
     release v=12.15,o=Debian,a=oldstable,n=bookworm,l=Debian,c=main,b=amd64
     origin mirror.example
Pinned packages:
"""
POLICY_OF_PACKAGES = """bash:
  Installed: 5.2
  Candidate: 5.2
  Version table:
 *** 5.2 500
        500 http://mirror.example/debian bookworm/main amd64 Packages
        100 /var/lib/dpkg/status
docker-ce:
  Version table:
 *** 20.10 500
        500 https://download.docker.com/linux/debian bookworm/stable amd64 Packages
     19 500
        500 http://mirror.example/debian bookworm/main amd64 Packages
local:
  Version table:
 *** 1.0 100
        100 /var/lib/dpkg/status
"""


def test_archives_say_where_a_package_comes_from(monkeypatch):
    monkeypatch.setattr(dpkg, "_apt_cache", lambda *arguments: POLICY_OF_PACKAGES if len(arguments) > 1 else POLICY)
    assert dpkg._origins({"bash", "docker-ce", "local"}) == {"bash": ("Debian",), "docker-ce": ("Docker", "Debian")}


def test_without_apt_nothing_is_said(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    assert dpkg._origins({"bash"}) == {}


@pytest.mark.skipif(not Path("/var/lib/dpkg/info/coreutils.list").exists(), reason="needs a Debian host")
def test_this_hosts_own_software_is_the_distributions():
    package = DpkgDatabase().owners(["/usr/bin/ls", "/bin/ls"])["/bin/ls"]
    assert (package.name, package.origin) == ("coreutils", "os-package")


@pytest.mark.parametrize("name", ["status", "diversions", "info/trap.list"])
@pytest.mark.parametrize("trap", ["fifo", "link", "directory"])
def test_what_somebody_else_put_there_is_not_waited_for(root, install, name, trap):
    """Anybody can make a directory that looks like an installed system."""
    install("tool", "/usr/bin/tool")
    path = root / "var/lib/dpkg" / name
    path.unlink(missing_ok=True)
    database = DpkgDatabase(str(root))
    {"fifo": os.mkfifo, "link": lambda path: path.symlink_to("/etc/passwd"), "directory": os.mkdir}[trap](path)
    with pytest.raises(SensorError, match="dpkg"):
        database.owners(["/usr/bin/tool"])


def test_lists_larger_than_any_are_not_read(root, install, monkeypatch):
    install("tool", "/usr/bin/tool")
    monkeypatch.setattr(dpkg, "_MOST_BYTES_OF_LISTS", 10)
    with pytest.raises(SensorError, match="larger"):
        DpkgDatabase(str(root)).owners(["/usr/bin/tool"])


def test_packages_of_another_architecture_are_told_apart(root, install):
    """To remove the package of that name would remove the system's own."""
    install("dpkg", "/usr/bin/dpkg", Architecture="amd64")
    names = ("/usr/lib/x/own.so", "/usr/lib/y/foreign.so", "/usr/share/all")
    for path, architecture in zip(names, ("amd64", "i386", "all"), strict=True):
        install(f"lib{path[-3:].strip('.')}{architecture}", path, Architecture=architecture)
    found = DpkgDatabase(str(root)).owners(names)
    assert [found[name].architecture for name in names] == ["", "i386", ""]
