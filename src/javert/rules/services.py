"""What each service of the host speaks: what its clients were seen to say, and what it answered to Javert."""

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from javert.formats.addresses import is_unspecified
from javert.model.telemetry import (
    Acceptance,
    Encryption,
    Endpoint,
    Evidence,
    Listener,
    ProbeAnswer,
    ProtocolUse,
    Role,
    ServiceProbe,
    Transport,
)
from javert.model.view import Telemetry
from javert.rules.cleartext import SERVED_PROTOCOLS, protocol_of
from javert.rules.reach import published, serves

ListenerPlace = tuple[int, Transport, str, int]
"""Network namespace, transport, address and port."""

_SNMP = {"snmpv1": "snmp-v1", "snmpv2c": "snmp-v2c"}


class Service(NamedTuple):
    """A protocol at a place; ``address`` is "*" for every address of the namespace."""

    network_namespace: int
    transport: str
    port: int
    address: str
    protocol: str


class Spoken(msgspec.Struct):
    """What is known of a service.

    Attributes:
        listener: where it is reached; of a port published for a container the one on the host.
        behind: the container's own listener then.
        uses: cleartext flows of clients; ``endpoints`` are theirs.
        upgraded: how many other flows went on with TLS.
        answers: what it answered to Javert, in this protocol or, where a port speaks only TLS, in that.
        asked_at: when, seconds since the epoch.
        without_privacy: (SNMP) version 3 is answered unencrypted.
    """

    listener: Listener | None
    behind: Listener | None = None
    endpoints: list[Endpoint] = []
    uses: list[ProtocolUse] = []
    upgraded: int = 0
    answers: list[ProbeAnswer] = []
    asked_at: list[float] = []
    without_privacy: bool = False

    @property
    def accepting(self) -> list[ProbeAnswer]:
        """The answers that show that it goes on in the clear."""
        return [answer for answer in self.answers if answer.acceptance.insecure]

    @property
    def refusing(self) -> bool:
        """It demanded TLS of Javert."""
        return any(answer.acceptance in (Acceptance.TLS_REQUIRED, Acceptance.TLS_ONLY) for answer in self.answers)

    @property
    def contradicted(self) -> bool:
        """It demanded TLS of Javert, and yet a client's credential came in the clear."""
        return self.refusing and not self.accepting and any(use.credentials_exposed for use in self.uses)

    def verdict(self, protocol: str) -> str | None:
        """What it accepts, as a finding says; None where that is none.

        Asking tells more than watching: a session in the clear that ended before anything was at stake shows
        nothing of a service that demands TLS of Javert. A credential in the clear does, whoever is to blame. Where
        both accept, the worse of the two counts.
        """
        if not self.accepting and (not self.uses or (self.refusing and not self.contradicted)):
            return None
        if protocol in _SNMP:
            return _SNMP[protocol]
        offered = any(use.encryption is Encryption.OFFERED_NOT_USED for use in self.uses)
        optional = any(answer.acceptance is Acceptance.TLS_OPTIONAL for answer in self.accepting)
        if self.upgraded or offered or optional or self.refusing:
            return "tls-optional"
        redirecting = all(answer.acceptance is Acceptance.REDIRECT_ONLY for answer in self.accepting)
        if redirecting and all(use.redirect_only for use in self.uses):
            return "redirect-only"
        return "cleartext-only"

    @property
    def connections(self) -> int:
        """How many came. What the holder of a published port took, it handed on: that came to the container."""
        endpoints = list({endpoint.id: endpoint for endpoint in self.endpoints}.values())
        if self.behind is not None:
            within = self.behind.network_namespace
            endpoints = [one for one in endpoints if one.network_namespace == within] or endpoints
        return sum(endpoint.connections for endpoint in endpoints)

    @property
    def evidence(self) -> tuple[str, ...]:
        """By what it is known to accept sessions in the clear."""
        return (("observed",) if self.uses else ()) + (("probed",) if self.accepting else ())


