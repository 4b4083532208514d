"""MySQL and MariaDB. Reference: MySQL internals manual, "Connection Phase": handshake, SSLRequest, error packets.

The server speaks first, and offers TLS or not. Sent, if it does: SSLRequest and a handshake. Safe: it is what every
client sends before it names a user. The server counts those who leave then by their address, and blocks one from
which that happened max_connect_errors times (100 unless set) without a login between. Over IPv4 that is 127.0.0.2,
from where nobody else comes; 127.0.0.1 and ::1 it does not count (MySQL manual, "The Host Cache").

Whether the server then requires TLS cannot be told without logging in. MySQL 8 and MariaDB 10.11 look at
require_secure_transport, and at REQUIRE SSL of an account, only after the password was right (acl_authenticate in
sql/auth/sql_authentication.cc, sql/sql_acl.cc); until then they answer the same. So its configuration decides,
where the sensor could read it (``ServiceHint.demands_tls``), and otherwise it is UNDECIDED.
"""

import re

import msgspec

from javert.model.telemetry import Acceptance, ProbeAnswer
from javert.probes.dialogue import Talk, tls_works
from javert.probes.interface import Ask, Ended, Reopen

_PROTOCOL_41, _SSL, _SECURE_CONNECTION, _PLUGIN_AUTH = 0x200, 0x800, 0x8000, 0x80000
_UTF8 = 33
# length(3) number(1) | capabilities(4) largest packet(4) character set(1), 23 zeros
_SSL_REQUEST = (
    bytes.fromhex("200000 01")
    + (_PROTOCOL_41 | _SSL | _SECURE_CONNECTION | _PLUGIN_AUTH).to_bytes(4, "little")
    + (1 << 24).to_bytes(4, "little")
    + bytes((_UTF8, *bytes(23)))
)
# version 10, the server's own version, thread id(4), challenge(8), zero, capabilities(2)
_GREETING = re.compile(rb"...\x00\x0a([ -~]{3,128})\x00.{12}\x00(..)", re.DOTALL)


_BY_CONFIGURATION = {True: Acceptance.TLS_REQUIRED, False: Acceptance.TLS_OPTIONAL, None: Acceptance.UNDECIDED}


def converse(greeting: bytes) -> Talk:
    """CLEARTEXT_ONLY if it offers no TLS that works; UNDECIDED otherwise: see ``by_configuration``.

    Args:
        greeting: the server's initial handshake, or its refusal.
    """
    handshake = _GREETING.match(greeting)
    if handshake is None and (yield Reopen(from_localhost=True)).ended is not Ended.RESET:
        # It has no account for clients from another address, and tells them nothing else (error 1130), or too many
        # of them left without logging in (1129). It never blocks the loopback addresses.
        handshake = _GREETING.match((yield Ask(b"", _is_packet)).data)
    if handshake is None:
        return ProbeAnswer(protocol="mysql", acceptance=Acceptance.UNDECIDED)
    works = False
    if int.from_bytes(handshake[2], "little") & _SSL:
        yield Ask(_SSL_REQUEST, bool, 0.0)
        works = yield from tls_works()
    return ProbeAnswer(
        protocol="mysql",
        acceptance=Acceptance.UNDECIDED if works else Acceptance.CLEARTEXT_ONLY,
        product="MariaDB" if b"MariaDB" in handshake[1] else "MySQL",
    )


def by_configuration(answer: ProbeAnswer, demands_tls: bool | None) -> ProbeAnswer:
    """``answer``, decided by what the configuration says where the protocol does not tell."""
    if answer.protocol != "mysql" or answer.acceptance is not Acceptance.UNDECIDED or not answer.product:
        return answer
    return msgspec.structs.replace(answer, acceptance=_BY_CONFIGURATION[demands_tls])


def _is_packet(data: bytes) -> bool:
    return len(data) > 4 and len(data) >= 4 + int.from_bytes(data[:3], "little")
