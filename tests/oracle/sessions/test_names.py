"""DNS, SNMP, syslog and DTLS: small messages, mostly over UDP."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.oracle.sessions.island import Island, told, wait_until

from javert.model.telemetry import Encryption
from javert.protocols.interface import Protocol

SECRET = "S3cret-word"


@pytest.fixture(scope="module")
def dnsmasq(island: Island) -> Iterator[None]:
    names = ("--address=/example.org/192.0.2.1", "--txt-record=long.example.org," + "x" * 200)
    server = (
        "dnsmasq",
        "--keep-in-foreground",
        "--no-resolv",
        "--no-hosts",
        "--conf-file=/dev/null",
        "--user=root",
    )
    with island.serve(*server, *names, "--pid-file", "--auth-server=ns.example.net,lo", port=53):
        yield


@pytest.mark.parametrize(
    "query",
    [
        ("www.example.org",),
        ("www.example.org", "+tcp"),
        ("www.example.org", "AAAA", "+noedns", "+norecurse"),
        ("www.example.org", "+dnssec", "+nsid", "+cookie"),
        ("long.example.org", "TXT", "+bufsize=4096"),
        ("-x", "192.0.2.1"),
        ("nowhere.example.com",),
        ("version.bind", "TXT", "CH"),
        (".", "NS"),
        ("_sip._udp.example.org", "SRV"),
        ("example.org", "AXFR"),
        ("www.example.org", "+opcode=notify"),
        ("www.example.org", "+tcp", "+keepopen", "mail.example.org", "+tcp"),
    ],
)
@pytest.mark.parametrize("server", ["127.0.0.1", "::1"])
def test_dns(island: Island, dnsmasq: None, query: tuple[str, ...], server: str) -> None:
    with island.record() as recording:
        island.run("dig", f"@{server}", "+time=2", "+tries=1", *query)
    assert recording.of(53) == [told(Protocol.DNS)]


@pytest.fixture(scope="module")
def snmpd(island: Island) -> Iterator[None]:
    configuration = island.directory / "snmpd.conf"
    configuration.write_text(
        f"agentaddress udp:127.0.0.1:161,tcp:127.0.0.1:161\nrocommunity public\n"
        f"createUser open SHA {SECRET}\ncreateUser closed SHA {SECRET} AES {SECRET}\n"
        "rouser open auth\nrouser closed priv\n[snmp] persistentDir /run/snmp\n"
    )
    with island.serve("snmpd", "-f", "-LE", "3", "-C", "-c", configuration, "-I", "-smux", port=161, udp=True):
        yield


VERSION_1 = told(Protocol.SNMPV1, exposed=True)
VERSION_2 = told(Protocol.SNMPV2C, exposed=True)
USER = ("-v", "3", "-a", "SHA", "-A", SECRET, "-x", "AES", "-X", SECRET)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (("snmpget", "-v", "1", "-c", "public"), VERSION_1),
        (("snmpget", "-v", "2c", "-c", "public"), VERSION_2),
        (("snmpwalk", "-v", "1", "-c", "public"), VERSION_1),
        (("snmpbulkwalk", "-v", "2c", "-c", "public"), VERSION_2),
        (("snmpget", "-v", "2c", "-c", "a-community-nobody-has"), VERSION_2),
        (("snmpget", *USER, "-u", "open", "-l", "authNoPriv"), told(Protocol.SNMPV3)),
        (("snmpget", *USER, "-u", "closed", "-l", "authPriv"), told(Protocol.SNMPV3, Encryption.FULL)),
        (("snmpget", *USER, "-u", "nobody", "-l", "noAuthNoPriv"), told(Protocol.SNMPV3)),
    ],
)
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_snmp(island: Island, snmpd: None, command: tuple[str, ...], expected: tuple, transport: str) -> None:
    with island.record() as recording:
        island.run(*command, "-t", "1", "-r", "0", f"{transport}:127.0.0.1:161", "1.3.6.1.2.1.1")
    assert recording.of(161) == [expected]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("-v", "1", "-c", "public", "{}", "1.3.6.1.4.1.8072", "", "6", "17", ""), VERSION_1),
        (("-v", "2c", "-c", "public", "{}", "", "1.3.6.1.4.1.8072.2.3.0.1"), VERSION_2),
        (("-Ci", "-v", "2c", "-c", "public", "{}", "", "1.3.6.1.4.1.8072.2.3.0.1"), VERSION_2),
        (
            (
                "-e",
                "0x8000000001020304",
                *USER,
                "-u",
                "closed",
                "-l",
                "authPriv",
                "{}",
                "",
                "1.3.6.1.4.1.8072.2.3.0.1",
            ),
            told(Protocol.SNMPV3, Encryption.FULL),
        ),
    ],
)
def test_snmp_traps_that_nobody_takes(island: Island, arguments: tuple[str, ...], expected: tuple) -> None:
    with island.record() as recording:
        island.run("snmptrap", "-t", "1", "-r", "0", *(each.format("127.0.0.1:162") for each in arguments))
    assert recording.of(162) == [expected]


RSYSLOG = """
module(load="imudp") module(load="imtcp") module(load="imfile")
input(type="imudp" port="514" address="127.0.0.1") input(type="imtcp" port="601" address="127.0.0.1")
action(type="omfile" file="{directory}/log")
"""
SENDER = """
module(load="imtcp")
input(type="imtcp" port="1514" address="127.0.0.1")
action(type="omfwd" target="127.0.0.1" port="{port}" protocol="{protocol}" {more})
"""


@pytest.fixture(scope="module")
def rsyslog(island: Island) -> Iterator[Path]:
    directory = island.directory / "rsyslog"
    directory.mkdir()
    (directory / "server.conf").write_text(RSYSLOG.format(directory=directory))
    with island.serve("rsyslogd", "-n", "-i", directory / "pid", "-f", directory / "server.conf", port=601):
        yield directory / "log"


SYSLOG = told(Protocol.SYSLOG)


@pytest.mark.parametrize("options", [("--udp", "--port", "514"), ("--tcp", "--port", "601")])
@pytest.mark.parametrize("form", [("--rfc3164",), ("--rfc5424",), ("--rfc5424=notime,nohost",), ("--octet-count",)])
def test_syslog_by_logger(island: Island, rsyslog: Path, options: tuple[str, ...], form: tuple[str, ...]) -> None:
    with island.record() as recording:
        island.run("logger", "--server", "127.0.0.1", *options, *form, "-p", "auth.notice", "hello")
    assert recording.of(514, 601) == [SYSLOG]


@pytest.mark.parametrize(
    ("port", "protocol", "more"),
    [
        (514, "udp", ""),
        (601, "tcp", ""),
        (601, "tcp", 'TCP_Framing="octet-counted"'),
        (601, "tcp", 'template="RSYSLOG_SyslogProtocol23Format"'),
    ],
)
def test_syslog_by_rsyslog(
    island: Island, rsyslog: Path, directory: Path, port: int, protocol: str, more: str
) -> None:
    (directory / "sender.conf").write_text(SENDER.format(port=port, protocol=protocol, more=more))
    before = rsyslog.read_text().count("hello") if rsyslog.exists() else 0
    with island.record() as recording:
        sender = ("rsyslogd", "-n", "-i", directory / "pid", "-f", directory / "sender.conf")
        with island.serve(*sender, port=1514):
            island.run("logger", "--server", "127.0.0.1", "--tcp", "--port", "1514", "hello from rsyslog")
            recording.wait_for(b"hello from rsyslog")
            wait_until(lambda: rsyslog.exists() and rsyslog.read_text().count("hello") > before, "it arrives")
    assert recording.of(port) == [SYSLOG]


@pytest.mark.parametrize("version", ["-dtls1", "-dtls1_2"])
def test_dtls(island: Island, certificate: tuple[Path, Path], version: str) -> None:
    path, key = certificate
    weak = ("-cipher", "DEFAULT:@SECLEVEL=0")
    server = ("openssl", "s_server", version, *weak, "-accept", "127.0.0.1:4433", "-cert", path, "-key", key)
    with island.serve(*server, port=4433, udp=True), island.record() as recording:
        island.run("openssl", "s_client", version, *weak, "-connect", "127.0.0.1:4433", input="Q\n")
    assert recording.of(4433) == [told(Protocol.DTLS, Encryption.FULL)]
