"""RPM's database, as rpm itself wrote it into a root directory of its own."""

import os
import shutil
import subprocess

import pytest

from javert.errors import SensorError
from javert.sensors.linux.packages import rpm
from javert.sensors.linux.packages.rpm import RpmDatabase

pytestmark = pytest.mark.skipif(shutil.which("rpmbuild") is None, reason="needs rpm")

SPEC = """Name: {name}
Version: 1.5
Release: 2
Summary: test
License: none
{fields}
BuildArch: noarch
%description
test
%install
mkdir -p %{{buildroot}}/usr/bin
echo {name} > "%{{buildroot}}/usr/bin/{name}"
echo {name} > "%{{buildroot}}/usr/bin/{name} with space"
%files
"/usr/bin/{name}"
"/usr/bin/{name} with space"
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A Fedora-like system with two packages, one of the distribution and one of somebody else."""
    top = tmp_path_factory.mktemp("rpm")
    (top / "root/etc").mkdir(parents=True)
    (top / "root/etc/os-release").write_text("ID=fedora\n")
    for name, fields in (("tool", "Vendor: Fedora Project"), ("addon", "Packager: Addons Ltd"), ("orphan", "")):
        spec = top / f"{name}.spec"
        spec.write_text(SPEC.format(name=name, fields=fields))
        subprocess.run(["rpmbuild", "--define", f"_topdir {top}", "-bb", spec], check=True, capture_output=True)
        (package,) = top.glob(f"RPMS/noarch/{name}-*.rpm")
        options = ["--root", top / "root", "--dbpath", "/usr/lib/sysimage/rpm", "--justdb", "--nodeps"]
        subprocess.run(["rpm", *options, "--install", package], check=True, capture_output=True)
    return top / "root"


def test_packages_claim_their_files(root):
    paths = ("/usr/bin/tool", "/usr/bin/addon with space", "/usr/bin/nobody")
    found = RpmDatabase(str(root)).owners(paths)
    assert {path: package.name for path, package in found.items()} == {paths[0]: "tool", paths[1]: "addon"}


@pytest.mark.parametrize(
    ("name", "vendor", "origin"),
    [
        ("tool", "Fedora Project", "os-package"),
        ("addon", "Addons Ltd", "third-party-package"),
        ("orphan", "", "third-party-package"),
    ],
)
def test_vendor_and_version_come_from_the_package(root, name, vendor, origin):
    (package,) = RpmDatabase(str(root)).owners([f"/usr/bin/{name}"]).values()
    assert (package.vendor, package.origin) == (vendor, origin)
    assert (package.version, package.manager) == ("1.5-2", "rpm")


def test_present_only_where_a_database_is(root, tmp_path):
    assert RpmDatabase(str(root)).present()
    assert not RpmDatabase(str(tmp_path)).present()


def test_a_damaged_database_is_an_error(tmp_path):
    database = tmp_path / "usr/lib/sysimage/rpm"
    database.mkdir(parents=True)
    (database / "rpmdb.sqlite").write_bytes(b"not a database" * 1000)
    with pytest.raises(SensorError, match="rpm"):
        RpmDatabase(str(tmp_path)).owners(["/usr/bin/tool"])


def test_a_missing_program_is_an_error(root, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(SensorError, match="cannot be run"):
        RpmDatabase(str(root)).owners(["/usr/bin/tool"])


def test_the_name_of_a_directory_is_no_command(root, tmp_path, monkeypatch):
    """rpm expands macros in the path of its database, and one kind of them runs a shell."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(root, tmp_path / "%(echo done >done)" / "system")
    found = RpmDatabase(str(tmp_path / "%(echo done >done)" / "system")).owners(["/usr/bin/tool"])
    assert found["/usr/bin/tool"].name == "tool"
    assert not (tmp_path / "done").exists()


@pytest.fixture
def program(tmp_path, monkeypatch):
    """``program(script)`` puts a shell script in the place of rpm."""

    def put(script):
        path = tmp_path / "bin/rpm"
        path.parent.mkdir()
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setenv("PATH", f"{path.parent}:{os.environ['PATH']}")

    return put


@pytest.mark.parametrize("script", ["exec sleep 60", "exec yes"], ids=["silent", "without end"])
def test_a_database_that_keeps_rpm_busy_for_ever_is_an_error(root, program, monkeypatch, script):
    """Whoever made the database can lock it, for instance."""
    monkeypatch.setattr(rpm, "_TIMEOUT_ELSEWHERE_S", 0.3)
    program(script)
    with pytest.raises(SensorError, match="did not come to an end"):
        RpmDatabase(str(root)).owners(["/usr/bin/tool"])


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody else")
def test_rpm_has_no_more_rights_than_the_owner_of_the_database(root, tmp_path, program):
    copy = tmp_path / "system"
    shutil.copytree(root, copy)
    os.chown(copy / "usr/lib/sysimage/rpm", 4711, 0)
    program(r'printf "/usr/bin/tool\t%s\t%s\n" "$(id -u)" "$(id -G)"')
    for each in (tmp_path, *tmp_path.parents[:2]):
        each.chmod(0o755)
    (package,) = RpmDatabase(str(copy)).owners(["/usr/bin/tool"]).values()
    assert (package.name, package.version) == ("4711", "65534")
    (package,) = RpmDatabase(str(root)).owners(["/usr/bin/tool"]).values()
    assert package.name == "0"
