"""Records of the run itself: how it began and ended, what sensors did and could not look at."""

import msgspec

from javert.model.rule_id import RuleId
from javert.model.telemetry.record import Record


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """The assessed host.

    Attributes:
        os: "linux" or "windows".
        kernel: release as ``uname -r`` prints it.
        architecture: as ``uname -m`` prints it.
        addresses: the addresses of the host's own (initial) network namespace, loopback left out.
        libc: name and version of the C library, for instance "glibc 2.36"; "" where unknown.
        contained: Javert ran in a container and saw that alone.
        no_execute_off: why no memory can be protected from execution: "processor" or a kernel parameter.
    """

    hostname: str
    os: str
    kernel: str
    architecture: str
    addresses: tuple[str, ...] = ()
    os_name: str = ""
    libc: str = ""
    no_execute_off: str = ""
    contained: bool = False


class RunStarted(Record, frozen=True, kw_only=True):
    """First line of every journal.

    Attributes:
        planned_s: how long collection was meant to last, seconds.
        rules: the rules that were asked for.
        scan_roots: where the file scan was told to look; empty means every local file system.
        probing: services were to be asked what they accept.
        privileged: whether the sensors ran as root.
        capture: the telemetry was read from a capture file, which ``host`` names: there is neither a host nor a
            process, and the times are those of the packets.
    """

    run_id: str
    javert_version: str
    started_at: float
    planned_s: float
    host: Host
    rules: tuple[RuleId, ...]
    scan_roots: tuple[str, ...] = ()
    privileged: bool = True
    capture: bool = False
    probing: bool = False


class RunEnded(Record, frozen=True, kw_only=True):
    """Last line of the journal of a run whose collection ended by itself or by Ctrl-C; missing after a crash.

    Attributes:
        asleep_s: how long the host was suspended meanwhile, seconds; nothing happened then, and nothing was seen.
    """

    ended_at: float
    interrupted: bool = False
    asleep_s: float = 0.0


class Heartbeat(Record, frozen=True, kw_only=True):
    """Proof that collection was alive at ``at``; the last one dates the end of a run that crashed."""

    at: float


class SensorReport(Record, frozen=True, kw_only=True):
    """What a sensor did. Replaced by later reports of the same name.

    Attributes:
        records: how many events or records it took in.
        lost: how many it knows it lost, for instance because a kernel buffer was full.
        rules: the rules whose answer rests on it; empty means every rule that was asked for.
    """

    name: str
    started_at: float
    ended_at: float | None = None
    records: int = 0
    lost: int = 0
    rules: tuple[RuleId, ...] = ()


class Limitation(Record, frozen=True, kw_only=True):
    """Something a sensor could not look at. Becomes an exclusion for each rule it touches.

    Attributes:
        code: catalogue key: texts are ``limitation.<code>``.
        rules: the rules whose answer is less complete for it.
        scope: what is affected (a path, a namespace, "the host"); "" means the host.
        params: values for the texts.
        blinds: the rules had nothing to look at, so without a finding they are NOT_AVAILABLE, not CLEAR.
    """

    code: str
    rules: tuple[RuleId, ...]
    scope: str = ""
    params: dict[str, str] = msgspec.field(default_factory=dict)
    blinds: bool = False
