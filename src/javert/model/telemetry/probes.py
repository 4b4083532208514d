"""Records of what services answered when Javert asked them."""

from enum import StrEnum

import msgspec

from javert.model.telemetry.network import Transport
from javert.model.telemetry.record import Record


class ProbeOutcome(StrEnum):
    """What came of asking a service.

    ANSWERED: it is known what it speaks; ``ServiceProbe.answers`` tells. UNRECOGNISED: it said something that fits
    no known protocol. SILENT: it took the connection and said nothing to any question. HUNG_UP: it closed every
    connection without a word. REFUSED: no connection came about. FLOODED: it sent without end. OUT_OF_TIME: its
    share, or the time for all services, was used up. SPARED: it was not asked, because bytes do harm there or the
    operator said so. UNREACHABLE: its network namespace could not be entered, or its address not used.
    """

    ANSWERED = "answered"
    UNRECOGNISED = "unrecognised"
    SILENT = "silent"
    HUNG_UP = "hung-up"
    REFUSED = "refused"
    FLOODED = "flooded"
    OUT_OF_TIME = "out-of-time"
    SPARED = "spared"
    UNREACHABLE = "unreachable"


class Acceptance(StrEnum):
    """What a service accepts, as far as it can be told without logging in.

    CLEARTEXT_ONLY: sessions in the clear, and it offers nothing else. TLS_OPTIONAL: it offers an upgrade, and
    goes on in the clear without it. TLS_REQUIRED: it starts in the clear and refuses to go on without TLS.
    TLS_ONLY: TLS (or SSH) from the first byte. REDIRECT_ONLY: HTTP that only sends clients on to https.
    SNMP_V1, SNMP_V2C: it answers a request with a well-known community string. SNMP_V3_ONLY: it answers version 3,
    and neither of the others to the well-known community strings; what it does with another one is not known.
    UNDECIDED: it speaks the protocol, and turned the question away before it could be told whether it goes on in
    the clear (PostgreSQL without an entry for Javert's address, XMPP that wants the name of a domain it serves).
    """

    CLEARTEXT_ONLY = "cleartext-only"
    TLS_OPTIONAL = "tls-optional"
    TLS_REQUIRED = "tls-required"
    TLS_ONLY = "tls-only"
    REDIRECT_ONLY = "redirect-only"
    SNMP_V1 = "snmp-v1"
    SNMP_V2C = "snmp-v2c"
    SNMP_V3_ONLY = "snmp-v3-only"
    UNDECIDED = "undecided"

    @property
    def insecure(self) -> bool:
        """Whether a finding follows from it."""
        return self not in (
            Acceptance.TLS_REQUIRED,
            Acceptance.TLS_ONLY,
            Acceptance.SNMP_V3_ONLY,
            Acceptance.UNDECIDED,
        )


class Authentication(StrEnum):
    """Whether a service lets anyone in; UNKNOWN where that cannot be told without trying to log in."""

    NONE = "none"
    REQUIRED = "required"
    UNKNOWN = "unknown"


class ProbeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One protocol a service turned out to speak.

    Attributes:
        protocol: a name of the design's list, for instance "smtp"; "tls" where only TLS is known.
        communities: (SNMP) which of the well-known community strings it answers to; never any other.
        without_privacy: (SNMPv3) it answers without encryption (noAuthNoPriv or authNoPriv).
        product: the software as its greeting names it, if that is one Javert knows; never other text.
    """

    protocol: str
    acceptance: Acceptance
    authentication: Authentication = Authentication.UNKNOWN
    communities: tuple[str, ...] = ()
    without_privacy: bool = False
    product: str = ""


class ServiceProbe(Record, frozen=True, kw_only=True):
    """A service that was asked, or was not and why. Address and port are those of the ``Listener``.

    Attributes:
        at: when the answer was known.
        connections: how many connections it took.
    """

    transport: Transport
    network_namespace: int
    address: str
    port: int
    outcome: ProbeOutcome
    at: float = 0.0
    connections: int = 0
    answers: tuple[ProbeAnswer, ...] = ()
