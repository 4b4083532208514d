"""Tells the kernel programs which flows are Javert's own (bpf/probes.h)."""

from ipaddress import IPv4Address, ip_address

from javert.formats.kernel_records import ASKED_PROCESSES_AT, OWN_FLOW_KEY, OWN_FLOWS_AT
from javert.model.telemetry import Transport
from javert.sensors.linux.libbpf import BpfObject
from javert.sensors.own_flows import OwnFlow

_FLOWS, _PROCESSES = "own_flows", "asked_processes"
_MARK = b"\1"


class ProbeMarks:
    """Marks in the maps of the network programs.

    Args:
        network: the loaded object.
        state: its global variables, ``struct state``.
    """

    def __init__(self, network: BpfObject, state: memoryview) -> None:
        self._network = network
        self._state = state
        self._flows: set[OwnFlow] = set()
        self._processes: set[int] = set()

    def mark(self, flow: OwnFlow) -> bool:
        """Have the flow not counted from now on; False if there is no room."""
        if not self._network.set(_FLOWS, _key(flow), _MARK):
            return False
        self._flows.add(flow)
        self._count(OWN_FLOWS_AT, len(self._flows))
        return True

    def unmark(self, flow: OwnFlow) -> None:
        """Count again what comes from there."""
        self._network.remove(_FLOWS, _key(flow))
        self._flows.discard(flow)
        self._count(OWN_FLOWS_AT, len(self._flows))

    def awaited(self, flow: OwnFlow) -> bool:
        """Whether the flow is still marked: a TCP connection is only until it is accepted."""
        return self._network.holds(_FLOWS, _key(flow), len(_MARK))

    def asked(self, pid: int) -> bool:
        """What the process opens from now on may be its reaction; False if there is no room."""
        if not self._network.set(_PROCESSES, pid.to_bytes(4, "little"), _MARK):
            return False
        self._processes.add(pid)
        self._count(ASKED_PROCESSES_AT, len(self._processes))
        return True

    def left_alone(self, pid: int) -> None:
        """What the process opens from now on is its own doing."""
        self._network.remove(_PROCESSES, pid.to_bytes(4, "little"))
        self._processes.discard(pid)
        self._count(ASKED_PROCESSES_AT, len(self._processes))

    def _count(self, offset: int, count: int) -> None:
        self._state[offset : offset + 4] = count.to_bytes(4, "little")


def _key(flow: OwnFlow) -> bytes:
    address = ip_address(flow.address)
    packed = bytes(10) + b"\xff\xff" + address.packed if isinstance(address, IPv4Address) else address.packed
    server_port = flow.server_port if flow.transport is Transport.TCP else 0
    return OWN_FLOW_KEY.pack(packed, flow.network_namespace, flow.port, server_port)
