"""SSH. Reference: RFC 4253 4.2. Sent: nothing; the server's identification string tells."""

from javert.model.telemetry import Acceptance, ProbeAnswer
from javert.probes.dialogue import Talk
from javert.probes.products import product_of


def converse(greeting: bytes) -> Talk:
    """TLS_ONLY: encrypted from the key exchange on, and nothing before it is of use to anyone."""
    yield from ()
    return ProbeAnswer(protocol="ssh", acceptance=Acceptance.TLS_ONLY, product=product_of(greeting))
