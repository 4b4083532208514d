"""Configurations of inetd and xinetd."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from javert.formats.super_servers import (
    INTERNAL,
    HeldService,
    included_by_xinetd,
    parse_inetd,
    parse_services,
    parse_xinetd,
)
from javert.model.telemetry import Transport

TCP, UDP = Transport.TCP, Transport.UDP


@pytest.mark.parametrize(
    ("line", "held"),
    [
        (
            "telnet stream tcp nowait root /usr/sbin/telnetd telnetd",
            HeldService("telnet", TCP, "", "/usr/sbin/telnetd"),
        ),
        (
            "shell\tstream\ttcp6\tnowait\troot\t/usr/sbin/tcpd\t/usr/sbin/in.rshd -l",
            HeldService("shell", TCP, "", "/usr/sbin/in.rshd"),
        ),
        ("127.0.0.1:2323 stream tcp nowait.40 root internal", HeldService("2323", TCP, "127.0.0.1", INTERNAL)),
        (
            "[::1]:tftp dgram udp6 wait nobody /usr/sbin/in.tftpd in.tftpd /srv",
            HeldService("tftp", UDP, "::1", "/usr/sbin/in.tftpd"),
        ),
        ("*:ftp stream tcp,rcvbuf=1m nowait root /bin/f f", HeldService("ftp", TCP, "", "/bin/f")),
    ],
)
def test_a_line_of_inetd_names_service_transport_address_and_program(line, held):
    assert parse_inetd(f"# comment\n\n{line}\n".encode()) == (held,)


@pytest.mark.parametrize(
    "line",
    [
        "#telnet stream tcp nowait root /usr/sbin/telnetd",
        "telnet stream tcp nowait root",
        "mountd/1-2 dgram rpc/udp wait root /sbin/mountd",
        "tcpmux/+date stream tcp nowait guest /bin/date",
        "/run/x stream unix nowait root /bin/x",
        "127.0.0.1:",
    ],
)
def test_other_lines_of_inetd_are_no_services(line):
    assert parse_inetd(line.encode()) == ()


XINETD = b"""
defaults
{
    log_type = SYSLOG daemon info
}
service telnet
{
    socket_type = stream
    wait        = no
    server      = /usr/sbin/in.telnetd
    disable     = no
}
service tftp
{
    socket_type = dgram
    protocol = udp
    port = 1069
    bind = 127.0.0.1
    server = /usr/sbin/in.tftpd
}
service daytime
{
    type = INTERNAL
    socket_type = stream
    protocol = tcp
}
service off
{
    server = /bin/off
    disable = yes
}
include /etc/more.conf
includedir /etc/xinetd.d
"""


def test_enabled_services_of_xinetd_are_read():
    assert parse_xinetd(XINETD) == (
        HeldService("telnet", TCP, "", "/usr/sbin/in.telnetd"),
        HeldService("1069", UDP, "127.0.0.1", "/usr/sbin/in.tftpd"),
        HeldService("daytime", TCP, "", INTERNAL),
    )
    assert included_by_xinetd(XINETD) == ("/etc/more.conf", "/etc/xinetd.d")


SERVICES = b"""telnet\t23/tcp
shell 514/tcp cmd syslog # no passwords
snmp 161/udp
bad x/tcp
big 70000/tcp
"""


def test_ports_of_services_by_name_and_alias():
    of_shell = {(name, TCP): 514 for name in ("shell", "cmd", "syslog")}
    assert parse_services(SERVICES) == {("telnet", TCP): 23, ("snmp", UDP): 161, **of_shell}


@given(st.binary() | st.text().map(str.encode))
def test_any_bytes_are_read(data):
    for held in (*parse_inetd(data), *parse_xinetd(data)):
        assert isinstance(held, HeldService)
    assert all(0 < port < 65536 for port in parse_services(data).values())
    assert all(included_by_xinetd(data))
