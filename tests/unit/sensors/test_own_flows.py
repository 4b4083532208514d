"""Javert's own flows are known from before their first packet until a while after their last."""

import pytest

from javert.model.telemetry import Transport
from javert.sensors import own_flows
from javert.sensors.own_flows import OwnFlow, OwnFlows

TCP = OwnFlow(Transport.TCP, 7, "127.0.0.2", 40000, 80)
UDP = OwnFlow(Transport.UDP, 7, "127.0.0.2", 40000, 161)


class Kernel:
    """Marks as the kernel programs keep them: a TCP connection is taken out when it is accepted."""

    def __init__(self) -> None:
        self.flows: set[OwnFlow] = set()
        self.pids: set[int] = set()
        self.full = False

    def mark(self, flow):
        if not self.full:
            self.flows.add(flow)
        return not self.full

    def unmark(self, flow):
        self.flows.discard(flow)

    def awaited(self, flow):
        return flow in self.flows

    def asked(self, pid):
        self.pids.add(pid)
        return True

    def left_alone(self, pid):
        self.pids.discard(pid)


@pytest.fixture
def now(monkeypatch):
    """Sets the clock."""

    def at(seconds: float) -> None:
        monkeypatch.setattr(own_flows.time, "monotonic", lambda: seconds)

    at(0.0)
    return at


@pytest.fixture
def kernel():
    return Kernel()


@pytest.fixture
def own(kernel):
    own = OwnFlows()
    own.told_to(kernel)
    return own


def _has(own, flow) -> bool:
    return own.has(flow.transport, flow.network_namespace, flow.address, flow.port)


@pytest.mark.parametrize("flow", [TCP, UDP])
def test_a_flow_is_known_for_a_while_after_it_ended(own, kernel, now, flow):
    assert own.begin(flow)
    assert _has(own, flow)
    assert kernel.flows == {flow}
    own.end(flow)
    now(own_flows.KEPT_S[flow.transport] - 1)
    own.prune()
    assert _has(own, flow)
    now(own_flows.KEPT_S[flow.transport] + 1)
    own.prune()
    assert not _has(own, flow)
    assert kernel.flows == set()


def test_an_accepted_connection_is_forgotten_when_it_is_closed(own, kernel, now):
    own.begin(TCP)
    kernel.flows.clear()
    own.prune()
    assert _has(own, TCP), "it is still open"
    own.end(TCP)
    own.prune()
    assert not _has(own, TCP)


def test_without_room_in_the_kernel_nothing_may_be_opened(own, kernel):
    kernel.full = True
    assert not own.begin(TCP)
    assert not _has(own, TCP)


def test_a_process_counts_as_asked_while_any_of_its_services_is(own, kernel, now):
    own.begin(TCP, (5, 6))
    own.begin(UDP, (6,))
    assert kernel.pids == {5, 6}
    own.end(TCP, (5, 6))
    now(own_flows.REACTION_S + 0.1)
    own.prune()
    assert kernel.pids == {6}
    own.end(UDP, (6,))
    own.prune()
    assert kernel.pids == {6}, "it may still react"
    now(2 * own_flows.REACTION_S + 0.2)
    own.prune()
    assert kernel.pids == set()


def test_kernel_programs_that_are_gone_are_told_nothing(own, kernel, now):
    own.begin(TCP, (5,))
    own.told_to(None)
    own.end(TCP, (5,))
    now(1000.0)
    own.prune()
    assert not _has(own, TCP)
    assert kernel.flows == {TCP}


def test_another_end_is_not_javerts(own):
    own.begin(TCP)
    assert not own.has(Transport.TCP, 8, "127.0.0.2", 40000)
    assert not own.has(Transport.UDP, 7, "127.0.0.2", 40000)
    assert not own.has(Transport.TCP, 7, "127.0.0.1", 40000)
    assert not own.has(Transport.TCP, 7, "127.0.0.2", 80)
