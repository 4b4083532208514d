"""Keeps account of the flows that Javert opens itself to ask services: they are no traffic of the host."""

import threading
import time
from collections import Counter
from typing import NamedTuple, Protocol

from javert.model.telemetry import Transport

KEPT_S = {Transport.TCP: 150.0, Transport.UDP: 10.0}
"""How long a closed flow is remembered: a handshake that nobody accepts is tried again for more than a minute."""
REACTION_S = 1.0
"""How long after its connection is closed a service may still react to what it was asked."""


class OwnFlow(NamedTuple):
    """A flow by its client, which is Javert; with UDP, where servers may answer from another port, any server."""

    transport: Transport
    network_namespace: int
    address: str
    port: int
    server_port: int


class KernelMarks(Protocol):
    """How kernel programs are told, if there are any."""

    def mark(self, flow: OwnFlow) -> bool:
        """Have the flow not counted from now on; False if there is no room."""

    def unmark(self, flow: OwnFlow) -> None:
        """Count again what comes from there."""

    def awaited(self, flow: OwnFlow) -> bool:
        """Whether the flow is still marked: a TCP connection is only until it is accepted."""

    def asked(self, pid: int) -> bool:
        """What the process opens from now on may be its reaction; False if there is no room."""

    def left_alone(self, pid: int) -> None:
        """What the process opens from now on is its own doing."""


class OwnFlows:
    """Flows from before their first packet until a while after their last. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flows: dict[OwnFlow, float | None] = {}
        self._clients: Counter[tuple[Transport, int, str, int]] = Counter()
        self._asked: Counter[int] = Counter()
        self._reacting: list[tuple[float, tuple[int, ...]]] = []
        self._kernel: KernelMarks | None = None

    def told_to(self, kernel: KernelMarks | None) -> None:
        """From now on tell these kernel programs too; None when they are gone."""
        with self._lock:
            self._kernel = kernel

    def begin(self, flow: OwnFlow, pids: tuple[int, ...] = ()) -> bool:
        """Take in a flow, before its first packet.

        Args:
            flow: its local end is bound, and nothing was sent.
            pids: the processes that hold the service.

        Returns:
            False if it could not be kept out of what is counted; then it must not be opened.
        """
        with self._lock:
            if self._kernel is not None:
                if not self._kernel.mark(flow):
                    return False
                for pid in pids:
                    if not self._asked[pid]:
                        self._kernel.asked(pid)
            self._asked.update(pids)
            if flow not in self._flows:
                self._clients[flow[:4]] += 1
            self._flows[flow] = None
            return True

    def end(self, flow: OwnFlow, pids: tuple[int, ...] = ()) -> None:
        """The flow is closed; what was given to ``begin``."""
        now = time.monotonic()
        with self._lock:
            self._flows[flow] = now
            self._reacting.append((now, pids))

    def asks(self, pid: int) -> bool:
        """Whether Javert asks a service of this process just now, so that what it opens may be its reaction."""
        with self._lock:
            return pid in self._asked

    def prune(self) -> None:
        """Forget what ended long enough ago."""
        now = time.monotonic()
        with self._lock:
            for flow, ended in list(self._flows.items()):
                if ended is None:
                    continue
                accepted = self._kernel is not None and not self._kernel.awaited(flow)
                if accepted or now - ended > KEPT_S[flow.transport]:
                    self._forget(flow)
            while self._reacting and now - self._reacting[0][0] > REACTION_S:
                _, pids = self._reacting.pop(0)
                self._asked.subtract(pids)
                for pid in pids:
                    if not self._asked[pid]:
                        del self._asked[pid]
                        if self._kernel is not None:
                            self._kernel.left_alone(pid)

    def _forget(self, flow: OwnFlow) -> None:
        del self._flows[flow]
        client = flow[:4]
        self._clients[client] -= 1
        if not self._clients[client]:
            del self._clients[client]
        if self._kernel is not None:
            self._kernel.unmark(flow)

    def has(self, transport: Transport, network_namespace: int, address: str, port: int) -> bool:
        """Whether this end of a flow is, or was a moment ago, Javert's."""
        with self._lock:
            return (transport, network_namespace, address, port) in self._clients
