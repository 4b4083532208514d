"""Asks services what they accept, several at a time, in a thread of its own."""

import asyncio
import threading
import time
from collections import defaultdict
from collections.abc import Callable

import msgspec

from javert.errors import SensorError, fault_site
from javert.formats.addresses import authority
from javert.model.rule_id import RuleId
from javert.model.telemetry import Limitation, Listener, ProbeAnswer, ProbeOutcome, ServiceProbe, Transport
from javert.probes.interface import Ask, Reopen, Reply, Script, ServiceHint, StartTls
from javert.sensors import clock
from javert.sensors.interface import Emit
from javert.sensors.own_flows import OwnFlows
from javert.sensors.probe_connection import Connection, Place, Sockets

SERVICE_S = 5.0
"""How long a service may take in all."""
AT_A_TIME = 32
"""Services that are asked beside each other; each on one connection at a time."""
AT_ONE_PORT = 2
"""Of them those at one port: a service bound to several addresses."""
START_EVERY_S = 0.025
"""So that they are not all asked in the same moment."""

_TICK_S = 0.05

Converse = Callable[[ServiceHint], Script]
Hint = Callable[[Listener], ServiceHint]


class Prober:
    """Asks the services it is given, in that order.

    Args:
        sockets: makes sockets where the services are.
        own: where its flows are noted, so that they are not counted.
        converse: the conversation for a service.
        hint: what is known of a service when its turn has come.
        place: where it is.
    """

    def __init__(
        self,
        sockets: Sockets,
        own: OwnFlows,
        converse: Converse,
        hint: Hint,
        place: Callable[[Listener], Place],
    ) -> None:
        self._sockets = sockets
        self._own = own
        self._converse = converse
        self._hint = hint
        self._place = place
        self._waiting: list[Listener] = []
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._finish_by: float | None = None
        self._thread = threading.Thread(target=self._run, name="javert-probes", daemon=True)
        self.asked = 0

    def start(self, emit: Emit) -> None:
        """Begin to ask; what comes of it is emitted, from the prober's thread."""
        self._emit = emit
        self._thread.start()

    def ask(self, listener: Listener) -> None:
        """Ask this service when its turn comes."""
        with self._lock:
            self._waiting.append(listener)
        self._news.set()

    def finish(self, within_s: float) -> None:
        """Return when all were asked, at the latest after ``within_s``; for the rest there was no time."""
        self._finish_by = time.monotonic() + within_s
        self._news.set()
        # It ends by itself; a thread that hangs in the system must not hold up the run's end.
        self._thread.join(within_s + 1.0)
        with self._lock:
            left, self._waiting = self._waiting, []
        for listener in left:
            self._tell(listener, ProbeOutcome.OUT_OF_TIME)

    # ---------------------------------------------------------------- in the thread

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
                runner.run(self._serve())
        except Exception as error:  # noqa: BLE001 - the run goes on without probes, and says so
            self._fault("probes-failed", "", error)

    async def _serve(self) -> None:
        running: set[asyncio.Task[None]] = set()
        per_port: dict[tuple[int, str, int], int] = defaultdict(int)
        try:
            while True:
                listener = self._next(per_port) if len(running) < AT_A_TIME else None
                if listener is not None:
                    task = asyncio.create_task(self._ask_one(listener, per_port))
                    running.add(task)
                    task.add_done_callback(running.discard)
                elif self._finish_by is not None and not running and not self._waiting:
                    return
                if self._finish_by is not None and time.monotonic() >= self._finish_by:
                    return
                if not running and self._finish_by is None:
                    # With no task to run the loop may stand still, for as long as there is nobody to ask.
                    self._news.wait()
                    self._news.clear()
                    continue
                await asyncio.sleep(START_EVERY_S if listener else _TICK_S)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    def _next(self, per_port: dict[tuple[int, str, int], int]) -> Listener | None:
        with self._lock:
            for at, listener in enumerate(self._waiting):
                if per_port[_port_of(listener)] < AT_ONE_PORT:
                    per_port[_port_of(listener)] += 1
                    return self._waiting.pop(at)
        return None

    async def _ask_one(self, listener: Listener, per_port: dict[tuple[int, str, int], int]) -> None:
        try:
            await self._judge(listener)
        except asyncio.CancelledError:
            self._tell(listener, ProbeOutcome.OUT_OF_TIME)
            raise
        except Exception as error:  # noqa: BLE001 - the other services must still be asked
            self._fault("probe-failed", where(listener), error)
        finally:
            per_port[_port_of(listener)] -= 1

    async def _judge(self, listener: Listener) -> None:
        connection = Connection(self._place(listener), self._sockets, self._own)
        script = self._converse(self._hint(listener))
        answers: tuple[ProbeAnswer, ...] = ()
        try:
            async with asyncio.timeout(SERVICE_S):
                if not await connection.open():
                    outcome = ProbeOutcome.REFUSED
                else:
                    answers = await _hold(script, connection)
                    await connection.leave()
                    outcome = _outcome(answers, connection)
        except TimeoutError:
            outcome = ProbeOutcome.OUT_OF_TIME if connection.heard else _outcome((), connection)
        except SensorError:
            outcome = ProbeOutcome.UNREACHABLE
        finally:
            script.close()
            connection.close()
        self._tell(listener, outcome, answers, connection.connections)

    def _tell(
        self,
        listener: Listener,
        outcome: ProbeOutcome,
        answers: tuple[ProbeAnswer, ...] = (),
        connections: int = 0,
    ) -> None:
        self.asked += bool(connections)
        self._emit(
            ServiceProbe(
                transport=listener.transport,
                network_namespace=listener.network_namespace,
                address=listener.address,
                port=listener.port,
                outcome=outcome,
                at=clock.now(),
                connections=connections,
                answers=answers,
            )
        )

    def _fault(self, code: str, scope: str, error: Exception) -> None:
        self._emit(
            Limitation(
                code=code,
                rules=(RuleId.INSECURE_SERVER_PROTOCOL,),
                scope=scope,
                params={"fault": fault_site(error)},
            )
        )


async def _hold(script: Script, connection: Connection) -> tuple[ProbeAnswer, ...]:
    """Take the steps of a conversation until it ends; what it found out."""
    reply: Reply | None = None
    while True:
        try:
            step = next(script) if reply is None else script.send(reply)
        except StopIteration as end:
            answers: tuple[ProbeAnswer, ...] = end.value
            return answers
        began = time.monotonic()
        match step:
            case Ask():
                reply = await connection.ask(step)
            case StartTls():
                reply = await connection.start_tls(step)
            case Reopen():
                reply = await connection.reopen(step)
        reply = msgspec.structs.replace(reply, took_s=time.monotonic() - began)


def _outcome(answers: tuple[ProbeAnswer, ...], connection: Connection) -> ProbeOutcome:
    if answers:
        return ProbeOutcome.ANSWERED
    if connection.flooded:
        return ProbeOutcome.FLOODED
    if connection.heard:
        return ProbeOutcome.UNRECOGNISED
    return ProbeOutcome.HUNG_UP if connection.hung_up and not connection.silent else ProbeOutcome.SILENT


def _port_of(listener: Listener) -> tuple[int, str, int]:
    return listener.network_namespace, listener.transport.value, listener.port


def where(listener: Listener) -> str:
    """Address and port as people write them."""
    return authority(listener.address, listener.port) + ("/udp" if listener.transport is Transport.UDP else "")
