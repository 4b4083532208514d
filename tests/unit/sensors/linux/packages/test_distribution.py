import pytest

from javert.sensors.linux.packages.distribution import Distribution, distribution


@pytest.mark.parametrize("place", ["etc/os-release", "usr/lib/os-release"])
def test_it_is_read_from_os_release(tmp_path, place):
    (tmp_path / place).parent.mkdir(parents=True)
    (tmp_path / place).write_text(
        '# comment\nNAME="Rocky Linux"\nID="rocky"\nID_LIKE=\'rhel centos fedora\'\nodd line\n'
    )
    assert distribution(str(tmp_path)).ids == ("rocky", "rhel", "centos", "fedora")


def test_without_os_release_nothing_is_known(tmp_path):
    system = distribution(str(tmp_path))
    assert system.ids == ()
    assert not system.ships("Debian")
    assert not system.maintained_by("x <x@debian.org>")


@pytest.mark.parametrize(
    ("ids", "vendor", "own"),
    [
        (("fedora",), "Fedora Project", True),
        (("rhel", "fedora"), "Red Hat, Inc.", True),
        (("rhel", "fedora"), "Fedora Project", False),
        (("sles", "suse"), "SUSE LLC <https://www.suse.com/>", True),
        (("ubuntu", "debian"), "Debian", True),
        (("debian",), "Ubuntu", False),
        (("debian",), "Docker", False),
        (("debian",), "", False),
        (("somethingnew",), "SomethingNew Linux", True),
    ],
)
def test_vendors(ids, vendor, own):
    assert Distribution(ids).ships(vendor) is own
