"""Which services are asked, when, and what is known of them by then."""

import os
import re
import socket
import time
from pathlib import Path

import msgspec
import pytest

from javert.model.rule_id import RuleId
from javert.model.telemetry import (
    Acceptance,
    Encryption,
    Endpoint,
    Evidence,
    Listener,
    NetworkNamespace,
    ProbeAnswer,
    ProbeOutcome,
    Process,
    ProcessKey,
    ProtocolUse,
    PublishedPort,
    Role,
    SensorReport,
    Transport,
)
from javert.probes import plan
from javert.sensors import probing
from javert.sensors.interface import ProbeChoice
from javert.sensors.own_flows import OwnFlows
from javert.sensors.probe_connection import OneNamespace
from javert.sensors.probe_harm import HARMED_PORTS
from javert.sensors.probing import SETTLED_S, Overheard, ProbingSensor

NAMESPACE = 7


class Asked:
    """Stands for the prober: keeps which listeners it was given, and for how long it may go on."""

    def __init__(self, sockets, own, converse, hint, place) -> None:
        self.listeners: list[Listener] = []
        self.hint, self.place = hint, place
        self.within_s = 0.0
        self.asked = 0

    def start(self, emit):
        self.emit = emit

    def ask(self, listener):
        self.listeners.append(listener)
        self.asked += 1

    def finish(self, within_s):
        self.within_s = within_s


@pytest.fixture
def sensor(monkeypatch):
    """Makes a sensor that is told of some records and started; and gives what it asked and emitted."""
    monkeypatch.setattr(probing, "Prober", Asked)

    def make(*records, choice=None, planned_s=3600.0, **options):
        choice = choice or ProbeChoice()
        made = ProbingSensor(OneNamespace(), OwnFlows(), lambda hint: iter(()), planned_s, choice, **options)
        made.emitted = []
        for record in records:
            made.hear(record)
        made.start(made.emitted.append)
        return made

    return make


def _listener(port=80, *pids, transport=Transport.TCP, address="0.0.0.0", **fields) -> Listener:
    keys = tuple(ProcessKey(pid, 1) for pid in pids)
    return Listener(
        transport=transport, network_namespace=NAMESPACE, address=address, port=port, processes=keys, **fields
    )


def _process(pid: int, exe: str, **fields) -> Process:
    return Process(key=ProcessKey(pid, 1), name=exe.rpartition("/")[2][:15], exe=exe, **fields)


def _served(port: int, protocol: str, *, transport=Transport.TCP, address="127.0.0.1", evidence=Evidence.PAYLOAD):
    use = ProtocolUse(protocol=protocol, encryption=Encryption.NONE, evidence=evidence)
    return Endpoint(
        id=1,
        role=Role.SERVER,
        transport=transport,
        network_namespace=NAMESPACE,
        address=address,
        port=port,
        uses=(use,),
    )


def _ports(sensor) -> list[int]:
    return [listener.port for listener in sensor._prober.listeners]


def test_every_tcp_listener_is_asked_once(sensor):
    started = sensor(_listener(80), _listener(443), _listener(22, address="127.0.0.1"))
    started.hear(_listener(80))
    started.poll()
    started.poll()
    assert _ports(started) == [80, 443, 22]
    assert started.report() == SensorReport(
        name="probes", started_at=started._started_at, records=3, rules=(RuleId.INSECURE_SERVER_PROTOCOL,)
    )


def test_javerts_own_listeners_are_not(sensor):
    assert _ports(sensor(_listener(80, os.getpid()), _listener(81, os.getpid() + 1))) == [81]


def test_a_listener_that_appears_is_asked_when_it_has_stayed(sensor):
    now = time.time()
    started = sensor()
    started.hear(_listener(80, opened_at=now))
    started.hear(_listener(81, opened_at=now - SETTLED_S - 1))
    started.hear(_listener(82, opened_at=now - SETTLED_S - 1))
    started.hear(_listener(82, opened_at=now - SETTLED_S - 1, closed_at=now))
    started.poll()
    assert _ports(started) == [81]


def test_of_udp_only_what_may_speak_snmp_or_tftp(sensor):
    udp = Transport.UDP
    started = sensor(
        _process(5, "/usr/sbin/snmpd"),
        _served(1161, "snmpv2c", transport=udp),
        _served(1162, "syslog", transport=udp),
        *(_listener(port, transport=udp) for port in (53, 69, 161, 1161, 1162, 40000)),
        _listener(10161, 5, transport=udp),
    )
    assert _ports(started) == [69, 161, 1161, 10161]


