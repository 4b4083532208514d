"""The sensor of Windows: what it does with each of its sources, and what it says where one is refused."""

import pytest
from tests.unit.sensors.windows.played import HOST, REMOTE, T0, event, row, tcp

from javert.errors import SensorError
from javert.formats.packets import Decoder
from javert.formats.socket_tables import Table, parse_table
from javert.model.rule_id import NETWORK_RULES, PAYLOAD_RULES
from javert.model.telemetry import (
    Endpoint,
    Evidence,
    Limitation,
    Listener,
    NetworkNamespace,
    Process,
    ProcessKey,
    Role,
    Transport,
)
from javert.sensors.own_flows import OwnFlow, OwnFlows
from javert.sensors.windows import network
from javert.sensors.windows.listeners import ListenerBook
from javert.sensors.windows.network import WindowsNetworkSensor, WindowsPorts
from javert.sensors.windows.payload import LINK_RAW, Packet, PayloadReader
from javert.sensors.windows.trace_session import RawEvent

LISTEN, ESTABLISHED, TIME_WAIT = 2, 5, 11


class Trace:
    """A session of event tracing; ``refusal`` is its error."""

    def __init__(self, refusal=""):
        self.refusal = refusal
        self.lost = 0
        self.failure = ""
        self.waiting = []
        self.started = False

    def start(self):
        if self.refusal:
            raise SensorError(self.refusal)
        self.started = True

    def events(self):
        waiting, self.waiting = self.waiting, []
        return waiting

    def count_losses(self):
        pass

    def stop(self):
        self.started = False


class Reader:
    """A reader of raw sockets that gives what the test puts into ``waiting``."""

    def __init__(self, refused=None):
        self.refused = refused or {}
        self.added = []
        self.waiting = []
        self.dropped = 0
        self.paused_s = 0.0
        self.running = False

    def start(self, addresses):
        self.running = True
        return self.add(addresses)

    def add(self, addresses):
        self.added += addresses
        return self.refused

    def packets(self):
        waiting, self.waiting = self.waiting, []
        return [Packet(segment, T0) for packet in waiting for segment in Decoder().decode(LINK_RAW, packet, T0)]

    def stop(self):
        self.running = False


def refused_reader(number):
    def refuse(address):
        raise OSError(number, "it is refused")

    return PayloadReader(refuse)


class Processes:
    def __init__(self):
        self.services = []

    def emit_to(self, emit):
        self.emit = emit

    def find(self, pid):
        if not pid:
            return None
        self.emit(Process(key=ProcessKey(pid, 1), name=f"p{pid}"))
        return ProcessKey(pid, 1)

    def serves(self, key, service):
        self.services.append((key.pid, service))


class Tables:
    """The system's tables; ``rows_of`` are those of IPv4's TCP as bytes."""

    def __init__(self):
        self.rows_of = []
        self.refusal = ""

    def rows(self, table):
        if self.refusal:
            raise SensorError(self.refusal)
        if table is not Table.TCP4:
            return []
        return parse_table(table, len(self.rows_of).to_bytes(4, "little") + bytes(4) + b"".join(self.rows_of))

    def service(self, table, row):
        return "Dnscache"


class Played:
    """The sensor on a host that the test plays."""

    def __init__(self, trace=None, payload=None, services=None):
        self.trace, self.payload = trace or Trace(), payload or Reader()
        self.tables, self.processes, self.own = Tables(), Processes(), OwnFlows()
        self.addresses = (HOST, "127.0.0.1", "::1")
        self.records = []
        ports = WindowsPorts(self.network, lambda: self.trace, lambda: self.payload)
        book = ListenerBook(self.tables, self.processes, lambda: services or {}, self.own)
        self.sensor = WindowsNetworkSensor(ports, book, self.processes, self.own)

    def network(self):
        return NetworkNamespace(inode=1, initial=True, addresses=self.addresses)

    def start(self):
        self.sensor.start(self.records.append)

    def event(self, number, pid, *ends, size=0):
        self.trace.waiting.append(RawEvent(number, T0, event(number, pid, *ends, size)))

    def of(self, kind):
        return [record for record in self.records if isinstance(record, kind)]

    def limits(self):
        return {limit.code: limit for limit in self.of(Limitation)}

    def endpoints(self):
        return {(one.role, one.address, one.port): one for one in self.of(Endpoint)}


