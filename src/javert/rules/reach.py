"""Where traffic goes and from where a listener can be reached: design, section 6."""

from collections.abc import Iterable
from enum import StrEnum

from javert.formats.addresses import is_loopback, is_unspecified
from javert.model.rule_id import RuleId
from javert.model.telemetry import Endpoint, Listener, PublishedPort
from javert.model.view import Telemetry


class Distance(StrEnum):
    """How far from the client a service is."""

    LOCAL = "local"
    SAME_HOST = "same-host"
    REMOTE = "remote"


class Exposure(StrEnum):
    """From where a listener can be reached."""

    LOOPBACK = "loopback"
    HOST = "host"
    CONTAINER = "container"


class Reach:
    """Tells the addresses of a host and of its containers from all others."""

    def __init__(self, telemetry: Telemetry) -> None:
        namespaces = telemetry.namespaces.values()
        self._by_namespace = {namespace.inode: frozenset(namespace.addresses) for namespace in namespaces}
        self._of_host = frozenset(
            address for namespace in namespaces if namespace.initial for address in namespace.addresses
        )
        self._anywhere = frozenset(address for addresses in self._by_namespace.values() for address in addresses)
        self._initial = frozenset(namespace.inode for namespace in namespaces if namespace.initial)
        self._names = {namespace.inode: namespace.name for namespace in namespaces}

    def distance(self, client: Endpoint) -> Distance:
        """How far the service is that a client endpoint names.

        Loopback, the client's own addresses and the host's own are local. A container's address is not, seen from
        the host or from another container. In a capture, what a client says to its own address or from loopback is
        local.
        """
        address = client.address
        if is_loopback(address) or is_unspecified(address):
            return Distance.LOCAL
        if client.client and (client.client == address or is_loopback(client.client)):
            return Distance.LOCAL
        if address in self._by_namespace.get(client.network_namespace, ()) or address in self._of_host:
            return Distance.LOCAL
        return Distance.SAME_HOST if address in self._anywhere else Distance.REMOTE

    def exposure(self, listener: Listener) -> Exposure:
        """From where the listener can be reached."""
        if is_loopback(listener.address):
            return Exposure.LOOPBACK
        # Nothing known of the namespaces at all (no privilege): what is seen is Javert's own, the host's.
        if not self._initial or listener.network_namespace in self._initial:
            return Exposure.HOST
        return Exposure.CONTAINER

    def place(self, network_namespace: int) -> str:
        """Names a namespace so that the name is the same in the next run; "" for the host's own."""
        if network_namespace in self._initial or not self._initial:
            return ""
        return self._names.get(network_namespace) or "other network namespace"

    def label(self, network_namespace: int) -> str:
        """Names a namespace so that people find it, also one without a name (lsns(8)); "" for the host's own."""
        return self.place(network_namespace) and (
            self._names.get(network_namespace) or f"net:[{network_namespace}]"
        )


def serves(listener: Listener, endpoint: Endpoint) -> bool:
    """Whether the traffic that a server endpoint counts came to the listener."""
    return (
        listener.network_namespace == endpoint.network_namespace
        and listener.transport is endpoint.transport
        and listener.port == endpoint.port
        and (listener.address == endpoint.address or is_unspecified(listener.address))
    )


def published(listeners: Iterable[Listener], telemetry: Telemetry) -> tuple[Listener, ...]:
    """The listeners inside a container for which ``listeners`` hold a port on the host; none for ordinary ones.

    Where the runtime does not tell which port of the container that is, it is the only one there that others reach.
    """
    found: dict[int, Listener] = {}
    for holder in listeners:
        if holder.publishes is None:
            continue
        for one in _behind(holder, holder.publishes, telemetry):
            found[id(one)] = one
    return tuple(found.values())


def _behind(holder: Listener, target: PublishedPort, telemetry: Telemetry) -> list[Listener]:
    if target.port:
        inside = {one.inode for one in telemetry.namespaces.values() if target.address in one.addresses}
    else:
        inside = {target.network_namespace}
    there = [
        one
        for one in telemetry.listeners
        if one.network_namespace in inside
        and one.network_namespace != holder.network_namespace
        and one.transport is holder.transport
        and not is_loopback(one.address)
    ]
    if not target.port:
        return there if len({one.port for one in there}) == 1 else []
    return [
        one
        for one in there
        if one.port == target.port and (one.address == target.address or is_unspecified(one.address))
    ]


def destination(holder: Listener, behind: Iterable[Listener], telemetry: Telemetry) -> tuple[str, int]:
    """Address and port in the container to which a published port leads; ("", 0) where that is not known.

    Args:
        holder: who holds the port on the host.
        behind: as ``published`` gives it.
        telemetry: of the run.
    """
    target = holder.publishes
    if target is None or target.port:
        return (target.address, target.port) if target else ("", 0)
    for one in behind:
        namespace = telemetry.namespaces.get(one.network_namespace)
        own = namespace.addresses if namespace and is_unspecified(one.address) else (one.address,)
        return next((address for address in own if not is_loopback(address)), one.address), one.port
    return "", 0


def watched(telemetry: Telemetry, rule: RuleId) -> bool:
    """Whether some sensor looked for what the rule judges; a capture was looked at in any case."""
    return telemetry.started.capture or any(
        rule in sensor.rules and sensor.started_at for sensor in telemetry.sensors
    )
