"""POP3. References: RFC 1939 3 to 5, 7 (APOP), RFC 2449 5 and 6 (CAPA, USER, SASL), RFC 2595 4 (STLS).

Sent: CAPA, STLS, QUIT, which are allowed before a login; QUIT there enters no update state (RFC 1939 4).
"""

import re

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes.dialogue import Talk, farewell, tls_works
from javert.probes.interface import Ask
from javert.probes.products import product_of
from javert.probes.replies import whole_line, whole_list

_CAPA, _STLS, _QUIT = b"CAPA\r\n", b"STLS\r\n", b"QUIT\r\n"
_APOP = re.compile(rb"<[^<>@\s]+@[^<>\s]*>")


def converse(greeting: bytes) -> Talk:
    """TLS_REQUIRED if neither USER, APOP nor a SASL mechanism is to be had before STLS.

    Args:
        greeting: what the service said first.
    """
    product = product_of(greeting)
    if greeting.startswith(b"-"):
        return ProbeAnswer(protocol="pop3", acceptance=Acceptance.UNDECIDED, product=product)
    listed = (yield Ask(_CAPA, whole_list)).data
    if not listed.startswith((b"+OK", b"-ERR")):
        return None
    capabilities = [line.upper().split() for line in listed.splitlines()[1:] if line]
    offered = [b"STLS"] in capabilities
    works = offered and (yield Ask(_STLS, whole_line)).data.startswith(b"+OK") and (yield from tls_works())
    yield from farewell(_QUIT)
    acceptance = Acceptance.TLS_OPTIONAL if works else Acceptance.CLEARTEXT_ONLY
    if offered and not _APOP.search(greeting) and not any(map(_is_way_in, capabilities)):
        acceptance = Acceptance.TLS_REQUIRED
    return ProbeAnswer(
        protocol="pop3", acceptance=acceptance, authentication=Authentication.REQUIRED, product=product
    )


def _is_way_in(capability: list[bytes]) -> bool:
    # EXTERNAL takes its identity from TLS (RFC 4422 A), so it is no way in without.
    word, *parameters = capability
    return word == b"USER" or (word == b"SASL" and parameters not in ([], [b"EXTERNAL"]))