def poll(played):
    played.sensor.poll()
    played.sensor.flush()


FTP = (HOST, 49152, REMOTE, 21)


def test_with_both_sources_nothing_is_limited():
    played = Played()
    played.start()
    played.event(12, 70, *FTP)
    played.payload.waiting += [
        tcp(REMOTE, 21, HOST, 49152, b"220 FTP here.\r\n", sequence=1),
        tcp(*FTP, b"USER alice\r\n", sequence=1),
        tcp(REMOTE, 21, HOST, 49152, b"331 Password please.\r\n", sequence=16),
    ]
    poll(played)
    played.sensor.stop()
    endpoint = played.endpoints()[Role.CLIENT, REMOTE, 21]
    assert [(use.protocol, use.evidence) for use in endpoint.uses] == [("ftp", Evidence.PAYLOAD)]
    assert played.limits() == {}
    assert played.payload.added == [HOST, "127.0.0.1"]
    report = played.sensor.report()
    assert (report.records, report.lost, report.rules) == (1, 0, NETWORK_RULES)
    assert played.of(NetworkNamespace) == [played.network()]


@pytest.mark.parametrize("reason", ["StartTrace: Access is denied (5)", "OpenTrace: no reason given (0)"])
def test_where_tracing_is_refused_sockets_are_polled(reason):
    played = Played(Trace(reason))
    played.tables.rows_of = [row("0.0.0.0", 80, pid=80, state=LISTEN), row(HOST, 80, REMOTE, 4000, pid=80)]
    played.start()
    limit = played.limits()["windows-connections-polled"]
    assert (limit.rules, limit.blinds, limit.params) == (NETWORK_RULES, True, {"reason": reason})
    played.tables.rows_of += [row(HOST, 80, REMOTE, 4001, pid=80), row(*FTP, pid=70)]
    poll(played)
    endpoints = played.endpoints()
    assert endpoints[Role.SERVER, HOST, 80].connections == 1
    assert endpoints[Role.CLIENT, REMOTE, 21].process == ProcessKey(70, 1)
    played.tables.rows_of[-1] = row(HOST, 49153, REMOTE, 21, pid=70)
    poll(played)
    assert played.endpoints()[Role.CLIENT, REMOTE, 21].connections == 2


def test_polling_learns_of_a_connection_that_is_just_over():
    played = Played(Trace("no"))
    played.tables.rows_of = [
        row("0.0.0.0", 80, pid=80, state=LISTEN),
        row(HOST, 80, REMOTE, 1, pid=0, state=TIME_WAIT),
    ]
    played.start()
    played.tables.rows_of.append(row(HOST, 80, REMOTE, 2, pid=0, state=TIME_WAIT))
    poll(played)
    played.sensor.stop()
    (endpoint,) = played.of(Endpoint)
    assert (endpoint.role, endpoint.port, endpoint.connections) == (Role.SERVER, 80, 1)


@pytest.mark.parametrize("number", [10013, 10043, 10045])
def test_where_raw_sockets_are_refused_the_port_is_the_evidence(number):
    played = Played(payload=refused_reader(number))
    played.start()
    limit = played.limits()["windows-payload-unread"]
    assert (limit.rules, limit.blinds) == (PAYLOAD_RULES, True)
    assert limit.params == {"reason": f"raw sockets: it is refused ({number})"}
    played.event(12, 70, *FTP)
    poll(played)
    assert [use.evidence for use in played.endpoints()[Role.CLIENT, REMOTE, 21].uses] == [Evidence.PORT]


def test_with_neither_a_client_from_before_is_told_at_once():
    played = Played(Trace("no"), refused_reader(10013))
    played.tables.rows_of = [row(*FTP, pid=70)]
    played.start()
    played.sensor.flush()
    assert [use.evidence for use in played.endpoints()[Role.CLIENT, REMOTE, 21].uses] == [Evidence.PORT]


def test_an_address_that_is_refused_is_told():
    played = Played(payload=Reader({"127.0.0.1": OSError(10045, "it is refused")}))
    played.start()
    limit = played.limits()["windows-address-unread"]
    assert (limit.scope, limit.params) == ("127.0.0.1", {"reason": "it is refused (10045)"})


def test_that_ipv6_is_not_read_is_told_where_there_is_any():
    played = Played()
    played.addresses = (HOST, "2001:db8::7")
    played.start()
    assert "windows-ipv6-payload-unread" in played.limits()


