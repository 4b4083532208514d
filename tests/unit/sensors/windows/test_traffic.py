"""Connections and payload become endpoints, whichever comes first."""

import pytest
from tests.unit.sensors.windows.played import HOST, REMOTE, T0, ends, event, tcp

from javert.formats.kernel_network import parse_event
from javert.formats.packets import Decoder
from javert.model.telemetry import Encryption, Evidence, ProcessKey, Role, Transport
from javert.sensors.own_flows import OwnFlow, OwnFlows
from javert.sensors.windows.events import EventReader
from javert.sensors.windows.payload import LINK_RAW
from javert.sensors.windows.traffic import CLOSED_S, KEPT_S, FlowKey, TrafficBook

SYN, ACK = 2, 16


class Host:
    """A host that is told events and packets; ``listening`` are (transport, address, port) by pid."""

    def __init__(self, *, payload=True, listening=()):
        self.own = OwnFlows()
        self.listening = dict(listening)
        self.book = TrafficBook(self.own, lambda pid: ProcessKey(pid, 1) if pid else None, payload=payload)
        self.reader = EventReader(self.book, self.serves, lambda address: address in (HOST, "127.0.0.1", "::1"))
        self.now = T0

    def serves(self, transport, address, port, pid):
        holder = self.listening.get((transport, port))
        return holder is not None and pid in (None, holder)

    def event(self, number, pid, *ends, size=0):
        self.now += 0.01
        self.reader.take(parse_event(number, event(number, pid, *ends, size)), self.now)

    def packet(self, *ends_and_data, **options):
        self.now += 0.01
        for segment in Decoder().decode(LINK_RAW, tcp(*ends_and_data, **options), self.now):
            self.book.packet(segment, self.now)

    def endpoints(self):
        return {(one.role, one.address, one.port): one for one in self.book.changes()}


FTP = (HOST, 49152, REMOTE, 21)
BACK = (REMOTE, 21, HOST, 49152)


def ftp_login(host):
    host.packet(*FTP, sequence=99, flags=SYN)
    host.packet(*BACK, sequence=499, flags=SYN | ACK)
    host.packet(*BACK, b"220 FTP here.\r\n", sequence=500)
    host.packet(*FTP, b"USER alice\r\n", sequence=100)
    host.packet(*BACK, b"331 Password please.\r\n", sequence=515)
    host.packet(*FTP, b"PASS correct-horse\r\n", sequence=112)
    host.packet(*BACK, b"230 Logged in.\r\n", sequence=537)


@pytest.mark.parametrize("order", ["events first", "packets first"])
def test_a_login_is_read_and_counted_whichever_comes_first(order):
    host = Host()
    if order == "packets first":
        ftp_login(host)
    host.event(12, 4660, *FTP)
    if order == "events first":
        ftp_login(host)
    host.event(10, 4660, *FTP, size=32)
    host.event(11, 4660, *FTP, size=53)
    host.event(13, 4660, *FTP)
    endpoint = host.endpoints()[Role.CLIENT, REMOTE, 21]
    assert (endpoint.connections, endpoint.bytes_out, endpoint.bytes_in, endpoint.sampled) == (1, 32, 53, 1)
    assert endpoint.process == ProcessKey(4660, 1)
    (use,) = endpoint.uses
    assert (use.protocol, use.encryption, use.evidence) == ("ftp", Encryption.NONE, Evidence.PAYLOAD)
    assert (use.credentials_exposed, use.account_login) == (True, True)


@pytest.mark.parametrize("turned", [False, True])
def test_what_is_received_belongs_to_its_connection_whatever_the_manifest_calls_source(turned):
    host = Host()
    host.event(12, 4660, *FTP)
    host.event(11, 4660, *(BACK if turned else FTP), size=53)
    endpoint = host.endpoints()[Role.CLIENT, REMOTE, 21]
    assert (endpoint.connections, endpoint.bytes_in) == (1, 53)


