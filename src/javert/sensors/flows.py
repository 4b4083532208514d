"""Classifies the first segments of flows and counts, for each endpoint, what its flows turned out to be.

Payload lives here and in the sessions for as long as a flow is undecided, in memory only, and is then dropped.
"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import NamedTuple

from javert.model.telemetry import Encryption, Evidence, ProtocolUse, Role, Transport
from javert.protocols.interface import Direction, FlowHint, Protocol, Verdict
from javert.protocols.session import Session

ACTIVE_FLOWS = 1024
"""Sessions kept open at once; the oldest makes room with the verdict it has."""
_REMEMBERED = 16384
"""Decided flows whose further segments are known to be of no interest."""
SETTLED_AFTER = 24
"""So many decided flows of an endpoint that all say the same settle it."""


class FlowOrigin(NamedTuple):
    """Where a segment belongs. ``midstream``: the flow was open before the run."""

    endpoint: int
    role: Role
    transport: Transport
    server_port: int
    midstream: bool


class Segment(NamedTuple):
    """Payload of one segment or datagram.

    Attributes:
        to_server: the client sent it.
        offset: position in its direction's stream; meaningless for UDP.
        data: the payload or its beginning.
        length: of the payload on the wire, bytes.
        at: when, seconds since the epoch.
    """

    to_server: bool
    offset: int
    data: bytes
    length: int
    at: float


class _Active:
    __slots__ = ("answered", "first", "last", "origin", "session")

    def __init__(self, origin: FlowOrigin, now: float) -> None:
        hint = FlowHint(transport=origin.transport, server_port=origin.server_port, midstream=origin.midstream)
        self.session = Session(hint)
        self.origin = origin
        self.answered = False
        self.first = self.last = now

    @property
    def waits_for_answer(self) -> bool:
        """A datagram alone does not show that a service takes it; only syslog has no answers (RFC 5426)."""
        unanswered = (
            self.origin.transport is Transport.UDP and self.origin.role is Role.SERVER and not self.answered
        )
        return unanswered and self.session.verdict().protocol is not Protocol.SYSLOG


class _Tally(NamedTuple):
    flows: int
    first: float
    last: float


class FlowReader:
    """Follows the sampled flows of all endpoints."""

    def __init__(self) -> None:
        self._active: OrderedDict[Hashable, _Active] = OrderedDict()
        self._decided: OrderedDict[Hashable, None] = OrderedDict()
        self._tallies: dict[int, dict[tuple[Verdict, Evidence], _Tally]] = {}
        self._open: dict[int, dict[Hashable, _Active]] = {}
        self._changed: set[int] = set()
        self.settled: set[int] = set()
        """Endpoints whose decided flows all say the same; the caller may look at fewer of them."""

    def take(self, flow: Hashable, origin: FlowOrigin, segment: Segment) -> None:
        """Take in a segment of a flow.

        Args:
            flow: identifies the flow for good, for instance by its socket's cookie.
            origin: what the flow belongs to.
            segment: what came.
        """
        active = self._active.get(flow)
        if active is None:
            if flow in self._decided:
                return
            active = self._begin(flow, origin, segment.at)
        self._changed.add(origin.endpoint)
        active.last = segment.at
        direction = Direction.TO_SERVER if segment.to_server else Direction.TO_CLIENT
        if origin.transport is Transport.TCP:
            active.session.segment(direction, segment.offset, segment.data, segment.length)
        else:
            active.session.datagram(direction, segment.data, segment.length)
        active.answered = active.answered or not segment.to_server
        if active.session.decided and not active.waits_for_answer:
            self._finish(flow)

    def take_changed(self) -> set[int]:
        """The endpoints of which something was read since this was last asked."""
        changed, self._changed = self._changed, set()
        return changed

    def uses(self, endpoint: int) -> tuple[ProtocolUse, ...]:
        """What the endpoint's flows are, as far as known; flows of which nothing is known yet are left out."""
        tallies = dict(self._tallies.get(endpoint, {}))
        for active in self._open.get(endpoint, {}).values():
            _add(tallies, active)
        return tuple(
            ProtocolUse(
                protocol=verdict.protocol.value,
                encryption=verdict.encryption,
                evidence=evidence,
                credentials_exposed=verdict.credentials_exposed,
                account_login=verdict.account_login,
                redirect_only=verdict.redirect_only,
                flows=tally.flows,
                first_seen=tally.first,
                last_seen=tally.last,
            )
            for (verdict, evidence), tally in tallies.items()
        )

    def _begin(self, flow: Hashable, origin: FlowOrigin, now: float) -> _Active:
        if len(self._active) >= ACTIVE_FLOWS:
            self._finish(next(iter(self._active)))
        active = self._active[flow] = _Active(origin, now)
        self._open.setdefault(origin.endpoint, {})[flow] = active
        return active

    def _finish(self, flow: Hashable) -> None:
        active = self._active.pop(flow)
        endpoint = active.origin.endpoint
        siblings = self._open[endpoint]
        del siblings[flow]
        if not siblings:
            del self._open[endpoint]
        self._decided[flow] = None
        if len(self._decided) > _REMEMBERED:
            self._decided.popitem(last=False)
        tallies = self._tallies.setdefault(endpoint, {})
        _add(tallies, active)
        if len(tallies) == 1 and next(iter(tallies.values())).flows >= SETTLED_AFTER:
            self.settled.add(endpoint)
        elif endpoint in self.settled and len(tallies) > 1:
            self.settled.discard(endpoint)


def _add(tallies: dict[tuple[Verdict, Evidence], _Tally], active: _Active) -> None:
    verdict = active.session.verdict()
    unknown = verdict.protocol is Protocol.UNKNOWN or active.waits_for_answer
    # A flow joined midway may not show what it is; rules may then go by its port, and say so.
    evidence = Evidence.PORT if unknown and active.origin.midstream else Evidence.PAYLOAD
    if unknown:
        verdict = Verdict(protocol=Protocol.UNKNOWN, encryption=Encryption.UNKNOWN)
    tally = tallies.get((verdict, evidence))
    tallies[verdict, evidence] = (
        _Tally(tally.flows + 1, min(tally.first, active.first), max(tally.last, active.last))
        if tally
        else _Tally(1, active.first, active.last)
    )
