"""Whole sessions, at least one of every protocol, as their references write them.

The property tests cut, mix and mutilate them (``tests/property/test_protocol_sessions.py``), and the fuzzer starts
from them (``tests/fuzz``).
"""

from typing import NamedTuple

from javert.model.telemetry import Encryption, Transport
from javert.protocols.interface import Protocol

Turn = tuple[str, bytes]
"""Who says what: "C" the client, "S" the server."""

TCP, UDP = Transport.TCP, Transport.UDP
NONE, FULL, UPGRADED, REFUSED = Encryption.NONE, Encryption.FULL, Encryption.UPGRADED, Encryption.REFUSED
OFFERED = Encryption.OFFERED_NOT_USED
H = bytes.fromhex


class Script(NamedTuple):
    """A session and what is to be told of it."""

    protocol: Protocol
    turns: tuple[Turn, ...]
    encryption: Encryption = NONE
    exposed: bool = False
    transport: Transport = TCP
    server_port: int = 0


CLIENT_HELLO = H("16 0301 00c8  01 0000c4 0303") + bytes(range(194))
SERVER_HELLO = H("16 0303 007a  02 000076 0303") + bytes(range(116))
HANDSHAKE: tuple[Turn, Turn] = (("C", CLIENT_HELLO), ("S", SERVER_HELLO))


def of_lines(text: str) -> tuple[Turn, ...]:
    """Turns of a line protocol: ``C: `` and ``S: `` before each line."""
    return tuple((line[0], line[3:].encode() + b"\r\n") for line in text.strip().splitlines())


def of_packets(text: str) -> tuple[Turn, ...]:
    """Turns in hexadecimal, ``C: `` and ``S: `` before each."""
    return tuple((line[0], H(line[3:])) for line in text.strip().splitlines())


SMTP = of_lines("""
S: 220 foo.com Simple Mail Transfer Service Ready
C: EHLO bar.com
S: 250-foo.com greets bar.com
S: 250-8BITMIME
S: 250-STARTTLS
S: 250 HELP
""")
FTP = of_lines("""
S: 220 Service ready for new user.
C: FEAT
S: 211-Extensions supported:
S:  AUTH TLS
S: 211 End
""")
IMAP = of_lines("""
S: * OK IMAP4rev2 Service Ready
C: a1 CAPABILITY
S: * CAPABILITY IMAP4rev2 STARTTLS AUTH=PLAIN
S: a1 OK done
""")
POP3 = of_lines("""
S: +OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>
C: CAPA
S: +OK
S: STLS
S: .
""")
NNTP = of_lines("""
S: 200 news.example.com ready
C: CAPABILITIES
S: 101 Capability list:
S: VERSION 2
S: STARTTLS
S: .
""")
IRC = of_lines("""
C: CAP LS 302
S: :irc.example.org CAP * LS :multi-prefix tls
C: NICK amy
C: USER amy 0 * :Amy Pond
""")
XMPP: tuple[Turn, ...] = (
    (
        "C",
        b"<?xml version='1.0'?><stream:stream to='im.example.com' version='1.0' xmlns='jabber:client' "
        b"xmlns:stream='http://etherx.jabber.org/streams'>",
    ),
    ("S", b"<?xml version='1.0'?><stream:stream id='t7' xmlns:stream='http://etherx.jabber.org/streams'>"),
    ("S", b"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>"),
)
LDAP_START = of_packets("""
C: 301d 020101 7718 8016 312e332e362e312e342e312e313436362e3230303337
S: 300c 020101 7807 0a0100 0400 0400
""")
MYSQL_GREETING = ("S", H("4a000000 0a 382e302e333600 00000001 6162636465666768 00 ffff") + bytes(45))
MYSQL_SSL_REQUEST = ("C", H("20000001 000a0000") + bytes(28))
SNMP_GET = "0406 7075626c6963 a019 020101 020100 020100 300e 300c 0608 2b06010201010100 0500"
AMQP_PLAIN = H("01 0000 00000022 000a 000b 00000000 05 504c41494e 0000000a 006a6f6500736563726574 00 ce")