@pytest.mark.parametrize("turned", [False, True])
def test_both_sides_of_a_connection_within_the_host(turned):
    host = Host(listening={(Transport.TCP, 8080): 80})
    client, server = ("127.0.0.1", 50000, "127.0.0.1", 8080), ("127.0.0.1", 8080, "127.0.0.1", 50000)
    host.event(12, 70, *client)
    host.event(15, 80, *server)
    host.event(10, 70, *client, size=10)
    host.event(11, 80, *(client if turned else server), size=10)
    host.packet(*client, sequence=1, flags=SYN)
    host.packet(*client, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", sequence=2)
    host.packet(*server, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", sequence=2)
    endpoints = host.endpoints()
    assert set(endpoints) == {(Role.CLIENT, "127.0.0.1", 8080), (Role.SERVER, "127.0.0.1", 8080)}
    served = endpoints[Role.SERVER, "127.0.0.1", 8080]
    assert (served.connections, served.bytes_in, served.peer_loopback) == (1, 10, True)
    assert [use.protocol for one in endpoints.values() for use in one.uses] == ["http", "http"]


def test_a_connection_from_before_is_counted_once_it_carries_something():
    host = Host()
    host.book.opened(key_of(FTP), Role.CLIENT, 4660, host.now, before=True)
    assert host.endpoints() == {}
    host.event(10, 4660, *FTP, size=6)
    assert host.endpoints()[Role.CLIENT, REMOTE, 21].connections == 1


def test_one_that_stays_silent_is_told_by_its_port_at_the_end():
    host = Host()
    host.book.opened(key_of(FTP), Role.CLIENT, 4660, host.now, before=True)
    host.book.opened(key_of((HOST, 49153, REMOTE, 443)), Role.CLIENT, 4660, host.now, before=True)
    host.book.settle()
    endpoints = host.endpoints()
    assert [use.evidence for use in endpoints[Role.CLIENT, REMOTE, 21].uses] == [Evidence.PORT]
    assert len(endpoints) == 1


def test_a_connection_listed_before_its_event_is_one():
    host = Host()
    host.book.opened(key_of(FTP), Role.CLIENT, 4660, host.now, before=True)
    host.event(12, 4660, *FTP)
    host.event(10, 4660, *FTP, size=6)
    assert host.endpoints()[Role.CLIENT, REMOTE, 21].connections == 1


def test_the_same_ends_again_are_another_connection():
    host = Host()
    for _ in range(2):
        host.event(12, 4660, *FTP)
        host.event(13, 4660, *FTP)
    assert host.endpoints()[Role.CLIENT, REMOTE, 21].connections == 2


def test_payload_of_the_next_connection_with_the_same_ends_waits_for_its_event():
    host = Host()
    host.event(12, 4660, *FTP)
    host.event(13, 4660, *FTP)
    ftp_login(host)
    assert host.endpoints()[Role.CLIENT, REMOTE, 21].uses == ()
    host.event(12, 4660, *FTP)
    assert [use.protocol for use in host.endpoints()[Role.CLIENT, REMOTE, 21].uses] == ["ftp"]


def test_without_payload_the_port_is_all_the_evidence():
    host = Host(payload=False)
    host.event(12, 4660, *FTP)
    (use,) = host.endpoints()[Role.CLIENT, REMOTE, 21].uses
    assert (use.protocol, use.evidence, use.encryption) == ("unknown", Evidence.PORT, Encryption.UNKNOWN)


def test_so_it_is_over_ipv6_where_no_payload_can_be_read():
    host = Host()
    host.event(28, 4660, "2001:db8::7", 49152, "2001:db8::9", 21)
    host.event(12, 4660, HOST, 49152, REMOTE, 8000)
    endpoints = host.endpoints()
    assert [use.evidence for use in endpoints[Role.CLIENT, "2001:db8::9", 21].uses] == [Evidence.PORT]
    assert endpoints[Role.CLIENT, REMOTE, 8000].uses == ()


def test_a_port_says_nothing_of_datagrams():
    host = Host(payload=False)
    host.event(42, 4660, HOST, 50000, REMOTE, 514, size=90)
    endpoint = host.endpoints()[Role.CLIENT, REMOTE, 514]
    assert (endpoint.transport, endpoint.connections, endpoint.bytes_out, endpoint.uses) == (
        Transport.UDP,
        1,
        90,
        (),
    )


def test_who_speaks_first_over_udp_is_the_client():
    host = Host()
    host.event(43, 161, HOST, 161, REMOTE, 50000, size=40)
    host.event(42, 161, HOST, 161, REMOTE, 50000, size=60)
    endpoint = host.endpoints()[Role.SERVER, HOST, 161]
    assert (endpoint.connections, endpoint.bytes_in, endpoint.bytes_out) == (1, 40, 60)


def test_javerts_own_flows_are_no_traffic():
    host = Host()
    host.own.begin(OwnFlow(Transport.TCP, 1, HOST, 49152, 21))
    host.event(12, 1, *FTP)
    host.event(10, 1, *FTP, size=6)
    host.event(15, 80, REMOTE, 21, HOST, 49152)
    assert host.endpoints() == {}


def test_what_a_service_opens_while_it_is_asked_is_counted_apart():
    host = Host()
    host.own.begin(OwnFlow(Transport.TCP, 1, "127.0.0.2", 50001, 80), (4660,))
    host.event(12, 4660, *FTP)
    assert host.endpoints()[Role.CLIENT, REMOTE, 21].prompted is True


def test_what_is_over_is_forgotten_and_what_nobody_told_of_too():
    host = Host()
    host.event(12, 4660, *FTP)
    host.event(13, 4660, *FTP)
    host.packet(HOST, 50000, REMOTE, 80, b"GET / HTTP/1.1\r\n\r\n")
    assert len(host.book._flows) == 1
    assert len(host.book._early) == 2
    host.book.prune(host.now + max(CLOSED_S, KEPT_S) + 1)
    assert len(host.book._flows) == len(host.book._early) == 0


def key_of(ends_of):

    return FlowKey(Transport.TCP, ends(*ends_of))
