"""VNC's protocol, RFB. References: RFC 6143 7.1 (versions, security types); rfbproto.rst (TLS 18, VeNCrypt 19).

The server speaks first. Sent: the version it named; if VeNCrypt is the only way in, the choice of it and of its
version 0.2, upon which the server lists what VeNCrypt offers. Safe: no security type is begun, nobody is asked for
a password, and no screen is shown.
"""

import re

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes.dialogue import Dialogue, Talk
from javert.probes.interface import Ask

_VERSION = re.compile(rb"RFB (\d{3})\.(\d{3})\n")
_OLD, _MIDDLE, _NEW = b"RFB 003.003\n", b"RFB 003.007\n", b"RFB 003.008\n"
_CHOOSE_VENCRYPT, _VENCRYPT_VERSION = b"\x13", b"\0\2"
_NONE, _VENCRYPT = 1, 19
# RA2 and its kin (5, 13, 129, 133) encrypt the session with AES; 18 is TLS without certificates.
_ENCRYPTED = frozenset((5, 13, 18, 129, 133))
_VENCRYPT_PLAIN = 256
# TLSNone, X509None
_VENCRYPT_OPEN = frozenset((257, 260))


def converse(greeting: bytes) -> Talk:
    """TLS_REQUIRED if every security type offered encrypts. No handshake is made: TLSNone has no certificate.

    Args:
        greeting: the version the server named.
    """
    version = _VERSION.match(greeting)
    if version is None:
        return None
    minor = int(version[2]) if version[1] == b"003" else 8
    types = yield from _types(minor)
    if not types:
        return ProbeAnswer(protocol="vnc", acceptance=Acceptance.UNDECIDED)
    clear, encrypted = types - _ENCRYPTED - {_VENCRYPT}, types & _ENCRYPTED
    open_to_all = _NONE in types
    if _VENCRYPT in types:
        inner = (yield from _vencrypt()) if not clear else frozenset((_VENCRYPT,))
        encrypted |= inner - {_VENCRYPT_PLAIN}
        clear |= inner & {_VENCRYPT_PLAIN}
        open_to_all = open_to_all or bool(inner & _VENCRYPT_OPEN)
    acceptance = Acceptance.CLEARTEXT_ONLY
    if encrypted:
        acceptance = Acceptance.TLS_OPTIONAL if clear else Acceptance.TLS_REQUIRED
    return ProbeAnswer(
        protocol="vnc",
        acceptance=acceptance,
        authentication=Authentication.NONE if open_to_all else Authentication.REQUIRED,
    )


def _types(minor: int) -> Dialogue[frozenset[int]]:
    """The security types offered: of 3.3 the one the server chose (RFC 6143 7.1.2); none if it refuses."""
    if minor < 7:
        said = (yield Ask(_OLD, _has_four)).data
        chosen = int.from_bytes(said[:4], "big") if _has_four(said) else 0
        return frozenset((chosen,)) - {0}
    said = (yield Ask(_MIDDLE if minor == 7 else _NEW, _has_list)).data
    return frozenset(said[1 : 1 + said[0]] if said else b"")


def _vencrypt() -> Dialogue[frozenset[int]]:
    """VeNCrypt's subtypes: version(2) of the server; then 0 if ours is good, their number, and four octets each."""
    version = (yield Ask(_CHOOSE_VENCRYPT, _has_two)).data
    if version[:2] != _VENCRYPT_VERSION:
        return frozenset((_VENCRYPT,))
    said = (yield Ask(_VENCRYPT_VERSION, _has_subtypes)).data
    if not _has_subtypes(said) or said[0] != 0:
        return frozenset((_VENCRYPT,))
    return frozenset(int.from_bytes(said[at : at + 4], "big") for at in range(2, 2 + 4 * said[1], 4))


def _has_four(data: bytes) -> bool:
    return len(data) >= 4


def _has_two(data: bytes) -> bool:
    return len(data) >= 2


def _has_list(data: bytes) -> bool:
    return bool(data) and len(data) >= 1 + data[0]


def _has_subtypes(data: bytes) -> bool:
    return len(data) >= 2 and (data[0] != 0 or len(data) >= 2 + 4 * data[1])
