import os
import subprocess
import sys

import pytest

from javert.model.telemetry import Package
from javert.sensors.linux.packages import attribution as attributions
from javert.sensors.linux.packages.attribution import Attribution, Place

INSTALLED = "P:tool\nV:1.0\nF:usr/bin\nR:tool\n"


def put(path, text="x"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return str(path)


@pytest.fixture
def system(tmp_path):
    """A system with apk below a directory, with one file that apk knows, one of Python's and one of nobody's."""
    put(tmp_path / "root/lib/apk/db/installed", INSTALLED)
    for name in ("usr/bin/tool", "usr/bin/other", "opt/site-packages/fast/core.so"):
        put(tmp_path / "root" / name)
    put(tmp_path / "root/opt/site-packages/fast-2.dist-info/RECORD", "fast/core.so,,\n")
    return tmp_path / "root"


def test_files_of_another_system_belong_to_its_packages(system):
    places = [
        Place(str(system / name), str(system / name))
        for name in ("usr/bin/tool", "usr/bin/other", "opt/site-packages/fast/core.so")
    ]
    found = Attribution().packages(places)
    assert {place.path: (package.name, package.system) for place, package in found.items()} == {
        places[0].path: ("tool", str(system)),
        places[2].path: ("fast", str(system)),
    }


def test_the_innermost_system_counts(system):
    inner = system / "srv/chroot"
    put(inner / "usr/lib/apk/db/installed", INSTALLED.replace("tool", "inner"))
    path = put(inner / "usr/bin/inner")
    (package,) = Attribution().packages([Place(path, path)]).values()
    assert (package.name, package.system) == ("inner", str(inner))


def test_files_outside_any_other_system_are_the_hosts(tmp_path):
    path = put(tmp_path / "tool")
    attribution = Attribution()
    assert attribution.packages([Place(path, path)]) == {}
    assert attribution.errors == ()


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to change the root directory")
def test_a_containers_files_are_asked_for_in_its_own_system(system):
    script = "import os, sys; os.chroot(sys.argv[1]); print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", script, system], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        process.stdout.readline()
        place = Place("/usr/bin/tool", f"/proc/{process.pid}/root/usr/bin/tool")
        (package,) = Attribution().packages([place]).values()
        process.stdin.close()
    assert (package.name, package.system) == ("tool", f"/proc/{process.pid}/root")


def test_the_hosts_packages_are_the_hosts_through_any_process(monkeypatch):
    known = Package(name="tool")
    monkeypatch.setattr(attributions.Ownership, "owners", lambda self, paths: dict.fromkeys(paths, known))
    (package,) = Attribution().packages([Place("/usr/bin/tool", "/proc/self/root/usr/bin/tool")]).values()
    assert package == known


def test_a_database_that_cannot_be_read_is_told(system):
    (system / "var/lib/dpkg/info").mkdir(parents=True)
    put(system / "var/lib/dpkg/status", "")
    (system / "var/lib/dpkg/diversions").mkdir()
    attribution = Attribution()
    path = str(system / "usr/bin/tool")
    assert len(attribution.packages([Place(path, path)])) == 1
    (error,) = attribution.errors
    assert "dpkg" in error
    assert not attribution.knows(Place(path, path))


def test_a_database_that_somebody_broke_leaves_the_hosts_files_known(system, tmp_path):
    (system / "var/lib/dpkg/status").mkdir(parents=True)
    (system / "lib/apk/db/installed").unlink()
    os.mkfifo(system / "lib/apk/db/installed")
    put(system / "var/lib/rpm/Packages", "broken")
    broken, fine = put(system / "usr/bin/tool"), put(tmp_path / "fine")
    attribution = Attribution()
    attribution.packages([Place(broken, broken), Place(fine, fine)])
    assert attribution.knows(Place(fine, fine))
    assert not attribution.knows(Place(broken, broken))


def test_systems_that_anybody_can_have_made_get_little_time(system, monkeypatch):
    monkeypatch.setattr(attributions, "_TIME_FOR_OTHERS_S", -1.0)
    places = [Place(str(system / name), str(system / name)) for name in ("usr/bin/tool", "usr/bin/other")]
    host = Place(sys.executable, sys.executable)
    attribution = Attribution()
    assert attribution.packages([*places]).keys() == {places[0]}, "the first has its turn"
    assert attribution.packages([*places, host]).keys() <= {host}
    assert any(str(system) in error for error in attribution.errors)
