import pytest

from javert.sensors.linux.packages.owners import Ownership, aliases, merged_directories

INSTALLED = "P:tool\nF:{directory}\nR:tool\n"


@pytest.fixture
def root(tmp_path):
    """A merged system: /bin and /sbin are links into /usr, and /usr/sbin is a link to bin."""
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "bin").symlink_to("usr/bin")
    (tmp_path / "sbin").symlink_to("usr/sbin")
    (tmp_path / "usr/sbin").symlink_to("bin")
    (tmp_path / "lib64").symlink_to("/nowhere")
    (tmp_path / "usr/lib/apk/db").mkdir(parents=True)
    (tmp_path / "lib").symlink_to("usr/lib")
    return tmp_path


@pytest.mark.parametrize("directory", ["bin", "sbin", "usr/bin", "usr/sbin"])
def test_a_file_is_found_under_the_path_its_package_was_built_with(root, directory):
    (root / "lib/apk/db/installed").write_text(INSTALLED.format(directory=directory))
    found = Ownership(str(root)).owners(["/usr/bin/tool", "/usr/bin/other"])
    assert {path: package.name for path, package in found.items()} == {"/usr/bin/tool": "tool"}


def test_only_directories_that_are_links_have_other_names(root):
    links = merged_directories(str(root))
    assert dict(links) == {
        "/bin/": "/usr/bin/",
        "/sbin/": "/usr/bin/",
        "/lib/": "/usr/lib/",
        "/usr/sbin/": "/usr/bin/",
    }
    assert aliases("/usr/bin/x", links) == ("/usr/bin/x", "/bin/x", "/sbin/x", "/usr/sbin/x")
    assert aliases("/usr/local/bin/x", links) == ("/usr/local/bin/x",)


def test_an_unmerged_system_has_no_other_names(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "usr/bin").mkdir(parents=True)
    assert merged_directories(str(tmp_path)) == ()


def test_a_database_that_cannot_be_read_is_told_and_the_others_are_asked(root):
    (root / "lib/apk/db/installed").write_text(INSTALLED.format(directory="bin"))
    (root / "var/lib/dpkg/info").mkdir(parents=True)
    (root / "var/lib/dpkg/status").touch()
    (root / "var/lib/dpkg/diversions").mkdir()
    ownership = Ownership(str(root))
    assert set(ownership.owners(["/usr/bin/tool"])) == {"/usr/bin/tool"}
    (error,) = ownership.errors
    assert "dpkg" in error
    (root / "var/lib/dpkg/diversions").rmdir()
    ownership.owners(["/usr/bin/tool"])
    assert ownership.errors == ()


def test_a_system_without_package_managers_owns_nothing(tmp_path):
    assert Ownership(str(tmp_path)).owners(["/usr/bin/tool"]) == {}
