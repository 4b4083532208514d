"""Ports that this host listens on: what counts as use, and what does not."""

import pytest

RULE = "unused-listening-tcp-port"


@pytest.fixture
def unused(findings, ports):
    """The attributes of this rule's findings, by what happened to the port."""
    names = {port: name for name, port in vars(ports).items() if name != "pid"}
    found = [one["attributes"] for one in findings(RULE)]
    by_name = {names.get(one["port"], one["port"]): one for one in found}
    assert len(by_name) == len(found), "one listener, one finding"
    return by_name


def test_a_port_that_nobody_used_names_its_process(unused, ports, second_host):
    found = unused["unused"]
    assert (found["address"], found["family"], found["exposure"]) == (second_host.here, "ipv4", "host")
    assert found["process"]["pid"] == ports.pid
    assert found["process"]["user"] == "root"
    assert "listen.py" in found["process"]["cmdline_redacted"]
    assert found["listening_s"] == found["window_s"] > 0


@pytest.mark.parametrize("name", ["reset", "unanswered"])
def test_a_half_open_scan_is_no_use(unused, ports, name):
    assert unused[name]["process"]["pid"] == ports.pid


def test_a_connection_open_before_the_run_that_stays_silent_is_no_use(unused):
    assert "silent" in unused


def test_every_ipv4_and_every_ipv6_address_are_one_listener(unused):
    assert unused["both"]["family"] == "dual"


def test_one_socket_for_ipv6_and_ipv4_is_one_listener(unused):
    assert (unused["dual"]["address"], unused["dual"]["family"]) == ("::", "dual")


def test_sockets_that_share_a_port_are_one_listener(unused, ports):
    assert unused["shared"]["process"]["pid"] == ports.pid


@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("instant", "a connection closed at once, without data"),
        ("talking", "data on a connection from before the run"),
        ("shared_used", "one connection to one of three sockets"),
        ("both_used", "one connection over IPv6"),
        ("dual_used", "one connection over IPv4 to an IPv6 socket"),
        ("brief_used", "one connection while it was there for a moment"),
    ],
)
def test_a_port_in_use_is_no_finding(unused, name, use):
    assert name not in unused, use


def test_a_port_that_was_there_for_a_moment_is_not_judged_but_told(unused, everything, ports, second_host):
    """It was listened on for less than a millisecond: polling would not know of it."""
    assert "brief" not in unused
    told = " ".join(one["scope"] for one in everything.document["exclusions"] if one["rule_id"] == RULE)
    assert f"{second_host.here}:{ports.brief} " in told
    assert f"{second_host.here}:{ports.brief_used} " not in told, "it was used, so there is nothing left to tell"


def test_these_are_all(unused):
    """Above all no server of the second host, in another network namespace: each was used."""
    assert set(unused) == {"unused", "reset", "unanswered", "silent", "both", "dual", "shared"}
