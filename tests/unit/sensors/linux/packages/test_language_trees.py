import os
from pathlib import Path

import msgspec
import pytest

from javert.sensors.linux.packages import language_trees
from javert.sensors.linux.packages.language_trees import language_package


def owner(path, place=None):
    package = language_package(str(place or path), str(path))
    if package is None:
        return None
    assert package.origin == "third-party-package"
    return package.manager, package.name, package.version


def put(path, text=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize("directory", ["site-packages", "dist-packages"])
def test_python_projects_record_their_files(tmp_path, directory):
    top = tmp_path / "lib/python3.11" / directory
    put(top / "fast_json-1.2.3.dist-info/RECORD", "fast/__init__.py,sha256=x,1\nfast/_core.abi3.so,sha256=x,2\n")
    put(top / "other-2.0.dist-info/RECORD", "other/fast/_core.abi3.so,,\n")
    put(top / "none-1.dist-info/METADATA")
    assert owner(put(top / "fast/_core.abi3.so")) == ("pip", "fast_json", "1.2.3")
    assert owner(put(top / "fast/_core.abi3.so.bak")) is None
    assert owner(put(top / "_core.abi3.so")) is None


def test_this_suites_own_libraries_are_told():
    core = Path(msgspec.__file__).parent
    (library,) = core.glob("_core*.so")
    assert owner(library) == ("pip", "msgspec", msgspec.__version__)


@pytest.mark.parametrize(
    ("manifest", "version"),
    [
        ('{"name": "x", "version": "3.1.0"}', "3.1.0"),
        ("{", ""),
        ('{"version": 7}', ""),
        ('{"x": ' + "[" * 200_000, ""),
        ("\udcff", ""),
        (None, ""),
    ],
)
@pytest.mark.parametrize("name", ["sharp", "@img/sharp"])
def test_node_packages_are_their_directory(tmp_path, manifest, version, name):
    top = tmp_path / "node_modules/outer/node_modules" / name
    if manifest is not None:
        put(top / "package.json").write_bytes(os.fsencode(manifest))
    assert owner(put(top / "build/Release/sharp.node")) == ("npm", name, version)


def test_gems_are_those_with_a_specification(tmp_path):
    top = tmp_path / "var/lib/gems/3.1.0"
    library = put(top / "gems/nokogiri-1.15.0-x86_64-linux/lib/nokogiri.so")
    assert owner(library) is None
    put(top / "specifications/nokogiri-1.15.0-x86_64-linux.gemspec")
    assert owner(library) == ("gem", "nokogiri", "1.15.0-x86_64-linux")
    put(top / "specifications/msgpack-1.7.gemspec")
    assert owner(put(top / "extensions/x86_64-linux/3.1.0/msgpack-1.7/msgpack.so")) == ("gem", "msgpack", "1.7")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/snap/core22/1122/usr/lib/libx.so", ("snap", "core22", "1122")),
        ("/var/lib/snapd/snap/vlc/x1/bin/vlc", ("snap", "vlc", "x1")),
        ("/snap/bin/vlc", None),
        ("/home/snap/core22/1122/libx.so", None),
        (
            "/var/lib/flatpak/app/org.gimp.GIMP/x86_64/stable/abc/files/bin/gimp",
            ("flatpak", "org.gimp.GIMP", "stable"),
        ),
        (
            "/home/ann/.local/share/flatpak/runtime/org.kde.Platform/x86_64/6.6/d/files/lib/l.so",
            ("flatpak", "org.kde.Platform", "6.6"),
        ),
        ("/usr/lib/libx.so", None),
    ],
)
def test_snaps_and_flatpaks_are_their_path(path, expected):
    assert owner(path) == expected


def test_more_records_than_anybody_has_are_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(language_trees, "_MOST_BYTES_OF_RECORDS", 40)
    top = tmp_path / "site-packages"
    put(top / "a-1.dist-info/RECORD", "first.so,,\n")
    put(top / "b-1.dist-info/RECORD", "x" * 30)
    put(top / "c-1.dist-info/RECORD", "last.so,,\n")
    assert owner(put(top / "first.so")) == ("pip", "a", "1")
    assert owner(put(top / "last.so")) is None


def test_databases_that_are_no_files_are_not_waited_for(tmp_path):
    top = tmp_path / "lib/site-packages"
    library = put(top / "fast/_core.so")
    (top / "fast-1.dist-info").mkdir()
    os.mkfifo(top / "fast-1.dist-info/RECORD")
    (top / "link-1.dist-info").mkdir()
    (top / "link-1.dist-info/RECORD").symlink_to("/etc/passwd")
    assert owner(library) is None


def test_a_directory_called_like_an_option_is_no_package(tmp_path):
    assert owner(put(tmp_path / "node_modules/--prefix=x/a.node")) is None
