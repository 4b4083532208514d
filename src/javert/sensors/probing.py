"""The sensor that asks services what they accept, as other sensors come to know of them."""

import os
import time
from collections import defaultdict
from collections.abc import Callable, Sequence

from javert.formats.addresses import is_unspecified
from javert.formats.program_names import program_name
from javert.model.rule_id import RuleId
from javert.model.telemetry import (
    AnyRecord,
    Endpoint,
    Evidence,
    Listener,
    NetworkNamespace,
    ProbeOutcome,
    Process,
    ProcessKey,
    Role,
    SensorReport,
    ServiceProbe,
    Transport,
)
from javert.probes.interface import ServiceHint
from javert.sensors import clock
from javert.sensors.interface import Emit, ProbeChoice, Sensor
from javert.sensors.own_flows import OwnFlows
from javert.sensors.probe_connection import Place, Sockets
from javert.sensors.probe_harm import harms
from javert.sensors.prober import Converse, Prober

SETTLED_S = 10.0
"""A listener that appears during the run is asked when it has been there for so long: one that waits for one client
only, such as that of an FTP transfer, has had it by then."""
TOGETHER_S = 20.0
"""So long the services that are there at the beginning may take together, also if the run ends before."""
LEAVE_S = 2.0
"""After that, and when the operator ends the run, what is being asked still has so long to answer."""

_MULTI_CALL = frozenset({"busybox", "toybox"})
"""Programs that are many: which, their processes' names tell."""
_SNMP_AGENTS = frozenset({"snmpd"})
_SNMP_PORT, _TFTP_PORT = 161, 69

_ListenerPlace = tuple[int, Transport, str, int]


class Overheard:
    """A sensor whose records another one listens to.

    Args:
        sensor: the one that looks at the host.
        listener: hears every record before it is emitted.
    """

    def __init__(self, sensor: Sensor, listener: "ProbingSensor") -> None:
        self._sensor = sensor
        self._listener = listener

    @property
    def name(self) -> str:
        """The name of the sensor that looks at the host."""
        return self._sensor.name

    def start(self, emit: Emit) -> None:
        """Start it. Raises SensorError if it cannot."""

        def overheard(record: AnyRecord) -> None:
            self._listener.hear(record)
            emit(record)

        self._sensor.start(overheard)

    def poll(self) -> None:
        """Let it take in what has happened."""
        self._sensor.poll()

    def flush(self) -> None:
        """Let it emit what changed."""
        self._sensor.flush()

    def stop(self) -> None:
        """Stop it."""
        self._sensor.stop()

    def report(self) -> SensorReport:
        """What it did."""
        return self._sensor.report()