def test_what_clients_say_later_makes_a_udp_socket_a_service(sensor):
    started = sensor(_listener(1161, transport=Transport.UDP))
    assert _ports(started) == []
    started.hear(_served(1161, "snmpv1", transport=Transport.UDP))
    started.flush()
    started.poll()
    assert _ports(started) == [1161]


def test_what_clients_say_at_the_end_of_a_run_still_counts(sensor):
    started = sensor(_listener(1161, transport=Transport.UDP), planned_s=0.0)
    started.hear(_served(1161, "snmpv1", transport=Transport.UDP))
    started.stop()
    assert _ports(started) == [1161]


def test_a_udp_socket_that_is_gone_is_not_asked(sensor):
    started = sensor(_listener(1161, transport=Transport.UDP))
    started.hear(_listener(1161, transport=Transport.UDP, closed_at=time.time()))
    started.hear(_served(1161, "snmpv1", transport=Transport.UDP))
    started.flush()
    started.poll()
    assert _ports(started) == []


def test_many_udp_sockets_of_no_concern_are_not_gone_through_at_every_poll(sensor):
    started = sensor(*(_listener(port, transport=Transport.UDP) for port in range(20000, 20100)))
    assert not started._pending


@pytest.mark.parametrize("port", sorted(HARMED_PORTS))
def test_a_printer_is_spared_and_that_is_told(sensor, port):
    started = sensor(_listener(port))
    assert _ports(started) == []
    (record,) = started.emitted
    assert (record.port, record.outcome, record.connections) == (port, ProbeOutcome.SPARED, 0)


def test_a_port_published_for_a_container_is_spared(sensor):
    """The kernel sends what is asked there on to the container under another address, as if of a client."""
    asked = sensor(
        msgspec.structs.replace(_listener(8080), publishes=PublishedPort("172.17.0.2", 80)),
        msgspec.structs.replace(_listener(8081), publishes=PublishedPort()),
        _listener(80),
    )
    assert _ports(asked) == [80]


@pytest.mark.parametrize(
    "program", ["/usr/bin/nc.openbsd", "/usr/bin/gdbserver", "/usr/bin/ncat (deleted)", r"C:\Nmap\ncat.exe"]
)
def test_a_program_that_serves_one_client_is_spared(sensor, program):
    started = sensor(_process(5, program), _listener(4444, 5))
    assert _ports(started) == []
    assert [record.outcome for record in started.emitted] == [ProbeOutcome.SPARED]


def test_the_whole_command_line_decides_too_and_goes_nowhere(sensor):
    arguments = {5: ("socat", "TCP-LISTEN:7001", "EXEC:cat"), 6: ("socat", "TCP-LISTEN:7002,fork", "EXEC:cat")}
    processes = (_process(5, "/usr/bin/socat"), _process(6, "/usr/bin/socat"))
    started = sensor(*processes, _listener(7001, 5), _listener(7002, 6), arguments=arguments.__getitem__)
    assert _ports(started) == [7002]
    assert [record.port for record in started.emitted] == [7001]
    assert "EXEC" not in repr(started.emitted)


def test_a_program_that_is_many_is_told_by_its_name(sensor):
    telnetd = Process(key=ProcessKey(5, 1), name="telnetd", exe="/bin/busybox")
    nc = Process(key=ProcessKey(6, 1), name="nc", exe="/bin/busybox")
    started = sensor(telnetd, nc, _listener(2323, 5), _listener(4444, 6))
    (listener,) = started._prober.listeners
    assert (listener.port, started._prober.hint(listener).program) == (2323, "telnetd")


def test_the_operator_chooses(sensor):
    listeners = [_listener(port) for port in (22, 80, 443)]
    assert _ports(sensor(*listeners, choice=ProbeChoice(spared=frozenset({80})))) == [22, 443]
    only = sensor(
        *listeners, _listener(9100), choice=ProbeChoice(only=frozenset({80, 443, 9100}), spared=frozenset({443}))
    )
    assert _ports(only) == [80]
    assert [record.port for record in only.emitted] == [22, 443, 9100]


def test_the_hint_is_what_is_known_when_its_turn_comes(sensor):
    started = sensor(_process(5, "/usr/sbin/dovecot", unit="dovecot.service"), _listener(143, 5))
    started.hear(_served(143, "imap"))
    started.hear(_served(143, "unknown", address="192.0.2.1"))
    started.hear(_served(143, "pop3", evidence=Evidence.PORT))
    (listener,) = started._prober.listeners
    hint = started._prober.hint(listener)
    assert (hint.transport, hint.port) == (Transport.TCP, 143)
    assert (hint.program, hint.unit, hint.observed) == ("dovecot", "dovecot.service", ("imap",))


