"""The services of which it is not known what they accept, and why."""

from javert.formats.addresses import authority
from javert.model.telemetry import Acceptance, Endpoint, Listener, ProbeOutcome, Role, ServiceProbe, Transport
from javert.model.view import Telemetry
from javert.rules.reach import Reach, published, serves
from javert.rules.services import ListenerPlace, doors, place_of
from javert.rules.who import find

_Port = tuple[int, Transport, int]


def unjudged(telemetry: Telemetry, reach: Reach) -> dict[str, list[str]]:
    """The services of which it is not known what they accept, by the reason: a ``ProbeOutcome``, or another word.

    "undecided" where a service turned Javert away too early, "unasked" where it was not there long enough, and ""
    where services were not to be asked at all. A port published for a container is judged with what is behind it.
    Each is told by its address and port and, in parentheses, its process, its container and what it speaks.
    """
    told = _told(telemetry)
    probes = {place_of(probe): probe for probe in telemetry.probes}
    shown_elsewhere = doors(telemetry)
    found: dict[str, dict[ListenerPlace, str]] = {}
    for listener in telemetry.listeners:
        probe = probes.get(place_of(listener))
        if place_of(listener) in shown_elsewhere or (listener.transport is Transport.UDP and probe is None):
            continue  # a client's UDP socket looks the same; which may be a service is the sensor's to say
        both = (listener, *published((listener,), telemetry))
        reason, *others = (_reason(probes.get(place_of(one)), probing=telemetry.started.probing) for one in both)
        if reason is not None and None not in others and not any(_spoke(one, told) for one in both):
            found.setdefault(reason, {})[place_of(listener)] = _named(both, probe, telemetry, reach)
    return {reason: sorted(places.values()) for reason, places in found.items()}


def _told(telemetry: Telemetry) -> dict[_Port, list[Endpoint]]:
    """By port, the traffic from which it is known what a service speaks."""
    told: dict[_Port, list[Endpoint]] = {}
    for endpoint in telemetry.endpoints:
        known = any(use.protocol != "unknown" for use in endpoint.uses)
        if endpoint.role is Role.SERVER and not endpoint.prompted and known:
            port = (endpoint.network_namespace, endpoint.transport, endpoint.port)
            told.setdefault(port, []).append(endpoint)
    return told


def _spoke(listener: Listener, told: dict[_Port, list[Endpoint]]) -> bool:
    there = told.get((listener.network_namespace, listener.transport, listener.port), ())
    return any(serves(listener, endpoint) for endpoint in there)


def _reason(probe: ServiceProbe | None, *, probing: bool) -> str | None:
    if probe is None:
        return "unasked" if probing else ""
    if probe.outcome is not ProbeOutcome.ANSWERED:
        return probe.outcome.value
    decided = any(answer.acceptance is not Acceptance.UNDECIDED for answer in probe.answers)
    return None if decided else "undecided"


def _named(both: tuple[Listener, ...], probe: ServiceProbe | None, telemetry: Telemetry, reach: Reach) -> str:
    listener, server = both[0], both[-1]
    udp = "/udp" if listener.transport is Transport.UDP else ""
    process = next((one for key in server.processes if (one := find(telemetry, key))), None)
    protocols = sorted({answer.protocol for answer in probe.answers}) if probe else []
    names = [process.name if process else "", reach.label(listener.network_namespace), *protocols]
    described = ", ".join(filter(None, names))
    return authority(listener.address, listener.port) + udp + (f" ({described})" if described else "")
