"""What a sensor is."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from javert.model.rule_id import RuleId
from javert.model.telemetry import AnyRecord, SensorReport

Emit = Callable[[AnyRecord], None]
"""Takes a record into the journal. Safe to call from any thread."""


def nowhere(_record: AnyRecord) -> None:
    """Takes records before a sensor has started: there are none."""


class ProbeChoice(msgspec.Struct, frozen=True, kw_only=True):
    """Which services may be asked what they accept, beside those that are never asked.

    Attributes:
        spared: none at these ports.
        only: only those at these ports; empty means all.
    """

    spared: frozenset[int] = frozenset()
    only: frozenset[int] = frozenset()


class SensorOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator asked of the sensors.

    Attributes:
        rules: only these rules will be evaluated; sensors nobody needs do not start.
        scan_roots: where the file scan looks; empty means every local file system.
        planned_s: how long the run is meant to last, seconds.
        scan_skip: files and directories that the file scan leaves out.
        one_file_system: the file scan stays on the file systems of its roots.
        probes: which services are asked what they accept; None for none.
        state_directory: where sensors keep what later runs can use; "" for nowhere.
    """

    rules: tuple[RuleId, ...]
    scan_roots: tuple[str, ...] = ()
    planned_s: float = 3600.0
    scan_skip: tuple[str, ...] = ()
    one_file_system: bool = False
    state_directory: str = ""
    probes: ProbeChoice | None = None


class Sensor(Protocol):
    """One way of looking at the host.

    The run calls ``start`` once, then ``poll`` several times a second and ``flush`` at least every 5 s from one
    thread, and ``stop`` once, also after an interruption. What a sensor cannot see it emits as ``Limitation``.
    """

    @property
    def name(self) -> str:
        """What reports and exclusions call the sensor."""

    def start(self, emit: Emit) -> None:
        """Begin; returns once everything that happens from now on is seen.

        Raises:
            SensorError: nothing can be seen by this sensor; it has let go of the host again (``stop`` is not
                called) and the run goes on without it, with an exclusion for the rules in ``report().rules``.
        """

    def poll(self) -> None:
        """Take in what has happened; cheap when nothing has."""

    def flush(self) -> None:
        """Emit the cumulative records that changed since the last flush."""

    def stop(self) -> None:
        """Take the last look, emit everything that is left, and let go of the host. Never raises SensorError."""

    def report(self) -> SensorReport:
        """What it did so far."""
