"""Sockets for probes, in whatever network namespace a service is: one stays where it was made."""

import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from javert.errors import ParseError, SensorError
from javert.formats.procfs import parse_interface_of
from javert.sensors.linux.namespaces import NamespaceEntry, inside, network_namespaces

_LOOK_AGAIN_S = 1.0
_T = TypeVar("_T")


class NamespacedSockets:
    """Makes sockets in network namespaces, by their inode number."""

    def __init__(self) -> None:
        self._ways: dict[int, NamespaceEntry] = {}
        self._looked_at = 0.0

    def make(self, network_namespace: int, family: int, kind: int) -> socket.socket:
        """A socket there.

        Raises:
            SensorError: the namespace is gone or cannot be entered.
            OSError: the system refuses the socket.
        """
        return self._inside(network_namespace, lambda: socket.socket(family, kind))

    def scope(self, network_namespace: int, address: str) -> int:
        """The interface of a link-local IPv6 address there (RFC 4007); 0 if that is not known."""
        try:
            return self._inside(
                network_namespace,
                lambda: parse_interface_of(Path("/proc/thread-self/net/if_inet6").read_text("ascii"), address),
            )
        except (SensorError, ParseError, OSError):
            return 0  # the connection is then refused for want of it, and that is told

    def _inside(self, network_namespace: int, look: Callable[[], _T]) -> _T:
        try:
            return inside(self._way(network_namespace), look)
        except SensorError:
            self._ways.pop(network_namespace, None)  # the process that led there may have ended
            return inside(self._way(network_namespace), look)

    def _way(self, inode: int) -> NamespaceEntry:
        if inode not in self._ways and time.monotonic() - self._looked_at > _LOOK_AGAIN_S:
            self._ways = {entry.inode: entry for entry in network_namespaces()}
            self._looked_at = time.monotonic()
        try:
            return self._ways[inode]
        except KeyError:
            raise SensorError(f"no process leads to network namespace {inode} any more") from None
