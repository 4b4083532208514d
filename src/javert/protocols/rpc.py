"""ONC RPC as NFS and its helpers use it: portmap, mount, lock manager, status, quotas.

References: RFC 5531 9 (messages), 11 (record marking), RFC 1833 (portmap), RFC 7530 and RFC 1813 (NFS), RFC 2203
(RPCSEC_GSS; service 3 is privacy), RFC 9289 (RPC with TLS: credential flavor 7).
"""

import re

from javert.errors import NeedsMoreData
from javert.model.telemetry import Encryption
from javert.protocols.conversation import Conversation, Reading
from javert.protocols.interface import Protocol, Verdict

_PROGRAMS = frozenset((100000, 100003, 100005, 100011, 100021, 100024, 100227))
_CALL, _REPLY = b"\0\0\0\0", b"\0\0\0\1"
_RPC_VERSION = b"\0\0\0\2"
_GSS, _TLS = 6, 7
_GSS_PRIVACY = b"\0\0\0\3"
_HELLO = re.compile(rb"\x16\x03[\x00-\x04]")


def identify_udp(talk: Conversation) -> Reading | None:
    """A call of one of the programs. Too short: never; a datagram cut before the program is none."""
    for datagram in (*talk.client[:2], *talk.server[:2]):
        if _is_call(datagram, 0):
            return _reading(datagram, 0, began=False)
    return None


def identify_tcp(talk: Conversation) -> Reading | None:
    """A call behind a record mark. Too short: fewer than 28 octets of a possible call."""
    for mine, other in ((talk.opening, talk.greeting), (talk.greeting, talk.opening)):
        if not mine:
            continue
        mark = int.from_bytes(mine[:4], "big") & 0x7FFFFFFF
        if len(mine) < 28:
            if (len(mine) < 4 or 40 <= mark <= 1 << 22) and mine[8:12] in (b"", _CALL[: len(mine[8:12])]):
                raise NeedsMoreData("RPC call")
            continue
        if 40 <= mark <= 1 << 22 and _is_call(mine, 4):
            end = 4 + mark
            began = _HELLO.match(mine, end) is not None or _tls_after_reply(other)
            return _reading(mine, 4, began=began)
    return None


def _is_call(data: bytes, at: int) -> bool:
    # xid(4) type(4)=0 rpc version(4)=2 program(4) program version(4) procedure(4) credential flavor(4) length(4)
    if len(data) < at + 24 or data[at + 4 : at + 8] != _CALL or data[at + 8 : at + 12] != _RPC_VERSION:
        return False
    program, version, procedure = (int.from_bytes(data[at + o : at + o + 4], "big") for o in (12, 16, 20))
    return program in _PROGRAMS and version <= 4 and procedure < 64


def _tls_after_reply(data: bytes) -> bool:
    end = 4 + (int.from_bytes(data[:4], "big") & 0x7FFFFFFF)
    return len(data) > end and _HELLO.match(data, end) is not None


def _reading(data: bytes, at: int, *, began: bool) -> Reading:
    flavor = int.from_bytes(data[at + 24 : at + 28], "big")
    encryption = Encryption.NONE
    if flavor == _TLS:
        encryption = Encryption.UPGRADED if began else Encryption.UNKNOWN
    elif flavor == _GSS and data[at + 44 : at + 48] == _GSS_PRIVACY:
        encryption = Encryption.FULL  # gss version(4), procedure(4), sequence(4), service(4) behind the length
    return Reading(
        Verdict(protocol=Protocol.NFS, encryption=encryption), final=encryption is not Encryption.UNKNOWN
    )
