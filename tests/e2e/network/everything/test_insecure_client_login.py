"""Somebody here logs in to the second host without encryption, and somebody else with it."""

import pytest

RULE = "insecure-client-login"


@pytest.fixture
def login(findings):
    """The only finding about a protocol and a user."""

    def find(protocol, user):
        (found,) = (
            one["attributes"]
            for one in findings(RULE)
            if (one["attributes"]["protocol"], one["attributes"]["process"]["user"]) == (protocol, user)
        )
        return found

    return find


def test_telnet_names_program_user_remote_and_that_a_password_was_readable(login, careless, second_host):
    found = login("telnet", careless.name)
    assert found["process"]["exe"] == "/usr/bin/inetutils-telnet"
    assert found["process"]["name"].startswith("inetutils-telne")  # comm has 15 characters
    assert found["process"]["uid"] == careless.uid
    assert found["process"]["pid"] > 1
    assert (found["evidence"], found["encryption"]) == ("payload", "none")
    assert found["credentials_exposed"] is True
    (remote,) = found["remotes"]
    assert (remote["address"], remote["port"], remote["connections"]) == (second_host.there, 23, 1)
    assert remote["same_host"] is True, "a network namespace of this host is not another machine"
    assert remote["bytes_out"] > 20
    assert remote["bytes_in"] > 100
    assert found["remote_count"] == 1


def test_a_session_open_before_the_run_that_stays_silent_is_told_by_its_port_alone(login, forgetful, second_host):
    found = login("telnet", forgetful.name)
    assert found["process"]["exe"] == "/usr/bin/inetutils-telnet"
    assert (found["evidence"], found["encryption"]) == ("port", "unknown")
    assert found["credentials_exposed"] is False
    assert [(remote["address"], remote["port"]) for remote in found["remotes"]] == [(second_host.there, 23)]


@pytest.mark.parametrize(
    ("protocol", "exe", "port"),
    [("rlogin", "/usr/bin/rsh-redone-rlogin", 513), ("rsh", "/usr/bin/rsh-redone-rsh", 514)],
)
def test_the_berkeley_commands(login, second_host, protocol, exe, port):
    # These programs are set-uid root: the effective user is root, whoever calls them.
    found = login(protocol, "root")
    assert found["process"]["exe"] == exe
    assert (found["evidence"], found["encryption"]) == ("payload", "none")
    assert (second_host.there, port) in [(remote["address"], remote["port"]) for remote in found["remotes"]]


def test_ftp_with_a_real_account_is_a_login(login, careless, second_host):
    found = login("ftp", careless.name)
    assert found["process"]["exe"] == "/usr/bin/curl"
    assert found["credentials_exposed"] is True
    assert [(remote["address"], remote["port"]) for remote in found["remotes"]] == [(second_host.there, 21)]


def test_nothing_else_is_a_login(findings, careless, forgetful):
    """Above all not SSH, at its own port or at telnet's, nor FTP that has started TLS."""
    seen = {(one["attributes"]["protocol"], one["attributes"]["process"]["user"]) for one in findings(RULE)}
    assert seen == {
        ("telnet", careless.name),
        ("telnet", forgetful.name),
        ("rlogin", "root"),
        ("rsh", "root"),
        ("ftp", careless.name),
    }
