"""FTP. References: RFC 959 4.1, RFC 2389 3 (FEAT), RFC 4217 4 (AUTH TLS), 12.2 (421, 522, 534).

Sent: FEAT, AUTH TLS, and, where TLS works, on a connection of its own in the clear ``USER`` with a name that nobody
has; QUIT. Safe: a name without PASS is no login and no failed one; it is sent because it is what a server refuses
that wants TLS first. Whether it lets "anonymous" in without TLS nobody can tell who does not log in.
"""

import re

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes.dialogue import Dialogue, Talk, farewell, tls_works
from javert.probes.interface import Ask, Reopen
from javert.probes.products import product_of
from javert.probes.replies import code_of, wants_tls, whole_reply

_FEAT, _AUTH, _USER, _QUIT = b"FEAT\r\n", b"AUTH TLS\r\n", b"USER javert-probe\r\n", b"QUIT\r\n"
_OFFERS_TLS = re.compile(rb"^(?: |211-)[ \t]*AUTH\b.*(?:TLS|SSL)", re.IGNORECASE | re.MULTILINE)


def converse(greeting: bytes) -> Talk:
    """TLS_REQUIRED if the name of an account is refused for want of TLS.

    Args:
        greeting: what the service said first; lines that follow are waited for.
    """
    if not whole_reply(greeting):
        greeting += (yield Ask(b"", whole_reply)).data
    product = product_of(greeting)
    if code_of(greeting) != 220:
        return ProbeAnswer(protocol="ftp", acceptance=Acceptance.UNDECIDED, product=product)
    features = yield from _ask(_FEAT)
    if not code_of(features):
        return None
    acceptance, authentication = Acceptance.CLEARTEXT_ONLY, Authentication.UNKNOWN
    # A server that lists its features keeps no silence about AUTH (RFC 2389 3.2, RFC 4217 6).
    offered = _OFFERS_TLS.search(features) or code_of(features) != 211
    works = offered and code_of((yield from _ask(_AUTH))) == 234 and (yield from tls_works())
    yield from farewell(_QUIT)
    if works:
        answer = yield from _name_in_the_clear()
        acceptance = Acceptance.TLS_REQUIRED if _refused_for_tls(answer) else Acceptance.TLS_OPTIONAL
        if code_of(answer) == 230:
            authentication = Authentication.NONE
    return ProbeAnswer(protocol="ftp", acceptance=acceptance, authentication=authentication, product=product)


def _ask(command: bytes) -> Dialogue[bytes]:
    reply = yield Ask(command, whole_reply)
    return reply.data


def _name_in_the_clear() -> Dialogue[bytes]:
    yield Reopen()
    yield from _ask(b"")
    answer = yield from _ask(_USER)
    yield from farewell(_QUIT)
    return answer


def _refused_for_tls(answer: bytes) -> bool:
    code = code_of(answer)
    return code in (522, 534) or (code // 100 in (4, 5) and wants_tls(answer))
