"""The kernel's network programs (bpf/network.bpf.c) while they are attached, and the memory they share with us."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from javert.errors import BpfUnavailableError
from javert.formats.kernel_records import (
    ENDPOINT,
    ENDPOINT_IDENTITY_SIZE,
    ENDPOINTS,
    INTERVAL_AT,
    NETWORK_STATE,
    PORT_KEY,
    SELF_PID_AT,
    STOCK_TAKEN_AT,
    WALK_STOPS_AT,
    EndpointEvent,
    parse_endpoint_identity,
)
from javert.sensors.linux.libbpf import BpfObject, cgroup2_mount
from javert.sensors.linux.probe_marks import ProbeMarks

OBJECTS = Path(__file__).with_name("bpf")
_TRACING_PROGRAMS = ("tcp_state", "tcp_destroyed")
_CGROUP_PROGRAMS = ("packet_in", "packet_out", "udp_connect4", "udp_connect6", "udp_sendmsg4", "udp_sendmsg6")
_SETTLED_INTERVAL_MS = 1000


class KernelState(NamedTuple):
    """``struct state`` of bpf/endpoints.h."""

    endpoint_count: int
    self_pid: int
    lost_clients: int
    lost_servers: int
    lost_events: int
    lost_segments: int
    lost_flows: int
    window_ns: int
    window_segments: int
    walk_stops: int
    lost_listens: int
    own_flows: int
    asked_processes: int
    stock_taken: int


class Counters(NamedTuple):
    """``struct endpoint`` of bpf/network.h; times in ns of CLOCK_BOOTTIME, 0 for none."""

    connections: int
    refused: int
    bytes_in: int
    bytes_out: int
    first_ns: int
    last_ns: int
    last_sample_ns: int
    sampled: int
    interval_ms: int


class NetworkPrograms:
    """Loads and attaches the programs; they go when this process does, however it ends.

    Args:
        take: gets every event as the kernel wrote it, within ``consume``.

    Raises:
        BpfUnavailableError: the kernel refuses them, or there is no cgroup v2 tree to attach them to.
        OSError: of this process or of /proc, for instance no file descriptor left.
    """

    def __init__(self, take: Callable[[bytes], None]) -> None:
        root = cgroup2_mount(Path("/proc/self/mounts").read_text("utf-8", "replace"))
        if root is None:
            raise BpfUnavailableError(
                "no cgroup v2 tree is mounted: mount one (mount -t cgroup2 none /sys/fs/cgroup)"
            )
        self._object = BpfObject(OBJECTS / "network.bpf.o")
        self._views: list[memoryview] = []
        try:
            self._state = self._share(".bss", NETWORK_STATE.size)
            self._counters = self._share("endpoints", ENDPOINTS * ENDPOINT.size)
            self._set(SELF_PID_AT, os.getpid())
            self.marks = ProbeMarks(self._object, self._state)
            self.consume = self._object.ring("events", take)
            self._attach(root)
        except BaseException:
            self.release()
            raise

    def _share(self, map_name: str, length: int) -> memoryview:
        self._views.append(self._object.share(map_name, length))
        return self._views[-1]

    def _attach(self, root: str) -> None:
        for program in _TRACING_PROGRAMS:
            self._object.attach(program)
        cgroup = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for program in _CGROUP_PROGRAMS:
                self._object.attach_cgroup(program, cgroup)
        finally:
            os.close(cgroup)

    def state(self) -> KernelState:
        """What the programs have counted and lost so far."""
        return KernelState(*NETWORK_STATE.unpack_from(self._state))

    def counters(self) -> Iterator[tuple[int, Counters]]:
        """The endpoints to which anything came, by their numbers."""
        for index in range(min(self.state().endpoint_count, ENDPOINTS)):
            connections, refused, *others = ENDPOINT.unpack_from(self._counters, index * ENDPOINT.size)
            if connections or refused:
                yield index, Counters(connections, refused, *others)

    def identity(self, index: int) -> EndpointEvent | None:
        """What an endpoint is, without its command line and path, as its event told; None if nothing is kept."""
        raw = self._object.get("identities", index.to_bytes(4, "little"), ENDPOINT_IDENTITY_SIZE)
        return parse_endpoint_identity(index, raw) if raw else None

    def look_less_at(self, index: int) -> None:
        """The flows of an endpoint all say the same: one a second is enough from now on."""
        at = index * ENDPOINT.size + INTERVAL_AT
        self._counters[at : at + 4] = _SETTLED_INTERVAL_MS.to_bytes(4, "little")

    def listened_on(self, network_namespace: int, port: int) -> None:
        """Something listens there: whoever has that port is the server."""
        self._object.set("listening", PORT_KEY.pack(network_namespace, port, 0), b"\1")

    def walk_connections(self) -> None:
        """Mark the connections open in this thread's network namespace, or settle them after ``walks_settle``.

        Raises:
            BpfUnavailableError: they cannot be walked.
        """
        for _ in self._object.iterate("open_connections"):
            pass

    def stock_is_taken(self) -> None:
        """Every connection that was open before the run is marked, and every listener known."""
        self._set(STOCK_TAKEN_AT, 1)

    def walks_settle(self) -> None:
        """The run ends: walks count what is open still."""
        self._set(WALK_STOPS_AT, 1)

    def _set(self, at: int, value: int) -> None:
        self._state[at : at + 4] = value.to_bytes(4, "little")

    def detach(self) -> None:
        """Let the host go; what was counted stays readable."""
        self._object.detach()

    def release(self) -> None:
        """Detach, and give all memory back: nothing of this may be used any more."""
        for view in self._views:
            view.release()
        self._object.close()
