"""Events of Windows' provider Microsoft-Windows-Kernel-Network, {7DD42A49-5329-4832-8DFD-43D979153A88}.

Layout, from the provider's manifest (``wevtutil gp Microsoft-Windows-Kernel-Network /ge``): every event that is
read here begins PID (4 bytes), size (4), daddr, saddr (4 each, in IPv6 events 16), dport, sport (2 each); what
follows (times, sequence number, options) differs and is not read. Integers are little-endian, addresses and ports
in network order. Events of IPv6 have the number of their IPv4 kin plus 16.
"""

import struct
from enum import Enum
from typing import NamedTuple

from javert.errors import ParseError

IPV4, IPV6 = 0x10, 0x20
"""Keywords of the provider."""


class Kind(Enum):
    """What happened; the value is the number of the IPv4 event."""

    SENT = 10
    RECEIVED = 11
    CONNECTED = 12
    DISCONNECTED = 13
    ACCEPTED = 15
    UDP_SENT = 42
    UDP_RECEIVED = 43


class NetworkEvent(NamedTuple):
    """One event.

    Attributes:
        pid: the process it concerns: who connected, accepted, sent or received.
        size: bytes of payload; 0 for connections.
        source, destination: the fields saddr and daddr, 4 or 16 bytes.
        source_port, destination_port: the fields sport and dport, 2 bytes each.
    """

    kind: Kind
    pid: int
    size: int
    source: bytes
    destination: bytes
    source_port: bytes
    destination_port: bytes

    @property
    def ends(self) -> bytes:
        """Whose it is, source first: as in ``javert.formats.packets``."""
        return self.source + self.destination + self.source_port + self.destination_port


_V6 = 16
_KINDS = {kind.value + more: (kind, bool(more)) for kind in Kind for more in (0, _V6)}
EVENT_IDS = tuple(sorted(_KINDS))
"""Numbers of the events that ``parse_event`` reads."""
_LAYOUTS = {False: struct.Struct("<II4s4s2s2s"), True: struct.Struct("<II16s16s2s2s")}
_MAPPED = bytes(10) + b"\xff\xff"


def parse_event(number: int, data: bytes) -> NetworkEvent:
    """An event from its number and its payload (UserData).

    Raises:
        ParseError: it is another event, or shorter than its fields.
    """
    try:
        kind, wide = _KINDS[number]
        pid, size, destination, source, destination_port, source_port = _LAYOUTS[wide].unpack_from(data)
    except KeyError:
        raise ParseError(f"event {number} tells nothing of connections") from None
    except struct.error:
        raise ParseError(f"event {number} ends within its fields") from None
    if wide and source.startswith(_MAPPED) and destination.startswith(_MAPPED):
        source, destination = source[12:], destination[12:]
    carries = kind in (Kind.SENT, Kind.RECEIVED, Kind.UDP_SENT, Kind.UDP_RECEIVED)
    return NetworkEvent(kind, pid, size if carries else 0, source, destination, source_port, destination_port)
