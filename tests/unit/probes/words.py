"""All that Javert may say to a service, written out: every test that sees it speak holds it to this list."""

_HTTP = b" HTTP/1.1\r\nHost: localhost\r\nUser-Agent: javert\r\nAccept: */*\r\nConnection: close\r\n\r\n"
_SIP = (
    b"OPTIONS sip:localhost SIP/2.0\r\nVia: SIP/2.0/%s localhost;branch=z9hG4bKjavert;rport\r\nMax-Forwards: 70\r\n"
    b"From: <sip:javert@localhost>;tag=javert\r\nTo: <sip:localhost>\r\nCall-ID: javert\r\nCSeq: 1 OPTIONS\r\n"
    b"Content-Length: 0\r\n\r\n"
)
_XMPP = (
    b"<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xmlns='jabber:%s' "
    b"xmlns:stream='http://etherx.jabber.org/streams'>"
)
_RPC = "80000028 4a617672 00000000 00000002 %08x %08x 00000000 00000000 00000000 00000000 00000000"
_SNMP = "3029 0201%02x 0406 %s a01c 02044a6176%02x 020100 020100 300e 300c 0608 2b06010201010200 0500"
_SNMP_LONG = "302a 0201%02x 0407 %s a01c 02044a6176%02x 020100 020100 300e 300c 0608 2b06010201010200 0500"
_LDAP_SEARCH = (
    "303e 0201%02x 6339 0400 0a0100 0a0100 020101 020102 010100 870b6f626a656374436c617373"
    "3019 040b6f626a656374436c617373 040a76656e646f724e616d65"
)

ALLOWED = frozenset(
    (
        b"",
        # lines
        *(b"EHLO localhost\r\n", b"LHLO localhost\r\n", b"HELO localhost\r\n", b"MAIL FROM:<>\r\n", b"RSET\r\n"),
        *(b"STARTTLS\r\n", b"QUIT\r\n", b"FEAT\r\n", b"AUTH TLS\r\n", b"USER javert-probe\r\n"),
        *(b"a1 CAPABILITY\r\n", b"a2 STARTTLS\r\n", b"a3 LOGOUT\r\n", b"CAPA\r\n", b"STLS\r\n"),
        *(b"CAPABILITIES\r\n", b"GROUP javert.probe\r\n", b"CAP LS 302\r\n"),
        *(b"*1\r\n$4\r\nPING\r\n", b"*1\r\n$4\r\nQUIT\r\n", b"version\r\n", b"quit\r\n"),
        *(b"GET / HTTP/1.0\r\n\r\n", b"GET /" + _HTTP, b"GET /javert-probe" + _HTTP),
        b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: javert\r\n\r\n",
        *(_SIP % b"TCP", _SIP % b"UDP"),
        *(_XMPP % b"client", _XMPP % b"server", b"</stream:stream>"),
        b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
        # HTTP/2's preface and empty SETTINGS
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000 04 00 00000000"),
        # Telnet: DO SUPPRESS-GO-AHEAD
        b"\xff\xfd\x03",
        # rlogin, rexec, rsh: a NUL, too long a name, empty ones
        *(b"\0", b"\0xxxxxxxxxxxxxxxx", b"\0\0\0\0"),
        # LDAP: anonymous bind, root DSE (twice), StartTLS, unbind
        bytes.fromhex("300c 020101 6007 020103 0400 8000"),
        *(bytes.fromhex(_LDAP_SEARCH % identity) for identity in (2, 4)),
        bytes.fromhex("301d 020103 7718 8016") + b"1.3.6.1.4.1.1466.20037",
        bytes.fromhex("3005 020105 4200"),
        # PostgreSQL: SSLRequest, start of nobody, terminate
        bytes.fromhex("00000008 04d2162f"),
        bytes.fromhex("00000031 00030000") + b"user\0javert-probe\0database\0javert-probe\0\0",
        b"X\0\0\0\x04",
        # MySQL, the request for TLS
        bytes.fromhex("200000 01 008a0800 00000001 21") + bytes(23),
        # memcached: binary NOOP
        bytes.fromhex("800a0000 00000000 00000000 4a617672 0000000000000000"),
        # MongoDB: isMaster, listDatabases that fit no name
        bytes.fromhex("3a000000 01000000 00000000 d4070000 00000000")
        + b"admin.$cmd\0\0\0\0\0\xff\xff\xff\xff\x13\0\0\0\x10isMaster\0\x01\0\0\0\0",
        bytes.fromhex("6b000000 02000000 00000000 dd070000 00000000 00 56000000")
        + b"\x10listDatabases\0\x01\0\0\0\x08nameOnly\0\x01\x03filter\0\x1c\0\0\0"
        + b"\x02name\0\x0d\0\0\0javert-probe\0\0\x02$db\0\x06\0\0\0admin\0\0",
        # MQTT: CONNECT of nobody, DISCONNECT
        *(bytes.fromhex("10 0c 0004 4d515454 04 02 000a 0000"), bytes.fromhex("e000")),
        # AMQP 0-9-1
        b"AMQP\0\0\x09\x01",
        # RFB: versions, VeNCrypt and its version
        *(b"RFB 003.003\n", b"RFB 003.007\n", b"RFB 003.008\n", b"\x13", b"\0\2"),
        # X11: setup without authorization
        bytes.fromhex("6c00 0b00 0000 0000 0000 0000"),
        # SMB 1 and 2: negotiate
        bytes.fromhex("0000002f ff534d42 72 00000000 18 01c8")
        + bytes(12)
        + bytes.fromhex("ffff 0100 0000 0000 00")
        + bytes.fromhex("0c00 02")
        + b"NT LM 0.12\0",
        bytes.fromhex("00000068 fe534d42 4000")
        + bytes(58)
        + bytes.fromhex("2400 0200 0100 0000 00000000")
        + b"javert-probe-000"
        + bytes(8)
        + bytes.fromhex("0202 1002"),
        # ONC RPC: procedure 0
        *(
            bytes.fromhex(_RPC % program)
            for program in ((100000, 2), (100003, 3), (100005, 3), (100021, 4), (100024, 1))
        ),
        # DNS: the root's servers
        bytes.fromhex("0011 4a76 0000 0001 0000 0000 0000 00 0002 0001"),
        # TFTP: read what does not exist
        b"\0\1javert-probe-no-such-file\0octet\0",
        # SNMP: sysObjectID.0 with public and private, discovery
        *(bytes.fromhex(_SNMP % (version, b"public".hex(), 2 * version)) for version in (0, 1)),
        *(bytes.fromhex(_SNMP_LONG % (version, b"private".hex(), 2 * version + 1)) for version in (0, 1)),
        bytes.fromhex(
            "303e 020103 3011 02044a617604 020300ffe3 040104 020103 0410 300e 0400 020100 020100 0400 0400 0400"
            "3014 0400 0400 a00e 02044a617604 020100 020100 3000"
        ),
    )
)
"""Every sequence of octets that Javert may ever send to a service, beside TLS's own."""
