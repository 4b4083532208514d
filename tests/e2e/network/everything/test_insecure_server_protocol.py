"""Services that were spoken to in cleartext, on this host and in another network namespace of it."""

import pytest


@pytest.fixture
def served(findings):
    """The attributes of this rule's findings, by address, port and protocol."""
    found = [one["attributes"] for one in findings("insecure-server-protocol")]
    by_place = {(one["address"], one["port"], one["protocol"]): one for one in found}
    assert len(by_place) == len(found)
    return by_place


@pytest.mark.parametrize(
    ("port", "protocol", "exe", "verdict", "exposed"),
    [
        (21, "ftp", "/usr/sbin/vsftpd", "cleartext-only", True),
        (23, "telnet", "/usr/sbin/inetutils-inetd", "cleartext-only", True),
        (25, "smtp", "/usr/sbin/exim4", "tls-optional", True),
        (80, "http", "/usr/sbin/nginx", "cleartext-only", True),
        (110, "pop3", "/usr/sbin/dovecot", "tls-optional", True),
        (143, "imap", "/usr/sbin/dovecot", "tls-optional", True),
        (161, "snmpv1", "/usr/sbin/snmpd", "snmp-v1", True),
        (161, "snmpv2c", "/usr/sbin/snmpd", "snmp-v2c", True),
        (513, "rlogin", "/usr/sbin/inetutils-inetd", "cleartext-only", False),
        (514, "rsh", "/usr/sbin/inetutils-inetd", "cleartext-only", False),
        (8081, "http", "/usr/sbin/nginx", "redirect-only", False),
        (8443, "http", "/usr/sbin/nginx", "cleartext-only", True),
    ],
)
def test_a_server_in_another_namespace(served, second_host, port, protocol, exe, verdict, exposed):
    found = served[second_host.there, port, protocol]
    assert found["exposure"] == "container"
    assert found["process"]["exe"] == exe
    assert found["verdict"] == verdict
    assert found["credentials_exposed"] is exposed
    assert found["transport"] == ("udp" if port == 161 else "tcp")
    assert found["evidence"] == ["observed"]


def test_a_server_of_this_host_for_others(served, second_host):
    found = served[second_host.here, 80, "http"]
    assert (found["exposure"], found["verdict"]) == ("host", "cleartext-only")
    assert found["process"]["exe"] == "/usr/sbin/nginx"
    assert found["process"]["user"] == "root"
    assert found["used_only_from_loopback"] is False
    assert found["credentials_exposed"] is False


def test_a_server_of_this_host_for_itself(served, local_web_server):
    found = served["127.0.0.1", local_web_server, "http"]
    assert found["exposure"] == "loopback"
    assert found["used_only_from_loopback"] is True


def test_these_are_all(served, second_host, local_web_server):
    """Neither TLS at any port, nor SSH, nor services whose every client started TLS, nor SNMPv3."""
    there = {21: "ftp", 23: "telnet", 25: "smtp", 80: "http", 110: "pop3", 143: "imap", 513: "rlogin", 514: "rsh"}
    assert set(served) == {
        *((second_host.there, port, protocol) for port, protocol in there.items()),
        *((second_host.there, port, "http") for port in (8081, 8443)),
        *((second_host.there, 161, protocol) for protocol in ("snmpv1", "snmpv2c")),
        (second_host.there6, 80, "http"),
        (second_host.here, 80, "http"),
        (second_host.here, 8081, "http"),
        ("127.0.0.1", local_web_server, "http"),
    }
