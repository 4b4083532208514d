"""ONC RPC as NFS and its helpers use it: portmap, mount, lock manager, status, quotas.

References: RFC 5531 9 (messages), 11 (record marking), RFC 1833 (portmap), RFC 7530 and RFC 1813 (NFS), RFC 2203
(RPCSEC_GSS; service 3 is privacy), RFC 9289 (RPC with TLS: credential flavor 7).
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from javert.errors import NeedsMoreData
from javert.model.telemetry import Encryption
from javert.protocols.conversation import Conversation, Reading
from javert.protocols.interface import Protocol, Verdict

_PORTMAP = 100000
_PROGRAMS = frozenset((_PORTMAP, 100003, 100005, 100011, 100021, 100024, 100227))
_CALL, _REPLY = b"\0\0\0\0", b"\0\0\0\1"
_RPC_VERSION = b"\0\0\0\2"
_GSS, _TLS = 6, 7
_MOST_CALLS = 256
_GSS_PRIVACY = b"\0\0\0\3"
_HELLO = re.compile(rb"\x16\x03[\x00-\x04]")


def identify_udp(talk: Conversation) -> Reading | None:
    """A call of one of the programs. Too short: never; a datagram cut before the program is none."""
    for side in (talk.client, talk.server):
        if any(_is_call(datagram, 0) for datagram in side[:2]):
            return _read([_Call.at(datagram, 0) for datagram in side if _is_call(datagram, 0)], began=False)
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
            began = _HELLO.match(mine, 4 + mark) is not None or _tls_after_reply(other)
            return _read([_Call.at(mine, place) for place in _calls(mine)], began=began)
    return None


def _is_call(data: bytes, at: int) -> bool:
    # xid(4) type(4)=0 rpc version(4)=2 program(4) program version(4) procedure(4) credential flavor(4) length(4)
    if len(data) < at + 24 or data[at + 4 : at + 8] != _CALL or data[at + 8 : at + 12] != _RPC_VERSION:
        return False
    program, version, procedure = (int.from_bytes(data[at + o : at + o + 4], "big") for o in (12, 16, 20))
    return program in _PROGRAMS and version <= 4 and procedure < 64


def _calls(data: bytes) -> Iterator[int]:
    """Where calls begin, behind their record marks; a fragment that continues a message does not look like one."""
    at = 0
    for _ in range(_MOST_CALLS):
        if _is_call(data, at + 4):
            yield at + 4
        at += 4 + (int.from_bytes(data[at : at + 4], "big") & 0x7FFFFFFF)
        if at + 28 > len(data):
            return


def _tls_after_reply(data: bytes) -> bool:
    end = 4 + (int.from_bytes(data[:4], "big") & 0x7FFFFFFF)
    return len(data) > end and _HELLO.match(data, end) is not None


class _Call(NamedTuple):
    program: int
    flavor: int
    private: bool

    @classmethod
    def at(cls, data: bytes, at: int) -> "_Call":
        program, flavor = (int.from_bytes(data[at + o : at + o + 4], "big") for o in (12, 24))
        # RFC 2203 5.3.1: gss version(4), procedure(4), sequence(4), service(4) behind the credential's length
        return cls(program, flavor, flavor == _GSS and data[at + 44 : at + 48] == _GSS_PRIVACY)


def _read(calls: list[_Call], *, began: bool) -> Reading:
    # Clients that want privacy ping without credentials, set up the context, and look after their lease with
    # integrity alone, or with none (nfs(5), sec=krb5p); so what has none says nothing of the calls that follow.
    encryption = Encryption.NONE
    if any(call.flavor == _TLS for call in calls):
        encryption = Encryption.UPGRADED if began else Encryption.UNKNOWN
    elif any(call.private for call in calls):
        encryption = Encryption.FULL
    final = encryption in (Encryption.UPGRADED, Encryption.FULL) or calls[0].program == _PORTMAP
    return Reading(Verdict(protocol=Protocol.NFS, encryption=encryption), final=final)
