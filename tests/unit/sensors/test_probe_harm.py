"""Which services a connection alone would harm."""

import pytest

from javert.sensors.probe_harm import harms

QEMU = ("qemu-system-x86_64", "-gdb", "tcp::1234", "-vnc", ":0")


@pytest.mark.parametrize(
    ("program", "arguments", "port"),
    [
        ("", (), 9100),
        ("cupsd", ("cupsd",), 9107),
        ("nc.openbsd", ("nc", "-l", "4444"), 4444),
        ("gdbserver", ("gdbserver", ":2345", "./a"), 2345),
        ("openocd", ("openocd",), 3333),
        ("ser2net", ("ser2net",), 2000),
        ("ipp-usb", ("ipp-usb", "udev"), 60000),
        ("socat", ("socat", "TCP-LISTEN:7001,reuseaddr", "EXEC:cat"), 7001),
        ("socat", ("socat", "-d", "tcp4-l:7001", "EXEC:fork"), 7001),
        ("socat", ("socat", "TCP-LISTEN:7001,fork", "/dev/ttyUSB0,b9600"), 7001),
        ("socat", (), 7001),
        ("qemu-system-x86_64", QEMU, 1234),
        ("qemu-system-x86_64", ("qemu-system-x86_64", "-incoming", "tcp:0:49152"), 49152),
        ("ssh", ("ssh", "-L", "5432:db:5432", "bastion"), 5432),
        ("sshd", ("sshd: alice@pts/0",), 6010),
        ("sshd-session", ("sshd-session: alice",), 6010),
        ("sshd-session", ("sshd: alice@notty",), 2222),
    ],
)
def test_what_is_left_alone(program, arguments, port):
    assert harms(program, arguments, port)


@pytest.mark.parametrize(
    ("program", "arguments", "port"),
    [
        ("", (), 80),
        ("nginx", ("nginx: master process /usr/sbin/nginx",), 9099),
        ("socat", ("socat", "TCP-LISTEN:7001,fork,reuseaddr", "EXEC:cat"), 7001),
        ("socat", ("socat", "OPENSSL-LISTEN:7001,cert=x,fork", "TCP:127.0.0.1:80"), 7001),
        ("qemu-system-x86_64", QEMU, 5900),
        ("sshd", ("/usr/sbin/sshd", "-D"), 22),
        ("sshd", ("sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups",), 22),
        ("sshd", (), 22),
    ],
)
def test_what_is_asked(program, arguments, port):
    assert not harms(program, arguments, port)
