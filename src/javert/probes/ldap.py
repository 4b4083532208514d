"""LDAP. References: RFC 4511 4.2 (bind), 4.5 (search), 4.14 (StartTLS), A.1 (results); RFC 4512 5.1 (root DSE).

Sent: an anonymous bind (RFC 4513 5.1.1: it authenticates nobody), a search for the root DSE, StartTLS, unbind.
Safe: it is what every client asks before it logs in, and only reads what is there for all.
"""

from collections.abc import Callable

from javert.errors import ParseError
from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes.dialogue import Dialogue, Talk, tls_works
from javert.probes.encoding import BOOLEAN, ENUMERATED, OCTET_STRING, SEQUENCE, element, number
from javert.probes.interface import Ask
from javert.protocols import ber

_BIND_RESPONSE, _SEARCH_DONE, _EXTENDED_RESPONSE = 0x61, 0x65, 0x78
_SUCCESS, _OPERATIONS_ERROR, _CONFIDENTIALITY, _INAPPROPRIATE_AUTHENTICATION = 0, 1, 13, 48
_FILTER_PRESENT = 0x87


def _message(identity: int, operation: bytes) -> bytes:
    return element(SEQUENCE, number(identity), operation)


_BIND = _message(1, element(0x60, number(3), element(OCTET_STRING), element(0x80)))
_ROOT_DSE = element(
    0x63,
    element(OCTET_STRING),
    element(ENUMERATED, b"\0"),  # the entry itself
    element(ENUMERATED, b"\0"),  # aliases are not followed
    number(1),
    number(2),
    element(BOOLEAN, b"\0"),
    element(_FILTER_PRESENT, b"objectClass"),
    element(SEQUENCE, element(OCTET_STRING, b"objectClass"), element(OCTET_STRING, b"vendorName")),
)
_SEARCH, _SEARCH_AGAIN = _message(2, _ROOT_DSE), _message(4, _ROOT_DSE)
_START_TLS = _message(3, element(0x77, element(0x80, b"1.3.6.1.4.1.1466.20037")))
_UNBIND = _message(5, element(0x42))
_PRODUCTS = ((b"OpenLDAProotDSE", "OpenLDAP"), (b"389 Project", "389 Directory Server"))
_NO_ANSWER = -1
_MOST_TRIES, _PAUSE_S = 4, 0.1


def converse(_greeting: bytes) -> Talk:
    """TLS_REQUIRED if the root DSE is refused for want of confidentiality."""
    bind = (yield Ask(_BIND, _has(_BIND_RESPONSE))).data
    bound = _result(bind, _BIND_RESPONSE)
    if bound == _NO_ANSWER:
        return None
    found = (yield Ask(_SEARCH, _has(_SEARCH_DONE))).data
    read = _result(found, _SEARCH_DONE)
    works = (yield from _start_tls()) and (yield from tls_works())
    if works and read != _SUCCESS:
        found = (yield Ask(_SEARCH_AGAIN, _has(_SEARCH_DONE))).data
    yield from _leave()
    acceptance = Acceptance.TLS_OPTIONAL if works else Acceptance.CLEARTEXT_ONLY
    if read == _CONFIDENTIALITY:
        acceptance = Acceptance.TLS_REQUIRED
    return ProbeAnswer(
        protocol="ldap",
        acceptance=acceptance,
        authentication=(
            Authentication.REQUIRED if bound == _INAPPROPRIATE_AUTHENTICATION else Authentication.UNKNOWN
        ),
        product=next((product for sign, product in _PRODUCTS if sign in found), ""),
    )


def _start_tls() -> Dialogue[bool]:
    for _ in range(_MOST_TRIES):
        result = _result((yield Ask(_START_TLS, _has(_EXTENDED_RESPONSE))).data, _EXTENDED_RESPONSE)
        if result != _OPERATIONS_ERROR:
            return result == _SUCCESS
        # slapd counts an operation as outstanding for a moment after it was answered (RFC 4511 4.14.1).
        yield Ask(b"", bool, _PAUSE_S)
    return False


def _leave() -> Dialogue[None]:
    yield Ask(_UNBIND, bool, 0.0)


def _has(tag: int) -> Callable[[bytes], bool]:
    return lambda data: _result(data, tag) != _NO_ANSWER


def _result(data: bytes, wanted: int) -> int:
    """The result code of the response with the tag ``wanted``; -1 if there is none."""
    at = 0
    try:
        while at < len(data):
            tag, start, length = ber.header(data, at)
            if tag != SEQUENCE:
                break
            _, operation = ber.integer(data, start)
            kind, body, _ = ber.header(data, operation)
            if kind == wanted:
                code, value, size = ber.header(data, body)
                return data[value] if code == ENUMERATED and size == 1 and value < len(data) else _NO_ANSWER
            at = start + length
    except ParseError:
        pass
    return _NO_ANSWER
