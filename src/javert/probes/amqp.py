"""AMQP. References: AMQP 0-9-1 2.2.4 and 4.2.2 (header, or the header the server wants), 1.10.1 (Connection.Start).

Sent: the protocol header of 0-9-1, eight octets. Safe: the server answers with Connection.Start, which comes before
any authentication, or with the header it would rather see, and closes.
"""

import re

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes.dialogue import Talk
from javert.probes.interface import Ask

_HEADER = b"AMQP\x00\x00\x09\x01"
_OTHER_HEADER = re.compile(rb"AMQP[\x00-\x03][\x00\x01][\x00-\x0a][\x00-\x0a]")
_TLS_FIRST = b"AMQP\x02"  # AMQP 1.0 5.2
# a method on channel 0: Connection.Start, version 0-9, then the server's properties
_START = re.compile(rb"\x01\x00\x00(....)\x00\x0a\x00\x0a\x00\x09(....)", re.DOTALL)


def converse(_greeting: bytes) -> Talk:
    """Authentication NONE if the mechanism ANONYMOUS is among those offered."""
    said = (yield Ask(_HEADER, _is_answer)).data
    start = _START.match(said)
    if start is not None:
        mechanisms = _mechanisms(said, start.end() + int.from_bytes(start[2], "big"))
        authentication = Authentication.UNKNOWN
        if mechanisms:
            open_to_all = b"ANONYMOUS" in mechanisms
            authentication = Authentication.NONE if open_to_all else Authentication.REQUIRED
        product = "RabbitMQ" if b"RabbitMQ" in said else ""
        return ProbeAnswer(
            protocol="amqp",
            acceptance=Acceptance.CLEARTEXT_ONLY,
            authentication=authentication,
            product=product,
        )
    if said.startswith(_HEADER) or not _OTHER_HEADER.match(said):
        return None
    required = said.startswith(_TLS_FIRST)
    return ProbeAnswer(
        protocol="amqp", acceptance=Acceptance.TLS_REQUIRED if required else Acceptance.CLEARTEXT_ONLY
    )


def _is_answer(data: bytes) -> bool:
    if data.startswith(b"AMQP"):
        return len(data) >= 8
    return len(data) >= 7 and len(data) >= 8 + int.from_bytes(data[3:7], "big")


def _mechanisms(said: bytes, at: int) -> list[bytes]:
    length = int.from_bytes(said[at : at + 4], "big")
    return said[at + 4 : at + 4 + length].split()
