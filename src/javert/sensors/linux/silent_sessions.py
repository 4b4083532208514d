"""Sessions that were open before the run and say nothing during it: only their port tells what they may be."""

from collections.abc import Callable

from javert.formats.addresses import is_loopback
from javert.formats.sock_diag import IPPROTO_TCP, TCP_ESTABLISHED
from javert.model.ports import CLEARTEXT_TCP_PORTS
from javert.model.telemetry import Encryption, Endpoint, Evidence, ProcessKey, ProtocolUse, Role, Transport
from javert.sensors.linux.namespaces import NamespaceEntry, inside
from javert.sensors.linux.sockets import list_sockets


class SilentSessions:
    """Clients of well-known cleartext ports, from the start of the run until they speak."""

    def __init__(self) -> None:
        self._open: dict[int, Endpoint] = {}

    def read_namespace(self, entry: NamespaceEntry, now: float, holder: Callable[[int], ProcessKey | None]) -> None:
        """Note the sessions that are open in a network namespace.

        Args:
            entry: the namespace.
            now: seconds since the epoch.
            holder: the process that holds a socket, by the socket's inode number.

        Raises:
            SensorError: the namespace cannot be looked into.
        """
        for found in inside(entry, lambda: list_sockets(IPPROTO_TCP, [TCP_ESTABLISHED], CLEARTEXT_TCP_PORTS)):
            if not found.inode or is_loopback(found.peer):
                continue
            use = ProtocolUse(
                protocol="unknown",
                encryption=Encryption.UNKNOWN,
                evidence=Evidence.PORT,
                first_seen=now,
                last_seen=now,
            )
            self._open[found.inode] = Endpoint(
                id=-1 - len(self._open),  # the kernel's numbers are not negative
                role=Role.CLIENT,
                transport=Transport.TCP,
                network_namespace=entry.inode,
                address=found.peer,
                port=found.peer_port,
                process=holder(found.inode),
                connections=1,
                first_seen=now,
                last_seen=now,
                uses=(use,),
            )

    def speaks(self, inode: int) -> None:
        """The session of this socket carried data: its payload tells more than its port."""
        self._open.pop(inode, None)

    def endpoints(self) -> tuple[Endpoint, ...]:
        """The sessions that stayed silent."""
        return tuple(self._open.values())
