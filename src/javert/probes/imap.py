"""IMAP. References: RFC 9051 6.1.1 (CAPABILITY), 6.2.1 (STARTTLS), 6.2.3 and 11.1 (LOGINDISABLED), 7.1.4 (PREAUTH).

Sent: CAPABILITY, STARTTLS, LOGOUT, which are allowed before a login and change nothing.
"""

import re

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes.dialogue import Talk, farewell, tls_works
from javert.probes.interface import Ask
from javert.probes.products import product_of
from javert.probes.replies import tagged

_CAPABILITY, _STARTTLS, _LOGOUT = b"a1 CAPABILITY\r\n", b"a2 STARTTLS\r\n", b"a3 LOGOUT\r\n"
_LISTED = re.compile(rb"\* CAPABILITY ([^\r\n]*)", re.IGNORECASE)
_ACCEPTED = re.compile(rb"^a2 OK\b", re.IGNORECASE | re.MULTILINE)


def converse(greeting: bytes) -> Talk:
    """TLS_REQUIRED if neither LOGIN nor a mechanism to authenticate by is to be had before STARTTLS.

    Args:
        greeting: what the service said first.
    """
    product, state = product_of(greeting), greeting[:9].upper()
    if state.startswith(b"* BYE"):
        return ProbeAnswer(protocol="imap", acceptance=Acceptance.UNDECIDED, product=product)
    listed = _LISTED.search((yield Ask(_CAPABILITY, tagged(b"a1"))).data)
    capabilities = frozenset(listed[1].upper().split()) if listed else frozenset[bytes]()
    works = b"STARTTLS" in capabilities and (
        _ACCEPTED.search((yield Ask(_STARTTLS, tagged(b"a2"))).data) is not None and (yield from tls_works())
    )
    yield from farewell(_LOGOUT)
    acceptance = Acceptance.TLS_OPTIONAL if works else Acceptance.CLEARTEXT_ONLY
    let_in = state == b"* PREAUTH"
    if b"STARTTLS" in capabilities and _closed(capabilities) and not let_in:
        acceptance = Acceptance.TLS_REQUIRED
    open_to_all = let_in or b"AUTH=ANONYMOUS" in capabilities
    return ProbeAnswer(
        protocol="imap",
        acceptance=acceptance,
        authentication=Authentication.NONE if open_to_all else Authentication.REQUIRED,
        product=product,
    )


def _closed(capabilities: frozenset[bytes]) -> bool:
    # EXTERNAL takes its identity from TLS (RFC 4422 A), so it is no way in without.
    ways = {one for one in capabilities if one.startswith(b"AUTH=")} - {b"AUTH=EXTERNAL"}
    return b"LOGINDISABLED" in capabilities and not ways
