"""A service is asked from another address of the host than its own, where there is one."""

import pytest

from javert.sensors.probe_routes import Route, routes

HOST = ("127.0.0.1", "192.0.2.7", "::1", "2001:db8::7", "fe80::1")


@pytest.mark.parametrize(
    ("address", "dual_stack", "others", "expected"),
    [
        ("127.0.0.1", False, HOST, [("127.0.0.2", "127.0.0.1"), ("127.0.0.1", "127.0.0.1")]),
        ("127.0.0.2", False, HOST, [("127.0.0.1", "127.0.0.2"), ("127.0.0.2", "127.0.0.2")]),
        ("192.0.2.7", False, HOST, [("127.0.0.2", "192.0.2.7"), ("192.0.2.7", "192.0.2.7")]),
        (
            "0.0.0.0",
            False,
            HOST,
            [
                ("127.0.0.2", "127.0.0.1"),
                ("127.0.0.1", "127.0.0.1"),
                ("127.0.0.2", "192.0.2.7"),
                ("192.0.2.7", "192.0.2.7"),
            ],
        ),
        ("::1", False, HOST, [("2001:db8::7", "::1"), ("::1", "::1")]),
        ("::1", False, ("127.0.0.1", "::1", "fe80::1"), [("::1", "::1")]),
        ("2001:db8::7", False, HOST, [("2001:db8::7", "2001:db8::7")]),
        ("::", False, ("::1",), [("::1", "::1")]),
        ("::", True, (), [("127.0.0.2", "127.0.0.1"), ("127.0.0.1", "127.0.0.1"), ("::1", "::1")]),
    ],
)
def test_the_ways_to_a_service(address, dual_stack, others, expected):
    found = routes(address, dual_stack=dual_stack, others=others)
    assert found == tuple(Route(*way) for way in expected)


def test_a_service_that_takes_only_its_own_address_is_asked_from_there():
    found = routes("127.0.0.1", dual_stack=False, others=HOST, from_its_own_address=True)
    assert found == (Route("127.0.0.1", "127.0.0.1"),)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.7", [("127.0.0.1", "192.0.2.7")]),
        ("2001:db8::7", [("::1", "2001:db8::7")]),
        ("127.0.0.1", [("127.0.0.1", "127.0.0.1")]),
    ],
)
def test_a_service_that_keeps_account_of_addresses_is_asked_from_none_that_clients_have(address, expected):
    found = routes(address, dual_stack=False, others=HOST, from_localhost=True)
    assert found == tuple(Route(*way) for way in expected)