def test_a_firewall_that_keeps_everything_from_outside_is_noticed():
    played = Played()
    played.start()
    played.event(12, 70, *FTP)
    played.event(11, 70, *FTP, size=15)
    played.payload.waiting.append(tcp(*FTP, b"USER alice\r\n"))
    poll(played)
    played.sensor.stop()
    assert played.limits()["windows-inbound-unread"].blinds


def test_a_session_that_ends_gives_way_to_polling():
    played = Played()
    played.start()
    played.trace.failure = "ProcessTrace ended: no reason given (0)"
    played.trace.lost = 4
    poll(played)
    assert played.limits()["windows-connections-polled"].params["reason"] == played.trace.failure
    played.tables.rows_of = [row(*FTP, pid=70)]
    poll(played)
    assert (Role.CLIENT, REMOTE, 21) in played.endpoints()
    played.sensor.stop()
    assert played.sensor.report().lost == 4
    assert played.limits()["listeners-not-counted"].params == {"count": "4"}


def test_what_was_left_unread_is_told():
    played = Played()
    played.start()
    played.payload.dropped, played.payload.paused_s = 7, 2.6
    played.sensor.stop()
    assert played.limits()["segments-over-budget"].params == {"count": "7"}
    assert played.limits()["windows-payload-paused"].params == {"seconds": "3"}


def test_listeners_come_and_go(monkeypatch):
    monkeypatch.setattr(network, "LIST_EVERY_S", 0.0)
    played = Played(services={90: ("Dnscache", "NlaSvc"), 80: ("W3SVC",)})
    played.tables.rows_of = [row("0.0.0.0", 80, pid=80, state=LISTEN)]
    played.start()
    played.tables.rows_of = [row("127.0.0.1", 53, pid=90, state=LISTEN)]
    poll(played)
    first, second, gone = played.of(Listener)
    assert (first.address, first.port, first.opened_at, first.processes) == (
        "0.0.0.0",
        80,
        None,
        (ProcessKey(80, 1),),
    )
    assert (second.port, second.opened_at is not None) == (53, True)
    assert (gone.port, gone.opened_at, gone.closed_at is not None) == (80, None, True)
    assert played.processes.services == [(80, "W3SVC"), (90, "Dnscache")]


def test_a_new_address_is_read_and_told(monkeypatch):
    monkeypatch.setattr(network, "_ADDRESSES_EVERY_S", 0.0)
    played = Played()
    played.start()
    played.addresses = (*played.addresses, "203.0.113.5")
    poll(played)
    assert "203.0.113.5" in played.payload.added
    assert len(played.of(NetworkNamespace)) == 2


def test_javerts_own_questions_are_neither_listeners_nor_traffic():
    played = Played(Trace("no"))

    played.own.begin(OwnFlow(Transport.TCP, 1, HOST, 49152, 21))
    played.start()
    played.tables.rows_of = [row(*FTP, pid=70)]
    poll(played)
    played.sensor.stop()
    assert played.of(Endpoint) == []


def test_where_not_even_sockets_can_be_listed_there_is_no_sensor():
    played = Played()
    played.tables.refusal = "Windows refuses to list sockets: Access is denied."
    with pytest.raises(SensorError, match="refuses to list sockets"):
        played.start()


def test_a_last_look_that_fails_is_told_and_the_rest_is_kept():
    played = Played()
    played.start()
    played.event(12, 70, *FTP)
    played.tables.refusal = "Windows refuses to list sockets"
    played.sensor.stop()
    assert "windows-last-look" in played.limits()
    assert (Role.CLIENT, REMOTE, 21) in played.endpoints()


def test_other_events_do_no_harm_and_torn_ones_count_as_lost():
    played = Played()
    played.start()
    played.trace.waiting += [RawEvent(18, T0, b""), RawEvent(10, T0, b"short")]
    played.event(12, 70, *FTP)
    poll(played)
    assert len(played.endpoints()) == 1
    assert played.sensor.report().lost == 1


def test_a_start_that_fails_midway_stops_what_it_began():
    played = Played()
    read = played.tables.rows

    def refuse_the_second_time(table):
        if played.trace.started:
            raise SensorError("Windows refuses to list sockets")
        return read(table)

    played.tables.rows = refuse_the_second_time
    with pytest.raises(SensorError):
        played.start()
    assert (played.trace.started, played.payload.running) == (False, False)
