"""MongoDB. Reference: mongodb.com, "MongoDB Wire Protocol", "hello", "listDatabases"; bsonspec.org.

Sent: isMaster, with which every driver begins; and listDatabases with a filter that fits none, which a server that
requires authentication refuses (error 13). Then, on a connection of its own, a TLS handshake. Safe: all only read.
"""

import re

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes.dialogue import Talk, tls_works
from javert.probes.interface import Ask, Reopen

_QUERY, _REPLY, _MESSAGE = 2004, 1, 2013
_INT32, _STRING, _DOCUMENT, _BOOLEAN = b"\x10", b"\x02", b"\x03", b"\x08"


def _number(value: int) -> bytes:
    return value.to_bytes(4, "little", signed=True)


def _document(*elements: bytes) -> bytes:
    body = b"".join(elements)
    return _number(len(body) + 5) + body + b"\0"


def _text(name: bytes, value: bytes) -> bytes:
    return _STRING + name + b"\0" + _number(len(value) + 1) + value + b"\0"


def _packet(identity: int, operation: int, body: bytes) -> bytes:
    return _number(16 + len(body)) + _number(identity) + _number(0) + _number(operation) + body


_ONE = _number(1)
_HELLO = _packet(
    1,
    _QUERY,
    _number(0) + b"admin.$cmd\0" + _number(0) + _number(-1) + _document(_INT32 + b"isMaster\0" + _ONE),
)
_LIST = _packet(
    2,
    _MESSAGE,
    _number(0)
    + b"\0"
    + _document(
        _INT32 + b"listDatabases\0" + _ONE,
        _BOOLEAN + b"nameOnly\0\x01",
        _DOCUMENT + b"filter\0" + _document(_text(b"name", b"javert-probe")),
        _text(b"$db", b"admin"),
    ),
)
_TLS_S = 1.0
_IS_MASTER = re.compile(rb"\x08is(?:master|WritablePrimary)\x00", re.IGNORECASE)
_DONE = re.compile(rb"\x01ok\x00\x00\x00\x00\x00\x00\x00\xf0\x3f")  # the double 1.0
_UNAUTHORIZED = re.compile(rb"\x10code\x00\x0d\x00\x00\x00")


def converse(_greeting: bytes) -> Talk:
    """TLS_OPTIONAL if it takes TLS on the same port as well (tls.mode preferTLS or allowTLS)."""
    hello = (yield Ask(_HELLO, _is_whole)).data
    if hello[12:16] not in (_number(_REPLY), _number(_MESSAGE)) or not _IS_MASTER.search(hello):
        return None
    listed = (yield Ask(_LIST, _is_whole)).data
    authentication = Authentication.UNKNOWN
    if _UNAUTHORIZED.search(listed):
        authentication = Authentication.REQUIRED
    elif _DONE.search(listed):
        authentication = Authentication.NONE
    yield Reopen()
    works = yield from tls_works(_TLS_S)
    acceptance = Acceptance.TLS_OPTIONAL if works else Acceptance.CLEARTEXT_ONLY
    return ProbeAnswer(protocol="mongodb", acceptance=acceptance, authentication=authentication)


def _is_whole(data: bytes) -> bool:
    return len(data) >= 16 and len(data) >= int.from_bytes(data[:4], "little")
