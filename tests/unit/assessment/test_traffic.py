"""Flows of a capture add up to endpoints, whatever their number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from javert.assessment.traffic import Traffic
from javert.model.telemetry import Encryption, Role, Transport
from javert.protocols.interface import Protocol, Verdict
from javert.sensors.flow_table import Flow

HTTP = Verdict(protocol=Protocol.HTTP, encryption=Encryption.NONE)
LOGIN = Verdict(protocol=Protocol.HTTP, encryption=Encryption.NONE, credentials_exposed=True)
TLS = Verdict(protocol=Protocol.TLS, encryption=Encryption.FULL)
UNKNOWN = Verdict(protocol=Protocol.UNKNOWN)


def flow(
    verdict=HTTP, client="192.0.2.1", server="198.51.100.2", port=80, transport=Transport.TCP, **fields
) -> Flow:
    times = {"first_seen": 1000.0, "last_seen": 1001.0, "bytes_to_server": 3, "bytes_to_client": 5}
    return Flow(
        transport=transport,
        client_address=client,
        client_port=40000,
        server_address=server,
        server_port=port,
        verdict=verdict,
        **{**times, **fields},
    )


def gathered(flows, most=100):
    traffic = Traffic(most)
    for one in flows:
        traffic.add(one)
    return traffic, list(traffic.endpoints())


def of(records, role):
    return [record for record in records if record.role is role]


def test_each_client_has_its_record_and_the_service_one():
    _, records = gathered([flow(), flow(client="192.0.2.9"), flow()])
    clients, (server,) = of(records, Role.CLIENT), of(records, Role.SERVER)
    assert [(one.client, one.connections, one.bytes_out, one.bytes_in) for one in clients] == [
        ("192.0.2.1", 2, 6, 10),
        ("192.0.2.9", 1, 3, 5),
    ]
    assert (server.client, server.connections, server.bytes_out, server.bytes_in) == ("", 3, 15, 9)
    assert len({record.id for record in records}) == len(records)


def test_uses_are_told_apart_by_verdict_and_dated():
    _, (client, _) = gathered([flow(), flow(first_seen=900.0), flow(LOGIN, last_seen=2000.0), flow(UNKNOWN)])
    assert [(use.credentials_exposed, use.flows, use.first_seen, use.last_seen) for use in client.uses] == [
        (False, 2, 900.0, 1001.0),
        (True, 1, 1000.0, 2000.0),
    ]
    assert (client.connections, client.sampled, client.first_seen, client.last_seen) == (4, 4, 900.0, 2000.0)


def test_a_connection_that_never_came_about_is_refused():
    _, (client, server) = gathered([flow(UNKNOWN, completed=False, bytes_to_server=0, bytes_to_client=0)])
    assert (client.connections, client.refused, server.refused, client.sampled) == (0, 1, 1, 0)


@pytest.mark.parametrize(
    ("protocol", "answer", "served"),
    [(Protocol.SNMPV2C, 0, 0), (Protocol.SNMPV2C, 9, 1), (Protocol.SYSLOG, 0, 1), (Protocol.TFTP, 0, 0)],
)
def test_datagrams_alone_show_no_service_unless_it_never_answers(protocol, answer, served):
    verdict = Verdict(protocol=protocol, encryption=Encryption.NONE)
    _, (client, server) = gathered([flow(verdict, transport=Transport.UDP, bytes_to_client=answer)])
    assert (client.connections, len(client.uses)) == (1, 1)
    assert (server.connections, len(server.uses), server.refused) == (served, served, 1 - served)


@pytest.mark.parametrize(("client", "local"), [("127.0.0.1", True), ("198.51.100.2", True), ("192.0.2.1", False)])
def test_clients_on_the_same_machine_are_counted_apart(client, local):
    _, records = gathered([flow(client=client)])
    assert [record.peer_loopback for record in of(records, Role.SERVER)] == [local]


def test_what_carries_payload_and_what_was_identified_is_counted():
    silent = {"bytes_to_server": 0, "bytes_to_client": 0}
    traffic, _ = gathered([flow(), flow(TLS), flow(UNKNOWN), flow(UNKNOWN, **silent)])
    assert (traffic.flows, traffic.with_payload, traffic.identified) == (4, 3, 2)


def test_without_flows_there_is_no_time():
    traffic, records = gathered([])
    assert (traffic.first_seen, traffic.last_seen, records) == (0.0, 0.0, [])


@pytest.mark.parametrize(("told", "taken"), [(-5.0, 0.0), (1e15, 253_402_300_799.0)])
def test_times_no_calendar_has_are_brought_into_it(told, taken):
    traffic, (client, _) = gathered([flow(first_seen=told, last_seen=told)])
    assert (traffic.first_seen, traffic.last_seen) == (taken, taken)
    assert (client.first_seen, client.uses[0].last_seen) == (taken, taken)


def test_a_scan_crowds_out_nobody():
    scan = [flow(UNKNOWN, server=f"10.0.{n // 250}.{n % 250}", completed=False) for n in range(1000)]
    traffic, records = gathered([*scan, flow(), *scan], most=50)
    assert len(records) == 2 * (50 + 1)
    assert [record.client for record in of(records, Role.CLIENT) if record.uses] == ["192.0.2.1"]
    assert traffic.clients_left_out == traffic.services_left_out == 0
    assert traffic.flows == 2001


def test_clients_beyond_the_number_are_counted_and_their_service_still_judged():
    traffic, records = gathered([flow(client=f"10.0.0.{n}") for n in range(60)], most=50)
    assert traffic.clients_left_out == 10
    assert traffic.services_left_out == 0
    (server,) = of(records, Role.SERVER)
    assert server.uses[0].flows == 60


def test_services_beyond_the_number_are_counted():
    traffic, _ = gathered([flow(port=n) for n in range(60)], most=50)
    assert traffic.services_left_out == 10


def test_who_first_spoke_otherwise_and_then_in_the_clear_keeps_both():
    _, (client, _) = gathered([flow(TLS), flow()], most=1)
    assert [use.protocol for use in client.uses] == ["tls", "http"]


@given(
    st.lists(
        st.builds(
            flow,
            verdict=st.sampled_from([HTTP, LOGIN, TLS, UNKNOWN]),
            client=st.sampled_from(["192.0.2.1", "192.0.2.2", "127.0.0.1", "2001:db8::1"]),
            server=st.sampled_from(["198.51.100.2", "192.0.2.1", "::1"]),
            port=st.integers(1, 3),
            completed=st.booleans(),
            bytes_to_server=st.integers(0, 9),
        ),
        max_size=40,
    )
)
def test_nothing_is_lost_between_clients_and_services(flows):
    traffic, records = gathered(flows)
    for role in Role:
        mine = of(records, role)
        assert sum(record.connections + record.refused for record in mine) == len(flows) == traffic.flows
        assert sum(use.flows for record in mine for use in record.uses) == sum(
            one.completed and one.verdict is not UNKNOWN for one in flows
        )
