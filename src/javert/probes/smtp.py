"""SMTP, and LMTP. References: RFC 5321 4.1.1, RFC 2033 4.1 (LHLO), RFC 3207 (STARTTLS; 530), RFC 4954 6 (530, 538).

Sent: EHLO (LHLO, HELO), ``MAIL FROM:<>`` where STARTTLS is offered, RSET, STARTTLS, QUIT. Safe: a mail transaction
without recipient and DATA delivers nothing (RFC 5321 3.3), and RSET and QUIT end it. Whether MAIL is refused before
TLS tells whether TLS is required.
"""

import re

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes.dialogue import Dialogue, Talk, farewell, tls_works
from javert.probes.interface import Ask
from javert.probes.products import product_of
from javert.probes.replies import code_of, wants_tls, whole_reply

_EHLO, _LHLO, _HELO = b"EHLO localhost\r\n", b"LHLO localhost\r\n", b"HELO localhost\r\n"
_MAIL, _RSET, _STARTTLS, _QUIT = b"MAIL FROM:<>\r\n", b"RSET\r\n", b"STARTTLS\r\n", b"QUIT\r\n"
_FOR_GOOD = 5
_OFFERS_TLS = re.compile(rb"^250[ -]STARTTLS[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_OFFERS_LOGIN = re.compile(rb"^250[ -]AUTH[ =]", re.IGNORECASE | re.MULTILINE)
_LMTP = re.compile(rb"\bLMTP\b", re.IGNORECASE)
_AUTHENTICATION = re.compile(rb"authenticat", re.IGNORECASE)


def converse(greeting: bytes) -> Talk:
    """TLS_REQUIRED if MAIL is refused until TLS runs.

    Args:
        greeting: what the service said first; lines that follow are waited for.
    """
    if not whole_reply(greeting):
        greeting += (yield Ask(b"", whole_reply)).data
    product = product_of(greeting)
    if code_of(greeting) != 220:
        return ProbeAnswer(protocol="smtp", acceptance=Acceptance.UNDECIDED, product=product)
    hello = _LHLO if _LMTP.search(greeting) else _EHLO
    offers = yield from _ask(hello)
    if code_of(offers) != 250 and code_of((yield from _ask(_HELO))) != 250:
        return None
    acceptance, authentication = Acceptance.CLEARTEXT_ONLY, Authentication.UNKNOWN
    if _OFFERS_TLS.search(offers):
        refusal = yield from _refusal_of_mail()
        if code_of(refusal) == 530 and _AUTHENTICATION.search(refusal):
            authentication = Authentication.REQUIRED
        acceptance = yield from _with_tls(hello, refusal, logins=bool(_OFFERS_LOGIN.search(offers)))
    yield from farewell(_QUIT)
    return ProbeAnswer(protocol="smtp", acceptance=acceptance, authentication=authentication, product=product)


def _ask(command: bytes) -> Dialogue[bytes]:
    reply = yield Ask(command, whole_reply)
    return reply.data


def _refusal_of_mail() -> Dialogue[bytes]:
    """The answer to MAIL if that is a refusal; b"" if it was accepted (and taken back)."""
    answer = yield from _ask(_MAIL)
    if code_of(answer) // 100 in (4, 5):
        return answer
    yield from _ask(_RSET)
    return b""


def _with_tls(hello: bytes, refusal: bytes, *, logins: bool) -> Dialogue[Acceptance]:
    """What the refusal of MAIL in the clear means, and whether TLS works.

    A refusal for want of authentication is one of the clear if logins are not offered there; for another reason, if
    TLS makes it go away.
    """
    works = code_of((yield from _ask(_STARTTLS))) == 220 and (yield from tls_works())
    lacks_login = bool(_AUTHENTICATION.search(refusal))
    if refusal and (code_of(refusal) == 538 or wants_tls(refusal) or (lacks_login and not logins)):
        return Acceptance.TLS_REQUIRED
    if not works:
        return Acceptance.CLEARTEXT_ONLY
    if refusal and not lacks_login:
        yield from _ask(hello)
        if not (yield from _refusal_of_mail()):
            # What was only put off (4yz) may have been taken the second time for no more than that.
            return Acceptance.TLS_REQUIRED if code_of(refusal) // 100 == _FOR_GOOD else Acceptance.UNDECIDED
    return Acceptance.TLS_OPTIONAL
