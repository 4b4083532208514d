"""Every protocol Javert knows, in the order in which they are tried.

The order: what is unmistakable first, then text protocols from the strict to the lax, then binary ones. Each entry
names the octets with which a side may begin, so that a flow meets only the few predicates that can fit it.
"""

from collections.abc import Callable, Iterable
from functools import cache

import msgspec

from javert.model.telemetry import Transport
from javert.protocols import (
    amqp,
    dns,
    dtls,
    ftp,
    http,
    imap,
    irc,
    ldap,
    mongodb,
    mqtt,
    mysql,
    nntp,
    pop3,
    postgresql,
    quic,
    rcommands,
    redis,
    rpc,
    rtsp,
    sip,
    smb,
    smtp,
    snmp,
    ssh,
    syslog,
    telnet,
    tftp,
    tls,
    vnc,
    xmpp,
)
from javert.protocols.conversation import Conversation, Reading
from javert.protocols.interface import Protocol


def _octets(*members: int | str | Iterable[int]) -> frozenset[int]:
    found: set[int] = set()
    for member in members:
        if isinstance(member, int):
            found.add(member)
        else:
            found.update(member.encode() if isinstance(member, str) else member)
    return frozenset(found)


_LETTERS = _octets("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_DIGITS = _octets("0123456789")
_PRINTABLE = _octets(range(0x21, 0x7F))
_ALL = _octets(range(256))
_NONE: frozenset[int] = frozenset()


class Detector(msgspec.Struct, frozen=True):
    """A predicate and when it is worth asking.

    Attributes:
        protocols: what it can answer.
        identify: the predicate.
        transport: where the protocol lives.
        client, server: octets with which either side may begin; one that fits is enough to ask.
        text: it is a line protocol, so it is not worth asking where a side begins with control characters.
    """

    protocols: tuple[Protocol, ...]
    identify: Callable[[Conversation], Reading | None]
    transport: Transport
    client: frozenset[int]
    server: frozenset[int]
    text: bool = False


_TCP, _UDP = Transport.TCP, Transport.UDP
_TLS_FIRST = _octets(range(0x14, 0x19), range(0x80, 0xC0))
_RESP = _octets("*$+-:%~>#,_(=!")
_SNMP = (Protocol.SNMPV1, Protocol.SNMPV2C, Protocol.SNMPV3)

# fmt: off
DETECTORS = (
    Detector((Protocol.TLS,), tls.identify, _TCP, _TLS_FIRST, _TLS_FIRST),
    Detector((Protocol.SSH,), ssh.identify, _TCP, _octets("S"), _octets("S") | _PRINTABLE),
    Detector((Protocol.HTTP,), http.identify, _TCP, _PRINTABLE | _octets(13, 10), _octets("H")),
    Detector((Protocol.VNC,), vnc.identify, _TCP, _octets("R"), _octets("R")),
    Detector((Protocol.XMPP,), xmpp.identify, _TCP, _octets("< \t\r\n"), _octets("< \t\r\n")),
    Detector((Protocol.AMQP,), amqp.identify, _TCP, _octets("A", 1, 2, 3, 8), _octets("A", 1, 2, 3, 8)),
    Detector((Protocol.RTSP,), rtsp.identify, _TCP, _LETTERS | _octets(13, 10, "$"), _octets("R$")),
    Detector((Protocol.SIP,), sip.identify_tcp, _TCP, _LETTERS | _octets(13, 10, 0), _octets("S", 13, 10)),
    Detector((Protocol.SMTP,), smtp.identify, _TCP, _LETTERS, _DIGITS, text=True),
    Detector((Protocol.FTP,), ftp.identify, _TCP, _LETTERS, _DIGITS, text=True),
    Detector((Protocol.NNTP,), nntp.identify, _TCP, _LETTERS, _DIGITS, text=True),
    Detector((Protocol.IMAP,), imap.identify, _TCP, _PRINTABLE, _octets("*"), text=True),
    Detector((Protocol.POP3,), pop3.identify, _TCP, _LETTERS, _octets("+-"), text=True),
    Detector((Protocol.IRC,), irc.identify, _TCP, _LETTERS, _LETTERS | _octets(":@"), text=True),
    Detector((Protocol.REDIS,), redis.identify, _TCP, _LETTERS | _RESP | _octets(13, 10), _RESP),
    Detector((Protocol.SYSLOG,), syslog.identify_tcp, _TCP, _DIGITS | _octets("<"), _NONE),
    Detector((Protocol.TELNET,), telnet.identify, _TCP, _octets(0xFF), _octets(0xFF, 10, 13, 27) | _PRINTABLE),
    Detector((Protocol.MQTT,), mqtt.identify, _TCP, _octets(0x10), _NONE),
    Detector((Protocol.SMB1,), smb.identify, _TCP, _octets(0, 0x81), _octets(0, 0x82)),
    Detector((Protocol.POSTGRESQL,), postgresql.identify, _TCP, _octets(0, "QPBDECSHXFp"), _NONE),
    Detector((Protocol.RLOGIN,), rcommands.identify_rlogin, _TCP, _octets(0), _NONE),
    Detector((Protocol.RSH, Protocol.REXEC), rcommands.identify_rcmd, _TCP, _DIGITS | _octets(0), _NONE),
    Detector(_SNMP, snmp.identify, _TCP, _octets(0x30), _octets(0x30)),
    Detector((Protocol.LDAP,), ldap.identify, _TCP, _octets(0x30), _octets(0x30)),
    Detector((Protocol.DNS,), dns.identify_tcp, _TCP, _octets(range(0, 0x14)), _octets(range(0, 0x14))),
    Detector((Protocol.NFS,), rpc.identify_tcp, _TCP, _octets(0, 0x80), _octets(0, 0x80)),
    Detector((Protocol.MYSQL,), mysql.identify, _TCP, _ALL, _ALL),
    Detector((Protocol.MONGODB,), mongodb.identify, _TCP, _ALL, _ALL),

    Detector((Protocol.DTLS,), dtls.identify, _UDP, _octets(range(20, 27)), _octets(range(20, 27))),
    Detector((Protocol.SIP,), sip.identify_udp, _UDP, _LETTERS | _octets(13, 10, 0), _LETTERS | _octets(13, 10, 0)),
    Detector((Protocol.SYSLOG,), syslog.identify_udp, _UDP, _DIGITS | _octets("<"), _DIGITS | _octets("<")),
    Detector(_SNMP, snmp.identify, _UDP, _octets(0x30), _octets(0x30)),
    Detector((Protocol.TFTP,), tftp.identify, _UDP, _octets(0), _octets(0)),
    Detector((Protocol.NFS,), rpc.identify_udp, _UDP, _ALL, _ALL),
    Detector((Protocol.QUIC,), quic.identify, _UDP, _ALL, _ALL),
    Detector((Protocol.DNS,), dns.identify_udp, _UDP, _ALL, _ALL),
)
# fmt: on


@cache
def candidates(transport: Transport, client: int, server: int) -> tuple[Detector, ...]:
    """The detectors worth asking, in order.

    Args:
        transport: that of the flow.
        client: the client's first octet; -1 if it was not heard.
        server: the server's, likewise.
    """
    return tuple(
        detector
        for detector in DETECTORS
        if detector.transport is transport and (client in detector.client or server in detector.server)
    )
