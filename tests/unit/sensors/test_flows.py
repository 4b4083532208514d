"""Flows are followed until their verdict is final, counted by endpoint, and then forgotten."""

import pytest

from javert.model.telemetry import Encryption, Evidence, Role, Transport
from javert.sensors import flows
from javert.sensors.flows import FlowOrigin, FlowReader, Segment

REQUEST = b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SSH = b"SSH-2.0-OpenSSH_9.2\r\n"


def _origin(endpoint: int = 1, *, transport: Transport = Transport.TCP, midstream: bool = False) -> FlowOrigin:
    return FlowOrigin(endpoint, Role.CLIENT, transport, 80, midstream)


def _say(
    reader: FlowReader, flow: object, *parts: tuple[bool, bytes], origin: FlowOrigin | None = None, at: float = 10
):
    offsets = {True: 0, False: 0}
    for to_server, data in parts:
        reader.take(flow, origin or _origin(), Segment(to_server, offsets[to_server], data, len(data), at))
        offsets[to_server] += len(data)


def test_flows_of_an_endpoint_are_counted_by_what_they_are():
    reader = FlowReader()
    for flow in range(3):
        _say(reader, flow, (True, REQUEST), (False, ANSWER))
    _say(reader, 9, (False, SSH), (True, SSH))
    uses = {use.protocol: use for use in reader.uses(1)}
    assert uses["http"].flows == 3
    assert uses["http"].encryption is Encryption.NONE
    assert uses["ssh"].encryption is Encryption.FULL
    assert reader.uses(2) == ()


def test_a_flow_that_is_still_undecided_is_told_with_what_is_known():
    reader = FlowReader()
    _say(reader, 1, (True, b"GE"))
    (use,) = reader.uses(1)
    assert (use.protocol, use.evidence) == ("unknown", Evidence.PAYLOAD)
    _say(reader, 1, (True, b"GE"), (True, REQUEST[2:]), (False, ANSWER))
    (use,) = reader.uses(1)
    assert (use.protocol, use.flows) == ("http", 1)


def test_what_a_flow_joined_midway_is_may_be_told_by_its_port():
    reader = FlowReader()
    _say(reader, 1, (True, b"\x00\x01\x02 nothing known"), origin=_origin(midstream=True))
    (use,) = reader.uses(1)
    assert use.evidence is Evidence.PORT


def test_no_more_than_so_many_flows_are_kept_and_none_is_forgotten(monkeypatch):
    monkeypatch.setattr(flows, "ACTIVE_FLOWS", 10)
    reader = FlowReader()
    for flow in range(50):
        _say(reader, flow, (True, b"GE"))
    assert sum(use.flows for use in reader.uses(1)) == 50


def test_an_endpoint_is_settled_when_enough_flows_say_the_same_and_unsettled_by_another():
    reader = FlowReader()
    for flow in range(flows.SETTLED_AFTER):
        assert 1 not in reader.settled
        _say(reader, flow, (False, SSH), (True, SSH))
    assert 1 in reader.settled
    _say(reader, "other", (True, b"EHLO me\r\n"), (False, b"220 mail ESMTP\r\n250 mail\r\n"))
    for flow in range(flows.ACTIVE_FLOWS):  # the one that is still open makes room, with the verdict it has
        _say(reader, ("filler", flow), (True, b"GE"), origin=_origin(2))
    assert 1 not in reader.settled


def test_endpoints_of_which_something_was_read_are_told_once():
    reader = FlowReader()
    _say(reader, 1, (True, REQUEST), origin=_origin(7))
    assert reader.take_changed() == {7}
    assert reader.take_changed() == set()
    _say(reader, 2, (False, SSH), (True, SSH), origin=_origin(7))
    assert reader.take_changed() == {7}
    _say(reader, 2, (False, SSH), origin=_origin(7))  # decided by now
    assert reader.take_changed() == set()


def test_segments_behind_the_verdict_are_ignored():
    reader = FlowReader()
    _say(reader, 1, (False, SSH), (True, SSH))
    before = reader.uses(1)
    _say(reader, 1, (True, REQUEST))
    assert reader.uses(1) == before


@pytest.mark.parametrize("to_server", [True, False])
def test_datagrams_are_followed_too(to_server):
    reader = FlowReader()
    # SNMPv2c get-request, community "public" (RFC 1901, RFC 3416)
    message = bytes.fromhex("302602010104067075626c6963a019020400000001020100020100300b300906052b060102010500")
    _say(reader, 1, (to_server, message), origin=_origin(transport=Transport.UDP))
    (use,) = reader.uses(1)
    assert use.protocol == "snmpv2c"
    assert use.credentials_exposed


@pytest.mark.parametrize("answered", [True, False])
def test_a_datagram_that_nobody_answered_shows_no_service(answered):
    reader = FlowReader()
    message = bytes.fromhex("302602010104067075626c6963a019020400000001020100020100300b300906052b060102010500")
    served = FlowOrigin(1, Role.SERVER, Transport.UDP, 161, False)
    _say(reader, 1, (True, message), origin=served)
    assert [use.protocol for use in reader.uses(1)] == ["unknown"]
    if answered:
        _say(reader, 1, (False, message), origin=served)
    assert [use.protocol for use in reader.uses(1)] == ["snmpv2c" if answered else "unknown"]


def test_syslog_has_no_answers():
    reader = FlowReader()
    line = b"<34>1 2026-11-23T17:00:00Z host app 1 - - it works"
    _say(reader, 1, (True, line), origin=FlowOrigin(1, Role.SERVER, Transport.UDP, 514, False))
    assert [use.protocol for use in reader.uses(1)] == ["syslog"]


def test_times_are_those_of_the_first_and_the_last_segment():
    reader = FlowReader()
    _say(reader, 1, (True, REQUEST), at=10)
    _say(reader, 1, (False, ANSWER), at=12)
    _say(reader, 2, (True, REQUEST), (False, ANSWER), at=20)
    (use,) = reader.uses(1)
    assert (use.first_seen, use.last_seen) == (10, 20)