def test_of_a_super_server_the_hint_is_what_it_starts(sensor):
    started = sensor(_process(5, "/usr/sbin/inetutils-inetd"), _listener(2323, 5, starts="/usr/sbin/in.telnetd"))
    (listener,) = started._prober.listeners
    assert started._prober.hint(listener).program == "in.telnetd"


def test_what_came_to_another_address_says_nothing_of_a_listener(sensor):
    started = sensor(_served(80, "http", address="127.0.0.1"), _listener(80, address="192.0.2.1"))
    (listener,) = started._prober.listeners
    assert started._prober.hint(listener).observed == ()


def test_the_unit_that_holds_a_socket_is_part_of_the_hint(sensor):
    started = sensor(_process(1, "/lib/systemd/systemd", unit="init.scope"), _listener(631, 1, unit="cups.socket"))
    (listener,) = started._prober.listeners
    assert started._prober.hint(listener).unit == "cups.socket"


def test_where_it_is_and_who_holds_it(sensor):
    started = sensor(
        NetworkNamespace(inode=NAMESPACE, addresses=("127.0.0.1", "192.0.2.7")),
        _listener(80, 9, 1, 5, address="::", dual_stack=True),
    )
    (listener,) = started._prober.listeners
    place = started._prober.place(listener)
    assert place.others == ("127.0.0.1", "192.0.2.7")
    assert place.pids == (5, 9), "every service is a descendant of process 1"
    assert place.dual_stack


def test_a_short_run_waits_for_the_services_that_were_there(sensor):
    started = sensor(_listener(80), planned_s=0.0)
    started.stop()
    assert probing.LEAVE_S < started._prober.within_s <= probing.TOGETHER_S
    assert started.report().ended_at is not None


def test_an_interrupted_run_does_not(sensor):
    started = sensor(_listener(80), planned_s=3600.0)
    started.stop()
    assert started._prober.within_s == probing.LEAVE_S


class Source:
    name = "network"

    def __init__(self, *records) -> None:
        self.records = records
        self.calls: list[str] = []

    def start(self, emit):
        for record in self.records:
            emit(record)

    def poll(self):
        self.calls.append("poll")

    def flush(self):
        self.calls.append("flush")

    def stop(self):
        self.calls.append("stop")

    def report(self):
        return SensorReport(name="network", started_at=1.0)


def test_another_sensors_records_are_heard_and_passed_on(sensor):
    started = sensor()
    source = Source(_process(5, "/usr/sbin/nginx"), _listener(80, 5))
    overheard = Overheard(source, started)
    emitted: list[object] = []
    overheard.start(emitted.append)
    overheard.poll()
    overheard.flush()
    overheard.stop()
    started.poll()
    assert emitted == list(source.records)
    assert source.calls == ["poll", "flush", "stop"]
    assert (overheard.name, overheard.report().name) == ("network", "network")
    assert _ports(started) == [80]


def test_answers_reach_the_journal():
    def converse(_hint):
        return (ProbeAnswer(protocol="http", acceptance=Acceptance.CLEARTEXT_ONLY),)
        yield

    emitted: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        listener = _listener(server.getsockname()[1], address="127.0.0.1")
        sensor = ProbingSensor(OneNamespace(), OwnFlows(), converse, 0.0, ProbeChoice())
        sensor.hear(listener)
        sensor.start(emitted.append)
        sensor.stop()
    (record,) = emitted
    assert (record.outcome, record.port, record.connections) == (ProbeOutcome.ANSWERED, listener.port, 1)
    assert sensor.report().records == 1


def test_the_page_of_the_rule_says_what_is_sent_to_every_protocol():
    page = (Path(__file__).parents[3] / "docs/rules/insecure-server-protocol.md").read_text("utf-8")
    rows = re.findall(r"^\| ([a-z0-9, ]+?)(?: and its helpers)? \| .+ \| .+ \|$", page, re.MULTILINE)
    told = {name.strip() for row in rows for name in row.split(",")}
    asked = {*plan._GREETED, *plan._ASKED, "snmpv1", "snmpv2c", "snmpv3", "tftp"} - {"http2", "snmp"}
    assert asked <= told, f"not told: {sorted(asked - told)}"
