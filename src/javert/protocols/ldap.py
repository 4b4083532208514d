"""LDAP. References: RFC 4511 4.1.1 (message), 4.2 (bind), 4.14 (StartTLS); X.690 for the encoding."""

import re

from javert.errors import NeedsMoreData, ParseError
from javert.model.telemetry import Encryption
from javert.protocols import ber
from javert.protocols.conversation import Conversation, Reading, upgrade_state
from javert.protocols.interface import Protocol, Verdict
from javert.protocols.tls import is_client_hello, is_server_hello

_BIND, _EXTENDED, _EXTENDED_RESPONSE = 0x60, 0x77, 0x78
_OPERATIONS = frozenset(
    (
        0x60,
        0x61,
        0x42,
        0x63,
        0x64,
        0x65,
        0x66,
        0x67,
        0x68,
        0x69,
        0x4A,
        0x6B,
        0x6C,
        0x6D,
        0x6E,
        0x6F,
        0x50,
        0x73,
        0x77,
        0x78,
        0x79,
    )
)
_START_TLS = b"1.3.6.1.4.1.1466.20037"
_SASL_PLAIN = re.compile(rb"\x04\x05PLAIN\x04", re.IGNORECASE)
_SEALED = re.compile(rb"\x04.(?:GSSAPI|GSS-SPNEGO|DIGEST-MD5)", re.DOTALL)
_MOST_MESSAGES = 64


def identify(talk: Conversation) -> Reading | None:
    """A BER message ``{messageID, operation, …}`` with an application tag of LDAP's, from either side.

    Too short: fewer octets than reach the operation's tag.
    """
    verdicts = [_is_message(data) for data in (talk.opening, talk.greeting) if data]
    # A flow joined midway may begin inside a message of one side.
    enough = any(verdicts) if talk.midstream else all(verdicts)
    return _read(talk) if verdicts and enough else None


def _is_message(data: bytes) -> bool:
    try:
        tag, at, length = ber.header(data, 0)
        if tag != 0x30 or length < 5:
            return False
        end = at + length
        number, at = ber.integer(data, at)
        operation, start, size = ber.header(data, at)
    except NeedsMoreData:
        if data[:1] == b"\x30":
            raise
        return False
    except ParseError:
        return False
    if not 0 <= number < 1 << 31 or operation not in _OPERATIONS or start + size > end:
        return False
    if operation == _BIND and start + 3 <= len(data):  # version INTEGER (1 .. 127); 2 and 3 exist
        return data[start : start + 2] == b"\x02\x01" and 1 <= data[start + 2] <= 3
    return True


def _read(talk: Conversation) -> Reading:
    client = talk.opening
    asked = refused = began = exposed = sealed = False
    at = 0
    for _ in range(_MOST_MESSAGES):
        if asked and (began := _hello(client, at)):
            break
        try:
            _, start, length = ber.header(client, at)
            _, operation_at = ber.integer(client, start)
            operation, body, size = ber.header(client, operation_at)
        except ParseError:
            sealed = sealed and at < len(client) and client[at] != 0x30
            break
        message = client[body : body + size]
        if asked:
            refused = True  # another request in cleartext
        if operation == _EXTENDED and _START_TLS in message:
            asked, refused = True, False
        elif operation == _BIND:
            exposed = exposed or _bind_exposes(message)
            sealed = sealed or _SEALED.search(message) is not None
        at = start + length
    else:
        sealed = False
    if asked and not began:
        began = any(_hello_somewhere(piece) for piece in (*talk.server, *talk.client[1:]))
        refused = refused or _declined(talk.greeting)
    encryption = upgrade_state(offered=_START_TLS in talk.greeting, asked=asked, refused=refused, began=began)
    if sealed and encryption is Encryption.NONE:
        encryption = Encryption.UNKNOWN  # RFC 4422 3.7: a SASL security layer replaced the messages
    verdict = Verdict(protocol=Protocol.LDAP, encryption=encryption, credentials_exposed=exposed)
    return Reading(verdict, final=encryption is Encryption.UPGRADED)


def _bind_exposes(message: bytes) -> bool:
    # version INTEGER, name OCTET STRING, then [0] simple (RFC 4511 4.2), empty for anonymous, or [3] SASL
    try:
        _, at = ber.integer(message, 0)
        _, name, size = ber.header(message, at)
        choice, _, length = ber.header(message, name + size)
    except ParseError:
        return False
    return (choice == 0x80 and length > 0) or (choice == 0xA3 and _SASL_PLAIN.search(message) is not None)


def _hello(data: bytes, at: int) -> bool:
    try:
        return is_client_hello(data[at : at + 16])
    except NeedsMoreData:
        return False


def _hello_somewhere(data: bytes) -> bool:
    # After the response to StartTLS: a record with a hello where that message ends.
    at = 0
    for _ in range(_MOST_MESSAGES):
        try:
            if is_server_hello(data[at : at + 16]) or is_client_hello(data[at : at + 16]):
                return True
            tag, start, length = ber.header(data, at)
        except ParseError:
            return False
        if tag != 0x30:
            return False
        at = start + length
    return False


def _declined(greeting: bytes) -> bool:
    # ExtendedResponse: resultCode ENUMERATED first; zero is success.
    match = re.search(rb"\x78[\x00-\x7f]\x0a\x01(.)", greeting[:256], re.DOTALL)
    return match is not None and match[1] != b"\0"
