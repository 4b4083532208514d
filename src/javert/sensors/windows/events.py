"""From events of Microsoft-Windows-Kernel-Network to connections and bytes."""

from collections.abc import Callable

from javert.formats.kernel_network import Kind, NetworkEvent
from javert.model.telemetry import Role, Transport
from javert.sensors.windows.traffic import FlowKey, TrafficBook

_UDP = (Kind.UDP_SENT, Kind.UDP_RECEIVED)


class EventReader:
    """Feeds events to the book of traffic.

    Args:
        book: takes them in.
        serves: whether a process waits for clients at an address and port; without a process, whether anybody does.
        own_address: whether an address is the host's own.
    """

    def __init__(
        self,
        book: TrafficBook,
        serves: Callable[[Transport, str, int, int | None], bool],
        own_address: Callable[[str], bool],
    ) -> None:
        self._book = book
        self._serves = serves
        self._own_address = own_address

    def take(self, event: NetworkEvent, at: float) -> None:
        """Take in an event that happened at ``at``, seconds since the epoch."""
        key = self._oriented(event)
        match event.kind:
            case Kind.CONNECTED:
                self._book.opened(key, Role.CLIENT, event.pid, at)
            case Kind.ACCEPTED:
                self._book.opened(key, Role.SERVER, event.pid, at)
            case Kind.DISCONNECTED:
                self._book.closed(key, at)
            case _:
                sent = event.kind in (Kind.SENT, Kind.UDP_SENT)
                role = self._role(key, sent=sent)
                self._book.data(key, role, event.pid, sent=sent, size=event.size, at=at)

    def _oriented(self, event: NetworkEvent) -> FlowKey:
        """The flow as the process of the event sees it.

        The manifest calls the fields source and destination and does not say whether, in what is received, the
        source is the peer. So what is known of the flow and of the host decides before the names do.
        """
        key = FlowKey(Transport.UDP if event.kind in _UDP else Transport.TCP, event.ends)
        turned = key.other_side
        local, peer = self._own_address(key.local[0]), self._own_address(key.remote[0])
        if local != peer:
            return key if local else turned
        known, known_turned = self._book.holds(key, event.pid), self._book.holds(turned, event.pid)
        if known != known_turned:
            return key if known else turned
        holds = self._serves(key.transport, *key.local, event.pid)
        holds_turned = self._serves(key.transport, *turned.local, event.pid)
        return turned if holds_turned and not holds and event.kind is not Kind.CONNECTED else key

    def _role(self, key: FlowKey, *, sent: bool) -> Role:
        """Whose side a flow of unknown beginning is: a listener's, or that of whoever did not speak first (UDP)."""
        if key.transport is Transport.UDP:
            return Role.CLIENT if sent else Role.SERVER
        return Role.SERVER if self._serves(key.transport, *key.local, None) else Role.CLIENT