def services(telemetry: Telemetry) -> dict[Service, Spoken]:
    """Every protocol that a service was seen to speak in the clear, or said that it speaks."""
    book, listeners = _Book(telemetry), _Listeners(telemetry)
    for endpoint in telemetry.endpoints:
        if endpoint.role is Role.SERVER and endpoint.connections and not endpoint.prompted:
            _observe(book, endpoint, listeners.of(endpoint))
    asked = {place_of(listener): listener for listener in telemetry.listeners}
    for probe in telemetry.probes:
        _ask(book, probe, asked.get(place_of(probe)))
    return book.found


class _Book:
    """Every service, under where it is shown: one of a container at each port of the host published for it."""

    def __init__(self, telemetry: Telemetry) -> None:
        self.found: dict[Service, Spoken] = {}
        self._doors = doors(telemetry)

    def entries(self, record: Endpoint | ServiceProbe, listener: Listener | None, protocol: str) -> list[Spoken]:
        """What is known so far of the services that ``record`` tells of; it came from, or went to, ``listener``."""
        doors = self._doors.get(place_of(listener), ()) if listener else ()
        if listener is None or not doors:
            address = listener.address if listener else record.address
            service = Service(
                record.network_namespace, record.transport.value, record.port, _place(address), protocol
            )
            return [self.found.setdefault(service, Spoken(listener))]
        found: dict[Service, Spoken] = {}
        for door in doors:
            service = Service(
                door.network_namespace, door.transport.value, door.port, _place(door.address), protocol
            )
            found[service] = self.found.setdefault(service, Spoken(door))
            found[service].behind = listener
        return list(found.values())


def doors(telemetry: Telemetry) -> Mapping[ListenerPlace, list[Listener]]:
    """For listeners in containers those that hold a port of the host for them."""
    found: dict[ListenerPlace, list[Listener]] = defaultdict(list)
    for holder in telemetry.listeners:
        for inside in published((holder,), telemetry):
            found[place_of(inside)].append(holder)
    return found


def _observe(book: _Book, endpoint: Endpoint, listener: Listener | None) -> None:
    for use in endpoint.uses:
        # A port number says nothing of what a service accepts.
        if use.evidence is not Evidence.PAYLOAD:
            continue
        for one in book.entries(endpoint, listener, use.protocol):
            if use.encryption is Encryption.UPGRADED:
                one.upgraded += use.flows
            elif protocol_of(endpoint, use) is not None:
                one.uses.append(use)
                one.endpoints.append(endpoint)


def _ask(book: _Book, probe: ServiceProbe, listener: Listener | None) -> None:
    without_privacy = any(answer.without_privacy for answer in probe.answers)
    for answer in probe.answers:
        # A port at which only TLS is spoken was asked for HTTP in the clear too, and refused it.
        only_tls = answer.protocol == "tls" and answer.acceptance is Acceptance.TLS_ONLY
        protocols = ("tls", "http") if only_tls else (answer.protocol,)
        for protocol in protocols:
            for one in book.entries(probe, listener, protocol):
                one.answers.append(answer)
                one.asked_at.append(probe.at)
                one.without_privacy = one.without_privacy or without_privacy


def reportable(service: Service) -> bool:
    """Whether the rule has a finding for the protocol at all."""
    return service.protocol in SERVED_PROTOCOLS


class _Listeners:
    """Finds the listener that traffic came to, however many there are."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._by_port: dict[tuple[int, Transport, int], list[Listener]] = defaultdict(list)
        for listener in telemetry.listeners:
            self._by_port[listener.network_namespace, listener.transport, listener.port].append(listener)

    def of(self, endpoint: Endpoint) -> Listener | None:
        """The one bound to the very address before one bound to all; None if there is none."""
        there = self._by_port.get((endpoint.network_namespace, endpoint.transport, endpoint.port), ())
        fitting = [listener for listener in there if serves(listener, endpoint)]
        return min(fitting, key=lambda one: (is_unspecified(one.address), not one.processes), default=None)


def place_of(record: Listener | ServiceProbe) -> ListenerPlace:
    """Where a listener is; a probe of it has the same place."""
    return record.network_namespace, record.transport, record.address, record.port


def _place(address: str) -> str:
    return "*" if is_unspecified(address) else address
