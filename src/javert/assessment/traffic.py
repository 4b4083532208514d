"""What the flows of a capture come to, as the endpoints that rules judge. Memory does not grow with the flows."""

from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec

from javert.formats.addresses import is_loopback
from javert.model.telemetry import Endpoint, ProtocolUse, Role, Transport
from javert.protocols.interface import Protocol, Verdict
from javert.rules.cleartext import INSECURE_PROTOCOLS
from javert.sensors.flow_table import Flow

MOST = 10_000
"""So many clients of services, and so many services, are told apart. A finding takes 7 KB until it is written."""

_LAST_MOMENT = 253_402_300_799.0
"""The end of the year 9999: a damaged packet may say anything of its time."""

_NOTHING = Verdict(protocol=Protocol.UNKNOWN)

_Client = tuple[Transport, str, int, str]
"""Transport, address and port of a service, address of the client."""
_Service = tuple[Transport, str, int, bool]
"""Transport, address and port of a service, and whether its clients are on the same machine."""
Key = TypeVar("Key", _Client, _Service)


class _Use:
    __slots__ = ("first_seen", "flows", "last_seen")

    def __init__(self) -> None:
        self.flows = 0
        self.first_seen = _LAST_MOMENT
        self.last_seen = 0.0

    def add(self, first_seen: float, last_seen: float) -> None:
        self.flows += 1
        # ``min`` and ``max`` take four times as long, and there may be millions of flows.
        if first_seen < self.first_seen:  # noqa: PLR1730
            self.first_seen = first_seen
        if last_seen > self.last_seen:  # noqa: PLR1730
            self.last_seen = last_seen


class _Entry:
    """What a client had to do with a service, or all clients with it."""

    __slots__ = ("completed", "refused", "sampled", "to_client", "to_server", "uses", "when")

    def __init__(self) -> None:
        self.completed = self.refused = self.sampled = self.to_server = self.to_client = 0
        self.uses: dict[Verdict, _Use] = {}
        self.when = _Use()

    def add(self, flow: Flow, first_seen: float, last_seen: float) -> None:
        self.when.add(first_seen, last_seen)
        if not flow.completed:
            self.refused += 1
            return
        self.completed += 1
        self.to_server += flow.bytes_to_server
        self.to_client += flow.bytes_to_client
        self.sampled += bool(flow.bytes_to_server or flow.bytes_to_client)
        verdict = flow.verdict
        if verdict.protocol is not Protocol.UNKNOWN:
            use = self.uses.get(verdict)
            if use is None:
                use = self.uses[verdict] = _Use()
            use.add(first_seen, last_seen)


class _Book(Generic[Key]):
    """Entries by key: so many that spoke in the clear, so many that did not, and no more.

    Those that did not matter to little but the coverage, so beyond the number they are dropped: a scan of a
    network, which is millions of them, cannot crowd out the others.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._telling: dict[Key, _Entry] = {}
        self._quiet: dict[Key, _Entry] = {}
        self.left_out = 0

    def add(self, key: Key, flow: Flow, first_seen: float, last_seen: float) -> None:
        entry = self._entry(key, flow.verdict)
        if entry is not None:
            entry.add(flow, first_seen, last_seen)

    def _entry(self, key: Key, verdict: Verdict) -> _Entry | None:
        entry = self._telling.get(key)
        if entry is not None:
            return entry
        if not _insecure(verdict):
            entry = self._quiet.get(key)
            if entry is None and len(self._quiet) < self._most:
                entry = self._quiet[key] = _Entry()
            return entry
        if len(self._telling) >= self._most:
            self.left_out += 1
            return None
        entry = self._quiet.pop(key) if key in self._quiet else _Entry()
        self._telling[key] = entry
        return entry

    def __iter__(self) -> Iterator[tuple[Key, _Entry]]:
        yield from self._telling.items()
        yield from self._quiet.items()


class Traffic:
    """Adds flows up, by the client of a service and by the service alone.

    Args:
        most: how many clients, and how many services, are told apart.

    Attributes:
        flows: how many were added. with_payload, identified: how many of them carry payload, and were told.
    """

    def __init__(self, most: int = MOST) -> None:
        self._clients: _Book[_Client] = _Book(most)
        self._services: _Book[_Service] = _Book(most)
        self.flows = self.with_payload = self.identified = 0
        self._when = _Use()

    @property
    def first_seen(self) -> float:
        """When the first flow began, seconds since the epoch; 0 without any."""
        return self._when.first_seen if self.flows else 0.0

    @property
    def last_seen(self) -> float:
        """When the last packet of a flow came, seconds since the epoch; 0 without any."""
        return self._when.last_seen

    @property
    def clients_left_out(self) -> int:
        """Cleartext flows of clients beyond the number that is told apart."""
        return self._clients.left_out

    @property
    def services_left_out(self) -> int:
        """Cleartext flows of services beyond the number that is told apart."""
        return self._services.left_out

    def add(self, flow: Flow) -> None:
        """Count a flow."""
        first_seen, last_seen = _possible(flow.first_seen), _possible(flow.last_seen)
        self.flows += 1
        self._when.add(first_seen, last_seen)
        self.with_payload += bool(flow.bytes_to_server or flow.bytes_to_client)
        self.identified += flow.verdict.protocol is not Protocol.UNKNOWN
        client, server = flow.client_address, flow.server_address
        local = client == server or is_loopback(client)
        self._clients.add((flow.transport, server, flow.server_port, client), flow, first_seen, last_seen)
        if _unanswered(flow):
            flow = msgspec.structs.replace(flow, completed=False, verdict=_NOTHING)
        self._services.add((flow.transport, server, flow.server_port, local), flow, first_seen, last_seen)

    def endpoints(self) -> Iterator[Endpoint]:
        """A record for each client of each service, and one for each service (two, if clients of loopback came)."""
        number = 0
        for (transport, address, port, client), entry in self._clients:
            number += 1
            yield _endpoint(number, Role.CLIENT, (transport, address, port), entry, client=client)
        for (transport, address, port, local), entry in self._services:
            number += 1
            yield _endpoint(number, Role.SERVER, (transport, address, port), entry, peer_loopback=local)


def _insecure(verdict: Verdict) -> bool:
    return verdict.protocol in INSECURE_PROTOCOLS and verdict.encryption.cleartext


def _unanswered(flow: Flow) -> bool:
    """Datagrams alone do not show that a service is there; only syslog has no answers (RFC 5426)."""
    one_way = flow.transport is Transport.UDP and not flow.bytes_to_client
    return one_way and flow.verdict.protocol is not Protocol.SYSLOG


def _possible(time: float) -> float:
    return time if 0.0 <= time <= _LAST_MOMENT else min(max(time, 0.0), _LAST_MOMENT)


def _endpoint(
    number: int,
    role: Role,
    service: tuple[Transport, str, int],
    entry: _Entry,
    *,
    client: str = "",
    peer_loopback: bool = False,
) -> Endpoint:
    transport, address, port = service
    calls = role is Role.CLIENT
    return Endpoint(
        id=number,
        role=role,
        transport=transport,
        network_namespace=0,
        address=address,
        port=port,
        connections=entry.completed,
        refused=entry.refused,
        bytes_out=entry.to_server if calls else entry.to_client,
        bytes_in=entry.to_client if calls else entry.to_server,
        first_seen=entry.when.first_seen,
        last_seen=entry.when.last_seen,
        sampled=entry.sampled,
        client=client,
        peer_loopback=peer_loopback,
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
            for verdict, use in entry.uses.items()
        ),
    )
