import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from javert.errors import SensorError
from javert.sensors.linux.packages.apk import ApkDatabase

INSTALLED = b"""C:Q1kfDXkFu06XGfV0IjjxWpeD4Q7sI=
P:busybox
V:1.36.1-r29
A:x86_64
m:Natanael Copa <ncopa@alpinelinux.org>
F:bin
R:busybox
a:0:0:755
Z:Q1abc=
F:etc
R:securetty

P:tool
V:2.0-r0
m:Somebody <somebody@example.org>
F:
R:at-the-top
F:opt/caf\xe9
R:tool
"""


@pytest.fixture
def root(tmp_path):
    (tmp_path / "lib/apk/db").mkdir(parents=True)
    (tmp_path / "lib/apk/db/installed").write_bytes(INSTALLED)
    return tmp_path


def test_packages_claim_their_files(root):
    odd = os.fsdecode(b"/opt/caf\xe9/tool")
    paths = ["/bin/busybox", "/etc/securetty", "/at-the-top", odd, "/bin/securetty", "/busybox"]
    found = ApkDatabase(str(root)).owners(paths)
    assert {path: package.name for path, package in found.items()} == {
        "/bin/busybox": "busybox",
        "/etc/securetty": "busybox",
        "/at-the-top": "tool",
        odd: "tool",
    }
    package = found["/bin/busybox"]
    assert (package.version, package.vendor) == ("1.36.1-r29", "Natanael Copa <ncopa@alpinelinux.org>")
    assert (package.manager, package.origin) == ("apk", "os-package")


def test_the_place_after_the_usr_merge_is_read_too(tmp_path):
    (tmp_path / "usr/lib/apk/db").mkdir(parents=True)
    (tmp_path / "usr/lib/apk/db/installed").write_bytes(INSTALLED)
    assert ApkDatabase(str(tmp_path)).present()
    assert ApkDatabase(str(tmp_path)).owners(["/bin/busybox"])


def test_absent_where_there_is_none(tmp_path):
    assert not ApkDatabase(str(tmp_path)).present()
    assert ApkDatabase(str(tmp_path)).owners(["/bin/busybox"]) == {}


def test_a_database_that_cannot_be_read_is_an_error(root, monkeypatch):
    def refuse(*_arguments, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("javert.sensors.linux.packages.apk.opened", refuse)
    with pytest.raises(SensorError, match="apk"):
        ApkDatabase(str(root)).owners(["/bin/busybox"])


@given(data=st.lists(st.sampled_from([b"P:a", b"F:bin", b"R:x", b"", b"\xff", b"R:", b"F:", b"V:1"]), max_size=20))
def test_damaged_databases_claim_only_what_they_list(tmp_path_factory, data):
    root = tmp_path_factory.mktemp("apk")
    (root / "lib/apk/db").mkdir(parents=True)
    (root / "lib/apk/db/installed").write_bytes(b"\n".join(data))
    found = ApkDatabase(str(root)).owners(["/bin/x", "/bin/y"])
    assert set(found) <= {"/bin/x"}
