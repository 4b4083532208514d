"""Records of traffic and of sockets that wait for it."""

from enum import StrEnum

import msgspec

from javert.model.telemetry.record import ProcessKey, Record


class Role(StrEnum):
    """Which side of a connection the process on this host is."""

    CLIENT = "client"
    SERVER = "server"


class Transport(StrEnum):
    """The transport protocol of a flow or listener."""

    TCP = "tcp"
    UDP = "udp"


class Encryption(StrEnum):
    """What is known of a session's encryption.

    NONE: cleartext, no upgrade offered. OFFERED_NOT_USED: the server offered one, the client went on without.
    REFUSED: the client asked for one and the server declined, and the session went on in cleartext.
    UPGRADED: it started in cleartext and TLS really began. FULL: encrypted from the first byte.
    UNKNOWN: not told by what was seen.
    """

    NONE = "none"
    OFFERED_NOT_USED = "offered-not-used"
    REFUSED = "refused"
    UPGRADED = "upgraded"
    FULL = "full"
    UNKNOWN = "unknown"

    @property
    def cleartext(self) -> bool:
        """Whether application data went over the network readable."""
        return self in (Encryption.NONE, Encryption.OFFERED_NOT_USED, Encryption.REFUSED)


class Evidence(StrEnum):
    """What a protocol was told by: payload that was read, or only a port number."""

    PAYLOAD = "payload"
    PORT = "port"


class ProtocolUse(msgspec.Struct, frozen=True, kw_only=True):
    """How many flows of an endpoint were seen to be of one kind.

    Attributes:
        protocol: a name of the design's list, for instance "http".
        credentials_exposed: a credential crossed the network readable in at least one of them.
        account_login: a real account logged in (FTP: a user other than anonymous).
        redirect_only: every answer seen was a redirect to https (HTTP servers).
        flows: how many.
    """

    protocol: str
    encryption: Encryption
    evidence: Evidence = Evidence.PAYLOAD
    credentials_exposed: bool = False
    account_login: bool = False
    redirect_only: bool = False
    flows: int = 1
    first_seen: float = 0.0
    last_seen: float = 0.0


class Endpoint(Record, frozen=True, kw_only=True):
    """Traffic of one process with one remote service, or of one local service with its clients; cumulative.

    Attributes:
        id: number within the run.
        address, port: of the server: the remote side for a client, the local side for a server.
        process: the client process, or the server process where it is known.
        client: (client, from a capture) address of the client, which stands for the process nobody saw.
        peer_loopback: (server) the counted clients came over loopback.
        prompted: the client is a service that Javert was asking just then, so that this may be its reaction (a
            proxy asks who is behind it), and not traffic of the host. Such flows are counted apart from others.
        connections: TCP connections completed, or UDP flows; those open before the run included once they
            carried data during the run.
        refused: TCP connections that were tried and never completed.
        bytes_out, bytes_in: payload as the process sent and received it.
        sampled: flows whose payload was looked at.
        uses: what these turned out to be.
    """

    id: int
    role: Role
    transport: Transport
    network_namespace: int
    address: str
    port: int
    process: ProcessKey | None = None
    client: str = ""
    peer_loopback: bool = False
    prompted: bool = False
    connections: int = 0
    refused: int = 0
    bytes_out: int = 0
    bytes_in: int = 0
    first_seen: float = 0.0
    last_seen: float = 0.0
    sampled: int = 0
    uses: tuple[ProtocolUse, ...] = ()


class SilentService(msgspec.Struct, frozen=True, array_like=True):
    """A TCP service that was silent in every earlier run in which it could be judged.

    Attributes:
        identity: as the rule ``unused-listening-tcp-port`` names the service from run to run.
        since: when the first of these runs began.
        runs: how many there were.
        watched_s: for how long it was listened on and watched in them together, seconds.
    """

    identity: tuple[str, ...]
    since: float
    runs: int
    watched_s: float


class EarlierSilence(Record, frozen=True, kw_only=True):
    """What earlier runs on this host know of services to which nothing came; one record a run."""

    services: tuple[SilentService, ...]


class PublishedPort(msgspec.Struct, frozen=True, array_like=True):
    """Where in a container the connections to a port of the host go.

    Attributes:
        address: of the container; "" where that is not told.
        port: in the container; 0 where that is not told.
        network_namespace: the container's, where its runtime tells that and not the port; else 0.
    """

    address: str = ""
    port: int = 0
    network_namespace: int = 0


class Listener(Record, frozen=True, kw_only=True):
    """A socket that waits for clients. SO_REUSEPORT members are one listener.

    Attributes:
        address: as bound: "0.0.0.0" and "::" mean every address.
        dual_stack: an IPv6 wildcard that takes IPv4 too.
        processes: who holds the socket, the one that serves first.
        opened_at: when it was seen to appear; None if it was there when the run began.
        closed_at: when it was seen to disappear; None if it was there when the run ended.
        unit: the systemd socket unit that holds it, if one does.
        starts: (held by a super-server) the program, or the systemd unit, that it starts when a client comes.
        publishes: (held for a container by its runtime) where its connections go: the container's address and port.
    """

    transport: Transport
    network_namespace: int
    address: str
    port: int
    dual_stack: bool = False
    processes: tuple[ProcessKey, ...] = ()
    opened_at: float | None = None
    closed_at: float | None = None
    unit: str = ""
    starts: str = ""
    publishes: PublishedPort | None = None
