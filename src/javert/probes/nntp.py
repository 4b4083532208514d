"""NNTP. References: RFC 3977 5.2 (CAPABILITIES), 6.1.1 (GROUP), RFC 4642 2.2 (STARTTLS), RFC 4643 2.1 (480, 483).

Sent: CAPABILITIES, STARTTLS, GROUP with a group that does not exist, QUIT. Safe: GROUP only reads.
"""

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes.dialogue import Talk, farewell, tls_works
from javert.probes.interface import Ask
from javert.probes.products import product_of
from javert.probes.replies import code_of, whole_line, whole_list

_CAPABILITIES, _STARTTLS = b"CAPABILITIES\r\n", b"STARTTLS\r\n"
_GROUP, _QUIT = b"GROUP javert.probe\r\n", b"QUIT\r\n"
_AUTHENTICATE, _ENCRYPT = 480, 483


def converse(greeting: bytes) -> Talk:
    """TLS_REQUIRED if a group is refused for want of encryption.

    Args:
        greeting: what the service said first.
    """
    product = product_of(greeting)
    if code_of(greeting) not in (200, 201):
        return ProbeAnswer(protocol="nntp", acceptance=Acceptance.UNDECIDED, product=product)
    offers = (yield Ask(_CAPABILITIES, whole_list)).data
    if not code_of(offers):
        return None
    needs = code_of((yield Ask(_GROUP, whole_line)).data)
    works = b"STARTTLS" in offers.upper().split() and (
        code_of((yield Ask(_STARTTLS, whole_line)).data) == 382 and (yield from tls_works())
    )
    yield from farewell(_QUIT)
    acceptance = Acceptance.TLS_OPTIONAL if works else Acceptance.CLEARTEXT_ONLY
    return ProbeAnswer(
        protocol="nntp",
        acceptance=Acceptance.TLS_REQUIRED if needs == _ENCRYPT else acceptance,
        authentication=Authentication.REQUIRED if needs == _AUTHENTICATE else Authentication.UNKNOWN,
        product=product,
    )
