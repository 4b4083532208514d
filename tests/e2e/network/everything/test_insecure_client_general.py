"""Somebody here uses cleartext protocols of the second host, and somebody else the same services over TLS."""

import pytest

RULE = "insecure-client-general"


@pytest.fixture
def uses(findings, forgetful):
    """The attributes of findings by protocol: one finding a protocol, but for another user's."""
    found = [one["attributes"] for one in findings(RULE) if one["attributes"]["process"]["user"] != forgetful.name]
    by_protocol = {one["protocol"]: one for one in found}
    assert len(by_protocol) == len(found)
    return by_protocol


@pytest.mark.parametrize(
    ("protocol", "exe", "at", "encryption"),
    [
        ("ftp", "/usr/bin/curl", {21}, "none"),
        ("http", "/usr/bin/curl", {80, 8081, 8443}, "none"),
        ("imap", "/usr/bin/curl", {143}, "offered-not-used"),
        ("pop3", "/usr/bin/curl", {110}, "offered-not-used"),
        ("smtp", "/usr/bin/curl", {25}, "offered-not-used"),
        ("snmpv1", "/usr/bin/snmpget", {161}, "none"),
        ("snmpv2c", "/usr/bin/snmpget", {161}, "none"),
    ],
)
def test_a_cleartext_protocol_names_who_spoke_it_with_whom(
    uses, careless, second_host, protocol, exe, at, encryption
):
    found = uses[protocol]
    assert (found["process"]["exe"], found["process"]["user"]) == (exe, careless.name)
    assert found["process"]["parent"]
    assert found["process"]["container"] == ""
    assert (found["evidence"], found["encryption"]) == ("payload", encryption)
    assert found["credentials_exposed"] is True, "a password or a community crossed the network"
    assert {remote["port"] for remote in found["remotes"]} == at
    assert {remote["address"] for remote in found["remotes"]} <= {second_host.there, second_host.there6}
    assert found["remote_count"] == len(found["remotes"])
    for remote in found["remotes"]:
        assert remote["bytes_out"] > 0
        assert remote["bytes_in"] > 0


def test_connections_are_counted(uses, second_host):
    assert {(one["address"], one["port"]): one["connections"] for one in uses["http"]["remotes"]} == {
        (second_host.there, 80): 1,
        (second_host.there, 8443): 1,
        (second_host.there, 8081): 1,
        (second_host.there6, 80): 1,
    }
    assert [one["connections"] for one in uses["smtp"]["remotes"]] == [2]


def test_what_a_process_did_is_put_down_to_the_program_it_was_then(findings, forgetful, second_host):
    """Python asked at port 80, then became curl with execve(2) and asked at port 8443."""
    mine = [one["attributes"] for one in findings(RULE) if one["attributes"]["process"]["user"] == forgetful.name]
    said = {
        (one["process"]["name"].rstrip("0123456789."), one["protocol"], remote["address"], remote["port"])
        for one in mine
        for remote in one["remotes"]
    }
    assert said == {
        ("python", "http", second_host.there, 80),
        ("curl", "http", second_host.there, 8443),
    }
    assert len({one["process"]["pid"] for one in mine}) == 1


def test_no_near_miss_is_a_finding(uses):
    """Neither TLS at port 80, nor sessions that started TLS, nor SNMPv3, nor clients of this host's services."""
    assert set(uses) == {"ftp", "http", "imap", "pop3", "smtp", "snmpv1", "snmpv2c"}


def test_the_address_that_is_only_used_with_encryption_is_in_no_finding(everything, second_host):
    for one in everything.document["findings"]:
        assert second_host.careful not in str(one), one["title"]


def test_the_careful_user_is_in_no_finding(everything, careful):
    for one in everything.document["findings"]:
        assert careful.name not in str(one), one["title"]
