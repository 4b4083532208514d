"""What the flows of a capture come to, as the endpoints that rules judge. Memory does not grow with the flows."""

from collections.abc import Iterator

import msgspec

from javert.formats.addresses import is_loopback
from javert.model.telemetry import Endpoint, ProtocolUse, Role, Transport
from javert.protocols.interface import Protocol, Verdict
from javert.rules.cleartext import LOGIN_PROTOCOLS, OTHER_PROTOCOLS
from javert.sensors.flow_table import Flow

MOST_PAIRS = 50_000
"""So many pairs of a client and a service that spoke in the clear are told apart, and a third of it of others."""

_LAST_MOMENT = 253_402_300_799.0
"""The end of the year 9999: a damaged packet may say anything of its time."""

_Key = tuple[Transport, str, str, int]
_Service = tuple[Transport, str, int, bool]


class _Use:
    __slots__ = ("first_seen", "flows", "last_seen")

    def __init__(self) -> None:
        self.flows = 0
        self.first_seen = _LAST_MOMENT
        self.last_seen = 0.0

    def add(self, flows: int, first_seen: float, last_seen: float) -> None:
        self.flows += flows
        self.first_seen = min(self.first_seen, first_seen)
        self.last_seen = max(self.last_seen, last_seen)


class _Pair:
    """What a client had to do with a service, or, put together, all clients with it."""

    __slots__ = ("completed", "refused", "sampled", "to_client", "to_server", "uses", "when")

    def __init__(self) -> None:
        self.completed = self.refused = self.sampled = self.to_server = self.to_client = 0
        self.uses: dict[Verdict, _Use] = {}
        self.when = _Use()

    def add(self, flow: Flow, first_seen: float, last_seen: float) -> None:
        self.when.add(1, first_seen, last_seen)
        if not flow.completed:
            self.refused += 1
            return
        self.completed += 1
        self.to_server += flow.bytes_to_server
        self.to_client += flow.bytes_to_client
        self.sampled += bool(flow.bytes_to_server or flow.bytes_to_client)
        if flow.verdict.protocol is not Protocol.UNKNOWN:
            self.uses.setdefault(flow.verdict, _Use()).add(1, first_seen, last_seen)

    def merge(self, other: "_Pair") -> None:
        self.when.add(0, other.when.first_seen, other.when.last_seen)
        for count in ("completed", "refused", "sampled", "to_server", "to_client"):
            setattr(self, count, getattr(self, count) + getattr(other, count))
        for verdict, use in other.uses.items():
            self.uses.setdefault(verdict, _Use()).add(use.flows, use.first_seen, use.last_seen)


class Traffic:
    """Adds flows up by client and service.

    Pairs that never spoke in the clear matter to nothing but the coverage: beyond a fixed number they are dropped,
    so that a scan of a network, which is millions of pairs, takes no memory. Of those that did, beyond a larger
    number the flows are only counted.

    Args:
        most_pairs: how many pairs that spoke in the clear to tell apart.

    Attributes:
        flows: how many were added. with_payload, identified: how many of them carry payload, and were told.
        unjudged: cleartext flows of pairs beyond the bound.
    """

    def __init__(self, most_pairs: int = MOST_PAIRS) -> None:
        self._most_pairs = most_pairs
        self._telling: dict[_Key, _Pair] = {}
        self._quiet: dict[_Key, _Pair] = {}
        self.flows = self.with_payload = self.identified = self.unjudged = 0
        self._when = _Use()

    @property
    def first_seen(self) -> float:
        """When the first flow began, seconds since the epoch; 0 without any."""
        return self._when.first_seen if self.flows else 0.0

    @property
    def last_seen(self) -> float:
        """When the last packet of a flow came, seconds since the epoch; 0 without any."""
        return self._when.last_seen

    def add(self, flow: Flow) -> None:
        """Count a flow."""
        first_seen, last_seen = _possible(flow.first_seen), _possible(flow.last_seen)
        self.flows += 1
        self._when.add(1, first_seen, last_seen)
        self.with_payload += bool(flow.bytes_to_server or flow.bytes_to_client)
        self.identified += flow.verdict.protocol is not Protocol.UNKNOWN
        pair = self._pair(flow)
        if pair is not None:
            pair.add(flow, first_seen, last_seen)

    def _pair(self, flow: Flow) -> _Pair | None:
        key = (flow.transport, flow.client_address, flow.server_address, flow.server_port)
        pair = self._telling.get(key)
        if pair is not None:
            return pair
        if not _insecure(flow.verdict):
            pair = self._quiet.get(key)
            if pair is None and len(self._quiet) < self._most_pairs // 3:
                pair = self._quiet[key] = _Pair()
            return pair
        if len(self._telling) >= self._most_pairs:
            self.unjudged += 1
            return None
        pair = self._quiet.pop(key) if key in self._quiet else _Pair()
        self._telling[key] = pair
        return pair

    def endpoints(self) -> Iterator[Endpoint]:
        """A record for each client of each service, and one for each service (two, if clients of loopback came)."""
        services: dict[_Service, _Pair] = {}
        number = 0
        for pairs in (self._telling, self._quiet):
            for (transport, client, address, port), pair in pairs.items():
                local = is_loopback(client) or client == address
                services.setdefault((transport, address, port, local), _Pair()).merge(pair)
                number += 1
                record = _endpoint(number, Role.CLIENT, (transport, address, port), pair)
                yield msgspec.structs.replace(record, client=client)
        for (transport, address, port, local), pair in services.items():
            number += 1
            record = _endpoint(number, Role.SERVER, (transport, address, port), pair)
            yield msgspec.structs.replace(record, peer_loopback=local)


def _insecure(verdict: Verdict) -> bool:
    return verdict.encryption.cleartext and verdict.protocol.value in LOGIN_PROTOCOLS | OTHER_PROTOCOLS


def _possible(time: float) -> float:
    return min(max(time, 0.0), _LAST_MOMENT)


def _endpoint(number: int, role: Role, service: tuple[Transport, str, int], pair: _Pair) -> Endpoint:
    transport, address, port = service
    client = role is Role.CLIENT
    return Endpoint(
        id=number,
        role=role,
        transport=transport,
        network_namespace=0,
        address=address,
        port=port,
        connections=pair.completed,
        refused=pair.refused,
        bytes_out=pair.to_server if client else pair.to_client,
        bytes_in=pair.to_client if client else pair.to_server,
        first_seen=pair.when.first_seen,
        last_seen=pair.when.last_seen,
        sampled=pair.sampled,
        uses=tuple(
            ProtocolUse(
                protocol=verdict.protocol.value,
                encryption=verdict.encryption,
                credentials_exposed=verdict.credentials_exposed,
                account_login=verdict.account_login,
                redirect_only=verdict.redirect_only,
                flows=use.flows,
                first_seen=use.first_seen,
                last_seen=use.last_seen,
            )
            for verdict, use in pair.uses.items()
        ),
    )
