"""Socket units of systemd, by what they listen on."""

import shutil
import subprocess

import pytest

from javert.sensors.linux.units import UNIT_DIRECTORIES, StreamUnit, parse_listen, stream_units, unit_for


@pytest.mark.parametrize(
    ("value", "address", "port"),
    [
        ("631", "", 631),
        ("127.0.0.1:631", "127.0.0.1", 631),
        ("[::1]:631", "::1", 631),
        (" 0.0.0.0:22 ", "0.0.0.0", 22),
    ],
)
def test_ip_sockets_are_read(value, address, port):
    assert parse_listen("x.socket", value) == StreamUnit("x.socket", address, port)


@pytest.mark.parametrize("value", ["/run/cups/cups.sock", "@abstract", "vsock:2:1234", "", "%t/x"])
def test_other_sockets_are_not(value):
    assert parse_listen("x.socket", value) is None


def test_units_are_read_and_an_earlier_directory_hides_a_later_one(tmp_path):
    etc, lib = tmp_path / "etc", tmp_path / "lib"
    etc.mkdir()
    lib.mkdir()
    (etc / "ssh.socket").write_text("[Socket]\nListenStream=2222\n")
    (lib / "ssh.socket").write_text("[Socket]\nListenStream=22\n")
    (lib / "cups.socket").write_text("[Socket]\nListenStream=99\nListenStream=\nListenStream=127.0.0.1:631\n")
    (lib / "gone.socket").symlink_to(tmp_path / "missing")
    units = stream_units((str(etc), str(tmp_path / "none"), str(lib)))
    assert set(units) == {
        StreamUnit("ssh.socket", "", 2222, "ssh.service"),
        StreamUnit("cups.socket", "127.0.0.1", 631, "cups.service"),
    }
    assert unit_for("0.0.0.0", 2222, units).unit == unit_for("::", 2222, units).unit == "ssh.socket"
    assert unit_for("127.0.0.1", 631, units).unit == "cups.socket"
    assert unit_for("0.0.0.0", 631, units) is None


@pytest.mark.parametrize(
    ("settings", "starts"),
    [
        ("", "telnet.service"),
        ("Accept=yes\n", "telnet@.service"),
        ("Service=other.service\n", "other.service"),
        ("Accept=no\nService=\n", "telnet.service"),
    ],
)
def test_the_service_that_a_client_starts_is_named(tmp_path, settings, starts):
    (tmp_path / "telnet.socket").write_text(f"[Socket]\nListenStream=23\n{settings}")
    (unit,) = stream_units((str(tmp_path),))
    assert unit.starts == starts


def test_drop_ins_change_a_unit_and_an_earlier_one_hides_its_namesake(tmp_path):
    etc, lib = tmp_path / "etc", tmp_path / "lib"
    for directory in (etc / "ssh.socket.d", lib / "ssh.socket.d"):
        directory.mkdir(parents=True)
    (lib / "ssh.socket").write_text("[Socket]\nListenStream=22\n")
    (lib / "ssh.socket.d" / "port.conf").write_text("[Socket]\nListenStream=9999\n")
    (etc / "ssh.socket.d" / "port.conf").write_text("[Socket]\nListenStream=\nListenStream=2222\n")
    (lib / "ssh.socket.d" / "accept.conf").write_text("[Socket]\nAccept=yes\n")
    (lib / "ssh.socket.d" / "notes.txt").write_text("ListenStream=1\n")
    assert stream_units((str(etc), str(lib))) == (StreamUnit("ssh.socket", "", 2222, "ssh@.service"),)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd's own list")
def test_units_are_looked_for_where_systemd_does_in_its_order():
    told = subprocess.run(
        ["systemd-analyze", "unit-paths"], capture_output=True, text=True, check=True
    ).stdout.split()
    assert [path for path in UNIT_DIRECTORIES if path in told] == [
        path for path in told if path in UNIT_DIRECTORIES
    ]
    assert set(told) <= set(UNIT_DIRECTORIES)
