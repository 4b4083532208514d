"""Payload of this host's IPv4 traffic from raw sockets, which give every packet from its IP header on.

Windows gives no count of what a full socket buffer drops; a stream with a gap is judged by what came of it.
"""

import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from javert.errors import SensorError
from javert.formats.packets import Decoder, Segment
from javert.sensors import clock

LINK_RAW = 101
"""LINKTYPE_RAW of tcpdump.org/linktypes.html: no link layer."""
PACKETS_PER_S = 20_000
"""So many are read in a second; then reading pauses until the next one, to spare the host."""
MOST_WAITING = 20_000
_MOST_PAYLOAD = 1024
_RECEIVE = 65536
_WAKE_S = 0.2


class Packet(NamedTuple):
    """A segment or datagram; when, seconds since the epoch."""

    segment: Segment
    at: float


class PayloadReader:
    """Reads raw sockets in a thread of its own.

    Args:
        open_socket: a raw socket that gets what a local address sends and receives; raises OSError.
    """

    def __init__(self, open_socket: Callable[[str], socket.socket]) -> None:
        self._open = open_socket
        self._sockets: dict[str, socket.socket] = {}
        self._decoder = Decoder()
        self._waiting: deque[Packet] = deque()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="javert-payload", daemon=True)
        self.dropped = 0
        """Packets there was no room for."""
        self.paused_s = 0.0
        """For how long nothing was read, to spare the host."""

    def start(self, addresses: tuple[str, ...]) -> dict[str, OSError]:
        """Begin to read what these IPv4 addresses send and receive.

        Returns:
            The addresses for which the system refuses, with its reason.

        Raises:
            SensorError: it refuses for every one.
        """
        refused = self.add(addresses)
        if not self._sockets:
            first = next(iter(refused.values()), None)
            reason = f"{first.strerror} ({first.errno})" if first else "the host has no IPv4 address"
            raise SensorError(f"raw sockets: {reason}")
        self._thread.start()
        return refused

    def add(self, addresses: tuple[str, ...]) -> dict[str, OSError]:
        """Read these addresses too; those for which the system refuses, with its reason."""
        refused: dict[str, OSError] = {}
        for address in addresses:
            if address in self._sockets:
                continue
            try:
                made = self._open(address)
            except OSError as error:
                refused[address] = error
                continue
            made.setblocking(False)
            self._sockets = self._sockets | {address: made}  # the thread may be reading the one before
        return refused

    def packets(self) -> list[Packet]:
        """What came since this was last asked, oldest first."""
        return [self._waiting.popleft() for _ in range(len(self._waiting))]

    def stop(self) -> None:
        """Read no more."""
        self._stopping = True
        if self._thread.is_alive():
            self._thread.join(5 * _WAKE_S)
        for made in self._sockets.values():
            made.close()

    def _run(self) -> None:
        second, read = 0, 0
        while not self._stopping:
            ready, _, _ = select.select(list(self._sockets.values()), [], [], _WAKE_S)
            now = clock.now()
            if int(now) != second:
                second, read = int(now), 0
            for one in ready:
                read += self._drain(one, now)
            if read >= PACKETS_PER_S:
                pause = 1.0 - now % 1.0
                self.paused_s += pause
                time.sleep(pause)

    def _drain(self, one: socket.socket, now: float) -> int:
        for count in range(1000):
            try:
                data = one.recv(_RECEIVE)
            except OSError:  # nothing more; or its address is gone, and the listing of addresses tells
                return count
            for segment in self._decoder.decode(LINK_RAW, data, now):
                if len(self._waiting) >= MOST_WAITING:
                    self.dropped += 1
                else:
                    kept = segment._replace(payload=segment.payload[:_MOST_PAYLOAD])
                    self._waiting.append(Packet(kept, now))
        return 1000