SESSIONS: dict[str, Script] = {
    "smtp": Script(
        Protocol.SMTP,
        (
            *SMTP,
            *of_lines("""
C: AUTH PLAIN AHVzZXIAcGFzcw==
S: 235 ok
C: MAIL FROM:<Smith@bar.com>
S: 250 OK
C: DATA
S: 354 Start mail input; end with <CRLF>.<CRLF>
C: Blah blah blah...
C: .
"""),
        ),
        OFFERED,
        exposed=True,
    ),
    "smtp, starttls": Script(Protocol.SMTP, (*SMTP, *of_lines("C: STARTTLS\nS: 220 Go"), *HANDSHAKE), UPGRADED),
    "smtp, starttls refused": Script(Protocol.SMTP, (*SMTP, *of_lines("C: STARTTLS\nS: 454 no")), REFUSED),
    "lmtp": Script(
        Protocol.SMTP, of_lines("S: 220 foo LMTP\nC: LHLO bar\nS: 250-foo\nS: 250 SIZE\nC: MAIL FROM:<a@b>")
    ),
    "ftp": Script(
        Protocol.FTP,
        (*FTP, *of_lines("C: USER joe\nS: 331 Need password.\nC: PASS secret\nS: 230 User logged in.\nC: PASV")),
        OFFERED,
        exposed=True,
    ),
    "ftp, auth tls": Script(Protocol.FTP, (*FTP, *of_lines("C: AUTH TLS\nS: 234 Go ahead"), *HANDSHAKE), UPGRADED),
    "pop3": Script(
        Protocol.POP3,
        (*POP3, *of_lines("C: USER mrose\nS: +OK\nC: PASS secret\nS: +OK 2 messages")),
        OFFERED,
        exposed=True,
    ),
    "pop3, stls": Script(Protocol.POP3, (*POP3, *of_lines("C: STLS\nS: +OK Begin TLS"), *HANDSHAKE), UPGRADED),
    "imap": Script(
        Protocol.IMAP,
        (*IMAP, *of_lines("C: a2 login mrc secret\nS: a2 OK\nC: a3 select inbox")),
        OFFERED,
        exposed=True,
    ),
    "imap, starttls": Script(Protocol.IMAP, (*IMAP, *of_lines("C: a2 STARTTLS\nS: a2 OK"), *HANDSHAKE), UPGRADED),
    "nntp": Script(
        Protocol.NNTP, (*NNTP, *of_lines("C: MODE READER\nS: 200 Reader mode\nC: GROUP misc.test")), OFFERED
    ),
    "nntp, starttls": Script(
        Protocol.NNTP, (*NNTP, *of_lines("C: STARTTLS\nS: 382 Continue"), *HANDSHAKE), UPGRADED
    ),
    "irc": Script(
        Protocol.IRC,
        (*IRC, *of_lines("S: :irc.example.org 001 amy :Welcome\nC: PRIVMSG NickServ :IDENTIFY secret")),
        OFFERED,
        exposed=True,
    ),
    "irc, starttls": Script(
        Protocol.IRC,
        (*IRC, *of_lines("C: STARTTLS\nS: :irc.example.org 670 amy :STARTTLS successful"), *HANDSHAKE),
        UPGRADED,
    ),
    "xmpp": Script(
        Protocol.XMPP,
        (*XMPP, ("C", b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGp1bGlldABy</auth>")),
        OFFERED,
        exposed=True,
    ),
    "xmpp, starttls": Script(
        Protocol.XMPP,
        (
            *XMPP,
            ("C", b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
            ("S", b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
            *HANDSHAKE,
        ),
        UPGRADED,
    ),
    "http": Script(
        Protocol.HTTP,
        (
            ("C", b"GET /hello.txt HTTP/1.1\r\nHost: www.example.com\r\nAuthorization: Basic am9lOng=\r\n\r\n"),
            (
                "S",
                b"HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\nHello World!\r\n",
            ),
        ),
        exposed=True,
    ),
    "http, connect": Script(
        Protocol.HTTP,
        (
            ("C", b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n"),
            ("S", b"HTTP/1.1 200 Connection established\r\n\r\n"),
            *HANDSHAKE,
        ),
        UPGRADED,
    ),
    "http 2": Script(
        Protocol.HTTP,
        (
            ("C", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + H("000000 04 00 00000000")),
            ("S", H("000000 04 00 00000000")),
        ),
    ),
    "rtsp": Script(
        Protocol.RTSP,
        of_lines(
            "C: OPTIONS rtsp://example.com/media.mp4 RTSP/1.0\nC: CSeq: 1\nC: \nS: RTSP/1.0 200 OK\nS: CSeq: 1"
        ),
    ),
    "sip over tcp": Script(
        Protocol.SIP, of_lines("C: OPTIONS sip:a@example.org SIP/2.0\nC: Max-Forwards: 70\nC: \nS: SIP/2.0 200 OK")
    ),
    "sip": Script(
        Protocol.SIP,
        (("C", b"OPTIONS sip:a@example.org SIP/2.0\r\nMax-Forwards: 70\r\n\r\n"), ("S", b"SIP/2.0 200 OK\r\n\r\n")),
        transport=UDP,
    ),
    "telnet": Script(
        Protocol.TELNET,
        (
            ("S", b"\xff\xfd\x18\xff\xfd\x20\xff\xfd\x23\xff\xfd\x27"),
            ("C", b"\xff\xfb\x18\xff\xfc\x20\xff\xfc\x23\xff\xfb\x27"),
            ("S", b"\xff\xfa\x18\x01\xff\xf0Debian GNU/Linux 12\r\nhost login: "),
            ("C", b"\xff\xfa\x18\x00XTERM\xff\xf0joe\r\n"),
            ("S", b"joe\r\nPassword: "),
            ("C", b"secret\r\n"),
            ("S", b"\r\nLast login: Mon\r\n"),
        ),
        exposed=True,
    ),
    "rlogin": Script(
        Protocol.RLOGIN,
        (
            ("C", b"\x00joe\x00root\x00vt100/9600\x00"),
            ("S", b"\x00Password: "),
            ("C", b"secret\r"),
            ("S", b"\r\n$ "),
        ),
        exposed=True,
    ),
    "rsh": Script(
        Protocol.RSH, (("C", b"1021\x00joe\x00root\x00uname -a\x00"), ("S", b"\x00Linux\n")), server_port=514
    ),
    "rexec": Script(
        Protocol.REXEC,
        (("C", b"40001\x00joe\x00secret\x00uname -a\x00"), ("S", b"\x00Linux\n")),
        exposed=True,
        server_port=512,
    ),
    "vnc": Script(
        Protocol.VNC,
        (("S", b"RFB 003.008\n"), ("C", b"RFB 003.008\n"), ("S", b"\x02\x02\x13"), ("C", b"\x02")),
        OFFERED,
    ),
    "vnc, vencrypt": Script(
        Protocol.VNC,
        (
            ("S", b"RFB 003.008\n"),
            ("C", b"RFB 003.008\n"),
            *of_packets("S: 02 02 13\nC: 13\nS: 0002\nC: 0002\nS: 00 01 00000102\nC: 00000102\nS: 01"),
            *HANDSHAKE,
        ),
        UPGRADED,
    ),
    "redis": Script(
        Protocol.REDIS,
        (
            ("C", b"*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n"),
            ("S", b"+OK\r\n"),
            ("C", b"*1\r\n$4\r\nPING\r\n"),
            ("S", b"+PONG\r\n"),
        ),
        exposed=True,
    ),
    "ldap": Script(
        Protocol.LDAP,
        of_packets("C: 3012 020101 600d 020103 0402 636e 8004 70617373\nS: 300c 020101 6107 0a0100 0400 0400"),
        exposed=True,
    ),
    "ldap, starttls": Script(Protocol.LDAP, (*LDAP_START, *HANDSHAKE), UPGRADED),
    "postgresql": Script(
        Protocol.POSTGRESQL,
        (
            ("C", H("00000008 04d2162f")),
            ("S", b"N"),
            ("C", b"\x00\x00\x00\x13\x00\x03\x00\x00user\x00joe\x00\x00"),
            ("S", b"R\x00\x00\x00\x08\x00\x00\x00\x03"),
            ("C", b"p\x00\x00\x00\x0bsecret\x00"),
        ),
        REFUSED,
        exposed=True,
    ),
    "postgresql, ssl": Script(
        Protocol.POSTGRESQL, (("C", H("00000008 04d2162f")), ("S", b"S"), *HANDSHAKE), UPGRADED
    ),
    "mysql": Script(
        Protocol.MYSQL, (MYSQL_GREETING, ("C", H("25000001 00020000") + bytes(28) + b"joe\x00\x00")), OFFERED
    ),
    "mysql, ssl": Script(Protocol.MYSQL, (MYSQL_GREETING, MYSQL_SSL_REQUEST, *HANDSHAKE), UPGRADED),
    "mongodb": Script(
        Protocol.MONGODB,
        of_packets(
            "C: 24000000 02000000 00000000 dd070000 00000000 00 0f000000 10 68656c6c6f 00 01000000 00\n"
            "S: 21000000 03000000 02000000 dd070000 00000000 00 0c000000 10 6f6b 00 01000000 00"
        ),
    ),
    "mqtt": Script(
        Protocol.MQTT,
        of_packets("C: 1015 0004 4d515454 04 c2 003c 0001 61 0003 6a6f65 0001 78\nS: 20020000"),
        exposed=True,
    ),
    "amqp": Script(
        Protocol.AMQP,
        (("C", b"AMQP\x00\x00\x09\x01"), ("S", H("01 0000 00000004 000a 000a ce")), ("C", AMQP_PLAIN)),
        exposed=True,
    ),
    "amqp, tls": Script(
        Protocol.AMQP, (("C", b"AMQP\x02\x01\x00\x00"), ("S", b"AMQP\x02\x01\x00\x00"), *HANDSHAKE), UPGRADED
    ),
    "smb 1": Script(
        Protocol.SMB1,
        (
            ("C", H("0000002f ff534d42 72") + bytes(27) + b"\x00\x0c\x00\x02NT LM 0.12\x00"),
            ("S", H("00000047 ff534d42 72") + bytes(27) + H("11 0000 03") + bytes(35)),
        ),
    ),
    "syslog over tcp": Script(Protocol.SYSLOG, (("C", b"<34>Oct 11 22:14:15 mymachine su: failed\n"),)),
    "syslog": Script(Protocol.SYSLOG, (("C", b"<165>1 2003-10-11T22:14:15.003Z a b - ID47 - x"),), transport=UDP),
    "snmp 1": Script(Protocol.SNMPV1, (("C", H("3026 020100" + SNMP_GET)),), exposed=True, transport=UDP),
    "snmp 2c": Script(Protocol.SNMPV2C, (("C", H("3026 020101" + SNMP_GET)),), exposed=True, transport=UDP),
    "snmp 2c over tcp": Script(Protocol.SNMPV2C, (("C", H("3026 020101" + SNMP_GET)),), exposed=True),
    "snmp 3": Script(
        Protocol.SNMPV3,
        of_packets(
            "C: 3019 020103 300e 020101 020300ffe3 040104 020103 0400 0402 3000\n"
            "S: 3019 020103 300e 020101 020300ffe3 040100 020103 0400 0402 3000\n"
            "C: 3019 020103 300e 020101 020300ffe3 040107 020103 0400 0402 3000"
        ),
        FULL,
        transport=UDP,
    ),
    "snmp 3 over tcp": Script(
        Protocol.SNMPV3,
        of_packets(
            "C: 3019 020103 300e 020101 020300ffe3 040104 020103 0400 0402 3000\n"
            "S: 3019 020103 300e 020101 020300ffe3 040100 020103 0400 0402 3000\n"
            "C: 3019 020103 300e 020101 020300ffe3 040107 020103 0400 0402 3000"
        ),
        FULL,
    ),
    "tftp": Script(
        Protocol.TFTP,
        (("C", b"\x00\x01rfc1350.txt\x00octet\x00blksize\x001432\x00"), ("S", b"\x00\x06blksize\x001432\x00")),
        transport=UDP,
    ),
    "tftp, a transfer": Script(
        Protocol.TFTP,
        (("S", b"\x00\x03\x00\x01" + b"x" * 512), ("C", b"\x00\x04\x00\x01"), ("S", b"\x00\x03\x00\x02end")),
        transport=UDP,
    ),
    "nfs": Script(
        Protocol.NFS,
        of_packets(
            "C: 00000007 00000000 00000002 000186a3 00000003 00000000 00000000 00000000 00000000 00000000\n"
            "S: 00000007 00000001 00000000 00000000 00000000 00000000"
        ),
        transport=UDP,
    ),
    "nfs over tcp": Script(
        Protocol.NFS,
        of_packets(
            "C: 80000028 00000007 00000000 00000002 000186a3 00000003" + 5 * " 00000000" + "\n"
            "S: 80000018 00000007 00000001 00000000 00000000 00000000 00000000"
        ),
    ),
    "rpc, tls": Script(
        Protocol.NFS,
        (
            *of_packets(
                "C: 80000028 00000007 00000000 00000002 000186a3 00000003 00000000 00000007"
                + 3 * " 00000000"
                + "\n"
                "S: 80000020 00000007 00000001 00000000 00000000 00000008 5354415254544c53 00000000"
            ),
            *HANDSHAKE,
        ),
        UPGRADED,
    ),
    "ssh": Script(Protocol.SSH, of_lines("S: SSH-2.0-OpenSSH_9.2p1\nC: SSH-2.0-OpenSSH_9.2p1"), FULL),
    "tls": Script(Protocol.TLS, HANDSHAKE, FULL),
    "quic": Script(
        Protocol.QUIC,
        (("C", H("c3 00000001 08 8394c8f03e515708 00 00 449e") + bytes(40)),),
        FULL,
        transport=UDP,
    ),
    "dtls": Script(
        Protocol.DTLS,
        (("C", H("16 feff 0000 000000000000 002f 01 000023 0000 000000 000023 fefd") + bytes(33)),),
        FULL,
        transport=UDP,
    ),
    "dns": Script(
        Protocol.DNS,
        of_packets("C: 1234 0100 0001 0000 0000 0000 03777777 076578616d706c65 036f7267 00 0001 0001"),
        transport=UDP,
    ),
    "dns over tcp": Script(
        Protocol.DNS,
        of_packets("C: 0021 1234 0100 0001 0000 0000 0000 03777777 076578616d706c65 036f7267 00 0001 0001"),
    ),
}