class ProbingSensor:
    """Asks every TCP listener, and the UDP ones that may speak SNMP or TFTP, once.

    Args:
        sockets: makes sockets where the services are.
        own: where its flows are noted, so that they are not counted.
        converse: the conversation for a service (``javert.probes.plan.conversation``).
        planned_s: how long the run is meant to last, seconds.
        choice: which services are asked.
        arguments: the command line of a process, told by its id; empty where it is not known.
        demands_tls: what the configuration of a process, told by its id and its program's name, says of TLS, where
            the protocol does not tell; None where that is not known.
    """

    name = "probes"

    def __init__(
        self,
        sockets: Sockets,
        own: OwnFlows,
        converse: Converse,
        planned_s: float,
        choice: ProbeChoice,
        *,
        arguments: Callable[[int], Sequence[str]] = lambda _pid: (),
        demands_tls: Callable[[int, str], bool | None] = lambda _pid, _program: None,
    ) -> None:
        self._arguments = arguments
        self._demands_tls = demands_tls
        self._choice = choice
        self._planned_s = planned_s
        self._processes: dict[ProcessKey, Process] = {}
        self._addresses: dict[int, tuple[str, ...]] = {}
        self._observed: dict[tuple[int, Transport, int], set[tuple[str, str]]] = defaultdict(set)
        self._pending: dict[_ListenerPlace, Listener] = {}
        self._datagrams: dict[_ListenerPlace, Listener] = {}
        self._done: set[_ListenerPlace] = set()
        self._prober = Prober(sockets, own, converse, self._hint, self._place)
        self._started_at = 0.0
        self._ended_at: float | None = None

    # ---------------------------------------------------------------- what others see

    def hear(self, record: AnyRecord) -> None:
        """Take in a record of another sensor; from any thread."""
        match record:
            case Process():
                self._processes[record.key] = record
            case NetworkNamespace():
                self._addresses[record.inode] = record.addresses
            case Listener(closed_at=None):
                if _place_of(record) not in self._done:
                    kind = self._pending if record.transport is Transport.TCP else self._datagrams
                    kind[_place_of(record)] = record
            case Listener():
                self._pending.pop(_place_of(record), None)
                self._datagrams.pop(_place_of(record), None)
            case Endpoint(role=Role.SERVER):
                self._observed[record.network_namespace, record.transport, record.port].update(
                    (record.address, use.protocol)
                    for use in record.uses
                    if use.evidence is Evidence.PAYLOAD and use.protocol != "unknown"
                )

    def _process(self, listener: Listener) -> Process | None:
        return next((found for key in listener.processes if (found := self._processes.get(key))), None)

    def _protocols(self, listener: Listener) -> tuple[str, ...]:
        here = (listener.network_namespace, listener.transport, listener.port)
        everywhere = is_unspecified(listener.address)
        return tuple(
            sorted(
                protocol
                for address, protocol in self._observed.get(here, set()).copy()
                if everywhere or address == listener.address
            )
        )

    def _hint(self, listener: Listener) -> ServiceHint:
        process = self._process(listener)
        return ServiceHint(
            transport=listener.transport,
            port=listener.port,
            program=listener.starts.rpartition("/")[2] if "/" in listener.starts else _program(process),
            unit=listener.unit or (process.unit if process else ""),
            observed=self._protocols(listener),
            demands_tls=self._demands_tls(process.key.pid, _program(process)) if process else None,
        )

    def _place(self, listener: Listener) -> Place:
        return Place(
            transport=listener.transport,
            network_namespace=listener.network_namespace,
            address=listener.address,
            port=listener.port,
            dual_stack=listener.dual_stack,
            # What systemd starts is a child of process 1, and so is nearly every other service.
            pids=tuple(sorted({key.pid for key in listener.processes if key.pid > 1})),
            others=self._addresses.get(listener.network_namespace, ()),
        )

    # ---------------------------------------------------------------- life

    def start(self, emit: Emit) -> None:
        """Begin with the listeners that are there."""
        self._emit = emit
        self._started_at = clock.now()
        self._began = time.monotonic()
        self._prober.start(emit)
        self.flush()
        self.poll()

    def poll(self) -> None:
        """Ask what has come to listen, and stayed."""
        now = clock.now()
        for place, listener in tuple(self._pending.items()):
            if listener.opened_at is not None and now - listener.opened_at < SETTLED_S:
                continue
            if any(key.pid == os.getpid() for key in listener.processes):
                continue
            self._done.add(place)
            self._pending.pop(place, None)
            if self._spared(listener):
                self._emit(_spared(listener, now))
            else:
                self._prober.ask(listener)

    def flush(self) -> None:
        """Look again which of the many UDP sockets are services: meanwhile their clients may have told.

        There is nothing to emit: what services answer is emitted at once.
        """
        for place, listener in tuple(self._datagrams.items()):
            if self._is_service(listener) and self._datagrams.pop(place, None) is not None:
                self._pending[place] = listener

    def stop(self) -> None:
        """Let what is being asked come to an end, and all that there was no time for if the run was short."""
        elapsed = time.monotonic() - self._began
        interrupted = elapsed < self._planned_s - 1.0
        if not interrupted:
            self.flush()
            self.poll()
        left = LEAVE_S if interrupted else max(LEAVE_S, TOGETHER_S - elapsed)
        self._prober.finish(left)
        self._ended_at = clock.now()

    def report(self) -> SensorReport:
        """How many services were asked."""
        return SensorReport(
            name=self.name,
            started_at=self._started_at,
            ended_at=self._ended_at,
            records=self._prober.asked,
            rules=(RuleId.INSECURE_SERVER_PROTOCOL,),
        )

    # ---------------------------------------------------------------- which

    def _is_service(self, listener: Listener) -> bool:
        """Whether SNMP or TFTP may be meant by a UDP socket."""
        return (
            listener.port in (_SNMP_PORT, _TFTP_PORT)
            or _program(self._process(listener)) in _SNMP_AGENTS
            or any(protocol.startswith("snmp") for protocol in self._protocols(listener))
        )

    def _spared(self, listener: Listener) -> bool:
        if listener.publishes is not None:
            return (
                True  # what is asked there comes to the container under another address and port, as if of a client
            )
        if listener.port in self._choice.spared or (self._choice.only and listener.port not in self._choice.only):
            return True
        process = self._process(listener)
        arguments = self._arguments(process.key.pid) if process else ()
        return listener.transport is Transport.TCP and harms(_program(process), arguments, listener.port)


def _place_of(listener: Listener) -> _ListenerPlace:
    return listener.network_namespace, listener.transport, listener.address, listener.port


def _program(process: Process | None) -> str:
    if process is None:
        return ""
    program = program_name(process.exe)
    return process.name if program in _MULTI_CALL else program or process.name


def _spared(listener: Listener, now: float) -> ServiceProbe:
    return ServiceProbe(
        transport=listener.transport,
        network_namespace=listener.network_namespace,
        address=listener.address,
        port=listener.port,
        outcome=ProbeOutcome.SPARED,
        at=now,
    )
