"""VNC's protocol, RFB. References: RFC 6143 7.1 (handshake), rfbproto 7.2 (TLS 18, VeNCrypt 19)."""

import re

from javert.errors import NeedsMoreData
from javert.model.telemetry import Encryption
from javert.protocols.conversation import Conversation, Reading
from javert.protocols.interface import Protocol, Verdict

_VERSION = re.compile(rb"RFB \d{3}\.\d{3}\n")
_HELLO = re.compile(rb"\x16\x03[\x00-\x04][\x00-\x48].[\x01\x02]", re.DOTALL)
_TLS_TYPES = frozenset((18, 19))
_VENCRYPT = 19
_VENCRYPT_PLAIN = b"\x00\x00\x01\x00"


def identify(talk: Conversation) -> Reading | None:
    """``RFB xxx.yyy`` and a line feed, from the server first, then from the client.

    Too short: fewer than 12 octets.
    """
    for data in (talk.greeting, talk.opening):
        if _VERSION.match(data):
            return _read(talk)
        if data and len(data) < 12 and talk.textual and b"RFB ".startswith(data[:4]):
            raise NeedsMoreData("RFB version")
    return None


def _read(talk: Conversation) -> Reading:
    # Server: version(12), number of security types(1), the types. Client: version(12), the type chosen(1).
    server, client = talk.greeting, talk.opening
    offered = (
        frozenset(server[13 : 13 + server[12]]) if len(server) > 13 and server[8:11] >= b"007" else frozenset()
    )
    chosen = client[12] if len(client) > 12 and offered else 0
    encryption, exposed = Encryption.NONE, False
    if chosen in _TLS_TYPES:
        began = _HELLO.search(client[13:64]) or _HELLO.search(server[13:128])
        # VeNCrypt: version(2) back, then a subtype of four octets; 256 is a password in the clear.
        exposed = chosen == _VENCRYPT and client[15:19] == _VENCRYPT_PLAIN
        encryption = Encryption.UPGRADED if began else Encryption.NONE if exposed else Encryption.UNKNOWN
    elif offered & _TLS_TYPES:
        encryption = Encryption.OFFERED_NOT_USED
    verdict = Verdict(protocol=Protocol.VNC, encryption=encryption, credentials_exposed=exposed)
    return Reading(verdict, final=encryption is Encryption.UPGRADED)
