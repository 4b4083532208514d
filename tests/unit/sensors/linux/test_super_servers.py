"""What a super-server starts, from the configuration that it was given."""

import os

import pytest

from javert.model.telemetry import Transport
from javert.sensors.linux.super_servers import started_by

TCP = Transport.TCP


@pytest.fixture
def place(tmp_path):
    """Writes a configuration; names are looked up in this machine's own services(5)."""

    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return str(path)

    return write


def asked(name, *arguments, address="0.0.0.0", port=23):
    return started_by(os.getpid(), name, (name, *arguments), transport=TCP, address=address, port=port)


def test_inetd_starts_what_its_own_configuration_says(place):
    file = place("inetd.conf", "23 stream tcp nowait root /usr/sbin/telnetd telnetd\n")
    assert asked("inetutils-inetd", "-R", "0", file) == "/usr/sbin/telnetd"
    assert asked("inetutils-inet", file) == ""
    assert asked("inetd", file, port=24) == ""
    assert asked("nginx", file) == ""


def test_a_name_that_the_kernel_cut_is_known(place):
    file = place("inetd.conf", "23 stream tcp nowait root /usr/sbin/telnetd telnetd\n")
    assert asked("inetutils-inetd"[:15], file) == "/usr/sbin/telnetd"


def test_inetd_reads_the_files_of_a_directory(place, tmp_path):
    place("inetd.d/telnet", "telnet stream tcp nowait root /usr/sbin/telnetd telnetd\n")
    place("inetd.d/old.dpkg-old", "24 stream tcp nowait root /usr/sbin/old old\n")
    assert asked("inetd", str(tmp_path / "inetd.d")) == "/usr/sbin/telnetd"
    assert asked("inetd", str(tmp_path / "inetd.d"), port=24) == ""


def test_a_service_at_one_address_is_started_there_only(place):
    file = place("inetd.conf", "127.0.0.1:23 stream tcp nowait root /usr/sbin/telnetd telnetd\n")
    assert asked("inetd", file, address="127.0.0.1") == "/usr/sbin/telnetd"
    assert asked("inetd", file, address="127.0.0.2") == ""


def test_xinetd_follows_what_it_includes(place, tmp_path):
    place("xinetd.d/telnet", "service telnet\n{\n  server = /usr/sbin/in.telnetd\n}\n")
    file = place("xinetd.conf", f"includedir {tmp_path}/xinetd.d\ninclude {tmp_path}/xinetd.conf\n")
    assert asked("xinetd", "-f", file) == "/usr/sbin/in.telnetd"


def test_without_a_configuration_nothing_is_told(tmp_path):
    assert asked("inetd", str(tmp_path / "gone")) == ""
    assert asked("xinetd", "-f", str(tmp_path / "gone")) == ""
