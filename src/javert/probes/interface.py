"""What probes are made of: the steps a conversation asks for, what is sent back, and what it finds out."""

from collections.abc import Callable, Generator
from enum import Enum

import msgspec

from javert.model.telemetry import ProbeAnswer, Transport

MOST_BYTES = 65536
"""More than this is never read in answer to one step; a service that sends more has ``flooded``."""


class Ended(Enum):
    """Why listening stopped.

    ENOUGH: ``Ask.enough`` was satisfied. QUIET: ``Ask.wait_s`` passed. CLOSED: the service closed the connection
    in an orderly way. RESET: it was reset. FLOODED: ``MOST_BYTES`` came without being enough.
    """

    ENOUGH = "enough"
    QUIET = "quiet"
    CLOSED = "closed"
    RESET = "reset"
    FLOODED = "flooded"


class Reply(msgspec.Struct, frozen=True):
    """What came of a step.

    Attributes:
        data: what the service sent since the step before, decrypted where TLS runs; (UDP) the datagram that was
            enough, or the last one.
        ended: why listening stopped.
        tls: TLS runs on the connection.
        took_s: how long the step took, seconds. A conversation has no clock; by this it keeps within its time.
    """

    data: bytes
    ended: Ended
    tls: bool = False
    took_s: float = 0.0


class Ask(msgspec.Struct, frozen=True):
    """Send, then listen. Over UDP what any port of the service's address sends is an answer (RFC 1350 4).

    Attributes:
        data: what to send; empty only listens.
        enough: is given all that came in answer so far (over UDP one datagram), and tells whether it is whole.
        wait_s: how long to listen at most, seconds.
    """

    data: bytes
    enough: Callable[[bytes], bool]
    wait_s: float = 2.0


class StartTls(msgspec.Struct, frozen=True):
    """Begin TLS on this connection, as a client that accepts every certificate and version.

    The reply's ``tls`` tells whether the handshake completed. Where it did not, ``data`` is what the service sent
    in answer to the hello, as it came: text, or TLS's own records (an alert, a handshake that needs a certificate
    or a name of the client). The connection counts as closed then.
    """

    wait_s: float = 3.0


class Reopen(msgspec.Struct, frozen=True):
    """Close this connection and open another one. The reply is empty; RESET means that it was refused.

    A connection comes from another address of this host than the one it goes to, where there is one (127.0.0.2 to
    127.0.0.1): many servers demand less of a client on their own address, and the question is what others meet.

    Attributes:
        from_its_own_address: come from the service's own address after all, for a service that refuses any other.
        from_localhost: come from 127.0.0.1 or ::1, whatever address the service has, for one that keeps account of
            clients by their address, and might one day refuse those that share the service's own.
        from_a_reserved_port: come from a port below 1024, as clients of rlogin and rsh do, whose servers hang up on
            any other (rcmd(3)). Refused if that is not to be had.
    """

    from_its_own_address: bool = False
    from_localhost: bool = False
    from_a_reserved_port: bool = False


Step = Ask | StartTls | Reopen

Script = Generator[Step, Reply, tuple[ProbeAnswer, ...]]
"""A conversation, on a connection that is already open. It returns what it found out: one answer for each protocol
the service turned out to speak (SNMP can be several), none if nothing is known of it."""


class ServiceHint(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a service before it is asked. It decides what is asked first, never the verdict.

    Attributes:
        program: base name of the executable, or the program a super-server would start; "" where unknown.
        unit: the systemd unit; "" where unknown.
        observed: protocols that its clients were seen to speak with it.
        demands_tls: what its configuration says, where the protocol tells nobody who is not logged in (MySQL);
            None where that is not known. The one thing here that does decide a verdict.
    """

    transport: Transport
    port: int
    program: str = ""
    unit: str = ""
    observed: tuple[str, ...] = ()
    demands_tls: bool | None = None
