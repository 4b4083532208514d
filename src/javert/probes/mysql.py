"""MySQL and MariaDB. Reference: MySQL internals manual, "Connection Phase": handshake, SSLRequest, error packets.

The server speaks first, and offers TLS or not. Sent, if it does: SSLRequest and a handshake; then, on a connection
in the clear, a handshake response with a user that nobody has, no password, and a method of authentication that
does not exist. Safe: a server that tells early that it requires TLS does so now (error 3159); any other asks to
switch to a method it knows, and the connection is closed there, before anything was authenticated.

MySQL 8 and MariaDB 10.11 look at require_secure_transport, and at REQUIRE SSL of an account, only after the
password was right (acl_authenticate in sql/auth/sql_authentication.cc). Who does not log in cannot tell: UNDECIDED.
"""

import re

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes.dialogue import Dialogue, Talk, at_home, tls_works
from javert.probes.interface import Ask, Ended, Reopen

_PROTOCOL_41, _SSL, _SECURE_CONNECTION, _PLUGIN_AUTH = 0x200, 0x800, 0x8000, 0x80000
_CAPABILITIES = _PROTOCOL_41 | _SECURE_CONNECTION | _PLUGIN_AUTH
_UTF8 = 33
_INSECURE_TRANSPORT = 3159
_QUIT = bytes.fromhex("01000000 01")


def _packet(capabilities: int, rest: bytes) -> bytes:
    body = capabilities.to_bytes(4, "little") + (1 << 24).to_bytes(4, "little") + bytes((_UTF8,)) + bytes(23) + rest
    return len(body).to_bytes(3, "little") + b"\x01" + body


_SSL_REQUEST = _packet(_CAPABILITIES | _SSL, b"")
_LOGIN = _packet(_CAPABILITIES, b"javert-probe\0\0javert-probe\0")

# version 10, the server's own version, thread id(4), challenge(8), zero, capabilities(2)
_GREETING = re.compile(rb"...\x00\x0a([ -~]{3,128})\x00.{12}\x00(..)", re.DOTALL)
_ERROR = re.compile(rb"...[\x00-\x03]\xff(..)", re.DOTALL)
_OK = re.compile(rb"...[\x02\x03]\x00", re.DOTALL)


def converse(greeting: bytes) -> Talk:
    """CLEARTEXT_ONLY without TLS; with it what the answer to a client that goes on without tells, if it does.

    Args:
        greeting: the server's initial handshake, or its refusal.
    """
    if not _GREETING.match(greeting) and (yield Reopen(from_its_own_address=True)).ended is not Ended.RESET:
        # It has no account for clients from another address, and tells them nothing else (error 1130).
        return (yield from at_home(_converse((yield Ask(b"", is_packet)).data)))
    return (yield from _converse(greeting))


def _converse(greeting: bytes) -> Talk:
    handshake = _GREETING.match(greeting)
    if handshake is None:
        return ProbeAnswer(protocol="mysql", acceptance=Acceptance.UNDECIDED)
    product = "MariaDB" if b"MariaDB" in handshake[1] else "MySQL"
    acceptance, authentication = Acceptance.CLEARTEXT_ONLY, Authentication.UNKNOWN
    if int.from_bytes(handshake[2], "little") & _SSL:
        yield Ask(_SSL_REQUEST, bool, 0.0)
        if (yield from tls_works()):
            acceptance, authentication = yield from _in_the_clear()
    return ProbeAnswer(protocol="mysql", acceptance=acceptance, authentication=authentication, product=product)


def _in_the_clear() -> Dialogue[tuple[Acceptance, Authentication]]:
    if (yield Reopen()).ended is not Ended.RESET and (yield Ask(b"", is_packet)).data:
        answer = (yield Ask(_LOGIN, is_packet)).data
        error = _ERROR.match(answer)
        if error is not None and int.from_bytes(error[1], "little") == _INSECURE_TRANSPORT:
            return Acceptance.TLS_REQUIRED, Authentication.UNKNOWN
        if _OK.match(answer):  # an account for everybody, without a name or password
            yield Ask(_QUIT, bool, 0.0)
            return Acceptance.TLS_OPTIONAL, Authentication.NONE
    return Acceptance.UNDECIDED, Authentication.UNKNOWN


def is_packet(data: bytes) -> bool:
    """Whether ``data`` is a whole packet: length(3), number(1), and that many octets."""
    return len(data) > 4 and len(data) >= 4 + int.from_bytes(data[:3], "little")
