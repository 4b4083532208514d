"""Text protocols said in odd ways, and theirs still: case, line ends, pipelining, proxies, refusals."""

from collections.abc import Callable

import pytest
from tests.unit.protocols.cases import CH, SH, UDP, C, Cases, H, S, be

from javert.protocols.interface import Verdict

Play = Callable[..., Verdict]
CASES = Cases()


# SMTP
CASES.add(
    "smtp lf",
    "smtp",
    [(S, "220 mx ESMTP\n"), (C, "ehlo a\n"), (S, "250-mx\n250 STARTTLS\n"), (C, "mail from:<a@b>\n")],
    enc="offered-not-used",
)
CASES.add("smtp no name greeting helo lower", "smtp", [(S, "220 hello\r\n"), (C, "helo a\r\n"), (S, "250 ok\r\n")])
CASES.add(
    "smtp multi-line",
    "smtp",
    [(S, "220-mx1 ESMTP Exim\r\n220-We do not authorize\r\n220 and or bulk\r\n"), (C, "EHLO [127.0.0.1]\r\n")],
)
CASES.add("smtp greeting only exim", "smtp", [(S, "220-mx1 ESMTP Exim 4.96\r\n220-We do not\r\n220 bulk\r\n")])
CASES.add("smtp 554 reject", "smtp", [(S, "554 5.7.1 Service unavailable; blocked\r\n")])
CASES.add("smtp 421 too many", "smtp", [(S, "421 4.7.0 mx.google.com Too many\r\n")])
CASES.add(
    "smtp pregreet pipelining",
    "smtp",
    [
        (C, "EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<a>\r\nDATA\r\n"),
        (S, "220 x\r\n250 x\r\n250 ok\r\n250 ok\r\n354 go\r\n"),
    ],
)
CASES.add(
    "smtp proxy v1", "smtp", [(C, "PROXY TCP4 192.0.2.1 192.0.2.2 1234 25\r\nEHLO a\r\n"), (S, "220 x ESMTP\r\n")]
)
CASES.add(
    "smtp xforward",
    "smtp",
    [(S, "220 x\r\n"), (C, "EHLO a\r\n"), (S, "250-x\r\n250 XFORWARD NAME\r\n"), (C, "XFORWARD NAME=a\r\n")],
)
CASES.add(
    "smtp auth login two step",
    "smtp",
    [
        (S, "220 x ESMTP\r\n"),
        (C, "EHLO a\r\n"),
        (S, "250 AUTH LOGIN\r\n"),
        (C, "AUTH LOGIN\r\n"),
        (S, "334 VXNlcm5hbWU6\r\n"),
        (C, "am9l\r\n"),
        (S, "334 UGFzc3dvcmQ6\r\n"),
        (C, "c2VjcmV0\r\n"),
        (S, "235 ok\r\n"),
    ],
    cred=True,
)
CASES.add(
    "smtp starttls lower",
    "smtp",
    [
        (S, "220 x ESMTP\r\n"),
        (C, "EHLO a\r\n"),
        (S, "250 starttls\r\n"),
        (C, "starttls\r\n"),
        (S, "220 go\r\n"),
        (C, CH),
        (S, SH),
    ],
    enc="upgraded",
)
CASES.add(
    "smtp starttls but plaintext injected",
    "smtp",
    [
        (S, "220 x ESMTP\r\n"),
        (C, "EHLO a\r\n"),
        (S, "250 STARTTLS\r\n"),
        (C, b"STARTTLS\r\nRSET\r\n"),
        (S, "220 go\r\n"),
        (C, CH),
        (S, SH),
    ],
    enc="upgraded",
)
CASES.add(
    "smtp sslv2 hello after starttls",
    "smtp",
    [
        (S, "220 x ESMTP\r\n"),
        (C, "EHLO a\r\n"),
        (S, "250 STARTTLS\r\n"),
        (C, b"STARTTLS\r\n"),
        (S, "220 go\r\n"),
        (C, H("802e0103010015000000100000050000040000030000") + bytes(30)),
        (S, SH),
    ],
    enc="upgraded",
)
CASES.add(
    "smtp anonymous tls (X-ANONYMOUSTLS)",
    "smtp",
    [
        (S, "220 x Microsoft ESMTP MAIL Service ready\r\n"),
        (C, "EHLO a\r\n"),
        (S, "250-X-ANONYMOUSTLS\r\n250 AUTH NTLM\r\n"),
        (C, "X-ANONYMOUSTLS\r\n"),
        (S, "220 2.0.0 SMTP server ready\r\n"),
        (C, CH),
        (S, SH),
    ],
    enc="upgraded",
)
CASES.add(
    "smtp starttls with server alert",
    "smtp",
    [
        (S, "220 x ESMTP\r\n"),
        (C, "EHLO a\r\n"),
        (S, "250 STARTTLS\r\n"),
        (C, b"STARTTLS\r\n"),
        (S, "220 go\r\n"),
        (C, CH),
        (S, H("15030100020228")),
    ],
    enc="upgraded",
)
# FTP
CASES.add(
    "ftp pure",
    "ftp",
    [
        (
            S,
            "220------ Welcome to Pure-FTPd [privsep] [TLS] ----------\r\n220-You are user\r\n220 disconnected\r\n",
        ),
        (C, "AUTH TLS\r\n"),
        (S, "234 AUTH TLS OK.\r\n"),
        (C, CH),
        (S, SH),
    ],
    enc="upgraded",
)
CASES.add(
    "ftp auth ssl", "ftp", [(S, "220 ready\r\n"), (C, "AUTH SSL\r\n"), (S, "334 ok\r\n"), (C, CH)], enc="upgraded"
)
CASES.add(
    "ftp lower lf",
    "ftp",
    [(S, "220 ready\n"), (C, "user joe\n"), (S, "331 pw\n"), (C, "pass x\n"), (S, "230 in\n")],
    cred=True,
)
CASES.add(
    "ftp anonymous email",
    "ftp",
    [(S, "220 ready\r\n"), (C, "USER anonymous\r\n"), (S, "331 x\r\n"), (C, "PASS a@b\r\n"), (S, "230 ok\r\n")],
    cred=False,
)
CASES.add("ftp syst", "ftp", [(S, "220 ready\r\n"), (C, "SYST\r\n"), (S, "215 UNIX\r\n")])
CASES.add("ftp opts utf8", "ftp", [(S, "220 Microsoft FTP Service\r\n"), (C, "OPTS UTF8 ON\r\n")])
CASES.add(
    "ftp auth gssapi",
    "ftp",
    [(S, "220 ready\r\n"), (C, "AUTH GSSAPI\r\n"), (S, "334 ok\r\n"), (C, "ADAT YII=\r\n")],
)
CASES.add("ftp host", "ftp", [(S, "220 ready\r\n"), (C, "HOST a.example\r\nUSER joe\r\n")])
# POP3
CASES.add(
    "pop3 plain", "pop3", [(S, "+OK ready\r\n"), (C, "user joe\r\n"), (S, "+OK\r\n"), (C, "pass x\r\n")], cred=True
)
CASES.add(
    "pop3 no text",
    "pop3",
    [(S, "+OK\r\n"), (C, "USER joe\r\n"), (S, "+OK\r\n"), (C, "PASS x\r\n"), (S, "+OK\r\n")],
    cred=True,
)
CASES.add(
    "pop3 apop", "pop3", [(S, "+OK <1@x>\r\n"), (C, "APOP joe c4c9334bac560ecc979e58001b3e22fb\r\n")], cred=False
)
CASES.add("pop3 auth plain ir", "pop3", [(S, "+OK x\r\n"), (C, "AUTH PLAIN AGpvZQBz\r\n")], cred=True)
CASES.add("pop3 -ERR greeting", "pop3", [(S, "-ERR too many\r\n"), (C, "QUIT\r\n")])
# IMAP
CASES.add("imap lower", "imap", [(S, "* ok ready\r\n"), (C, "1 login joe x\r\n")], cred=True)
CASES.add(
    "imap literal",
    "imap",
    [
        (S, "* OK x\r\n"),
        (C, "A1 LOGIN {3}\r\n"),
        (S, "+ ok\r\n"),
        (C, "joe {1}\r\n"),
        (S, "+ ok\r\n"),
        (C, "x\r\n"),
    ],
    cred=True,
)
CASES.add("imap preauth", "imap", [(S, "* PREAUTH x\r\n")])
CASES.add("imap bye", "imap", [(S, "* BYE x\r\n")])
CASES.add("imap ID first", "imap", [(S, "* OK x\r\n"), (C, '1 ID ("name" "x")\r\n')])
CASES.add(
    "imap starttls pipelined",
    "imap",
    [
        (S, "* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] x\r\n"),
        (C, b"a STARTTLS\r\n" + CH),
        (S, b"a OK\r\n" + SH),
    ],
    enc="upgraded",
)
# NNTP
CASES.add(
    "nntp post", "nntp", [(S, "200 x\r\n"), (C, "mode stream\r\n"), (S, "203 ok\r\n"), (C, "CHECK <a@b>\r\n")]
)
CASES.add("nntp 201", "nntp", [(S, "201 NNRP server INN ready (no posting).\r\n")])
CASES.add(
    "nntp auth",
    "nntp",
    [(S, "200 x\r\n"), (C, "AUTHINFO user joe\r\n"), (S, "381 x\r\n"), (C, "authinfo pass x\r\n")],
    cred=True,
)
# IRC
CASES.add("irc pass nick user", "irc", [(C, "PASS x\r\nNICK a\r\nUSER a a a :a\r\n")], cred=True)
CASES.add("irc webirc", "irc", [(C, "WEBIRC pass gw host 1.2.3.4\r\nNICK a\r\nUSER a a a :a\r\n")])
CASES.add(
    "irc server link",
    "irc",
    [(C, "PASS x TS 6 :97K\r\nCAPAB :QS\r\nSERVER irc.a 1 :x\r\n"), (S, "PASS y TS 6 :98K\r\n")],
)
CASES.add(
    "irc ident notice", "irc", [(S, ":irc.a NOTICE * :*** Looking up your hostname\r\n"), (C, "CAP LS 302\r\n")]
)
CASES.add("irc lower", "irc", [(C, "nick a\nuser a 0 * :a\n")])
CASES.add("irc twitch", "irc", [(C, "CAP REQ :twitch.tv/tags\r\nPASS oauth:abc\r\nNICK a\r\n")], cred=True)
CASES.add("irc tagged", "irc", [(S, "@time=2020-01-01T00:00:00Z :irc.a NOTICE * :hi\r\n")])
CASES.add(
    "irc sasl",
    "irc",
    [
        (C, "CAP LS 302\r\nNICK a\r\nUSER a 0 * :a\r\nCAP REQ :sasl\r\n"),
        (S, ":x CAP * ACK :sasl\r\n"),
        (C, "AUTHENTICATE PLAIN\r\n"),
        (S, "AUTHENTICATE +\r\n"),
        (C, "AUTHENTICATE am9l\r\n"),
    ],
    cred=True,
)
# HTTP
for m in (
    "PROPFIND",
    "REPORT",
    "MKCALENDAR",
    "SEARCH",
    "NOTIFY",
    "SUBSCRIBE",
    "M-SEARCH",
    "BREW",
    "get",
    "LINK",
    "ACL",
    "X-FOO",
    "DESCRIBE",
    "PURGE",
    "UNLOCK",
):
    CASES.add("http " + m, "http", [(C, f"{m} /a HTTP/1.1\r\nHost: a\r\n\r\n"), (S, "HTTP/1.1 207 Multi\r\n\r\n")])
    CASES.add("http alone " + m, "http", [(C, f"{m} /a HTTP/1.1\r\nHost: a\r\n\r\n")])
CASES.add("http options *", "http", [(C, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")])
CASES.add("http abs uri", "http", [(C, "GET http://a/b c HTTP/1.0\r\n\r\n")])
CASES.add(
    "http icy",
    "http",
    [(C, "GET /stream HTTP/1.0\r\nIcy-MetaData:1\r\n\r\n"), (S, "ICY 200 OK\r\nicy-name: x\r\n\r\n")],
)
CASES.add("http reply only", "http", [(S, "HTTP/1.1 408 Request Timeout\r\n\r\n")])
CASES.add("http 0.9", "http", [(C, "GET /\r\n"), (S, "<html>")])
CASES.add("http lead crlf", "http", [(C, "\r\nPOST / HTTP/1.1\r\n\r\n")])
CASES.add("http lf", "http", [(C, "GET / HTTP/1.1\nHost: a\n\n"), (S, "HTTP/1.1 200 OK\n\n")])
CASES.add("http/1.1 no minor", "http", [(C, "GET / HTTP/1.1 \r\n\r\n")])
CASES.add("ipp", "http", [(C, b"POST /ipp/print HTTP/1.1\r\nContent-Type: application/ipp\r\n\r\n\x01\x01")])
CASES.add("docker", "http", [(C, "GET /v1.41/containers/json HTTP/1.1\r\nHost: docker\r\n\r\n")])
CASES.add("http bearer lower", "http", [(C, "GET / HTTP/1.1\r\nauthorization: bearer abc\r\n\r\n")], cred=True)
CASES.add("http digest", "http", [(C, 'GET / HTTP/1.1\r\nAuthorization: Digest username="a"\r\n\r\n')], cred=False)
CASES.add("http ntlm", "http", [(C, "GET / HTTP/1.1\r\nAuthorization: NTLM TlRM\r\n\r\n")], cred=False)
CASES.add(
    "http aws", "http", [(C, "GET / HTTP/1.1\r\nAuthorization: AWS4-HMAC-SHA256 Credential=x\r\n\r\n")], cred=False
)
CASES.add(
    "http connect refused",
    "http",
    [(C, "CONNECT a:25 HTTP/1.1\r\n\r\n"), (S, "HTTP/1.1 403 no\r\n\r\n")],
    enc="none",
)
CASES.add(
    "http connect plain inside",
    "http",
    [
        (C, "CONNECT a:80 HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n"),
        (S, "HTTP/1.1 200 ok\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
    ],
    enc="none",
)
CASES.add(
    "http connect ssh inside",
    "http",
    [(C, "CONNECT a:22 HTTP/1.1\r\n\r\nSSH-2.0-x\r\n"), (S, "HTTP/1.1 200 ok\r\n\r\nSSH-2.0-y\r\n")],
)
CASES.add(
    "rfc2817",
    "http",
    [
        (C, "OPTIONS * HTTP/1.1\r\nHost: a\r\nUpgrade: TLS/1.0\r\nConnection: Upgrade\r\n\r\n"),
        (S, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.0, HTTP/1.1\r\n\r\n"),
        (C, CH),
        (S, SH),
    ],
    enc="upgraded",
)
CASES.add(
    "proxy v2 http", "http", [(C, b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes(12) + b"GET / HTTP/1.1\r\n\r\n")]
)
CASES.add("proxy v2 tls", "tls", [(C, b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes(12) + CH), (S, SH)])
CASES.add("proxy v1 tls", "tls", [(C, b"PROXY TCP6 2001:db8::1 2001:db8::2 1 443\r\n" + CH), (S, SH)])
# SIP/RTSP
CASES.add(
    "sip tcp", "sip", [(C, "REGISTER sip:a.b SIP/2.0\r\nVia: x\r\n\r\n"), (S, "SIP/2.0 401 Unauthorized\r\n\r\n")]
)
CASES.add("sip crlf first", "sip", [(C, "\r\n\r\nINVITE sip:a@b SIP/2.0\r\n\r\n")])
CASES.add("sips", "sip", [(C, "OPTIONS sips:a@b SIP/2.0\r\n\r\n")])
CASES.add("sip tel", "sip", [(C, "INVITE tel:+123 SIP/2.0\r\n\r\n")])
CASES.add("sip udp from server", "sip", [(S, "NOTIFY sip:a@b SIP/2.0\r\n\r\n")], UDP)
CASES.add("sip keepalive then", "sip", [(C, "jaK"), (C, "OPTIONS sip:a SIP/2.0\r\n")], UDP)
CASES.add(
    "rtsp 401", "rtsp", [(C, "DESCRIBE rtsp://a/b RTSP/1.0\r\n\r\n"), (S, "RTSP/1.0 401 Unauthorized\r\n\r\n")]
)
CASES.add(
    "rtsp interleaved mid",
    "rtsp",
    [(S, b"$\0\x05\xa0" + bytes(0x5A0) + b"$\0\0\x10" + bytes(16) + b"RTSP/1.0 200 OK\r\n")],
    mid=True,
)
CASES.add(
    "rtsp over http",
    "http",
    [(C, "GET /a HTTP/1.0\r\nx-sessioncookie: a\r\nAccept: application/x-rtsp-tunnelled\r\n\r\n")],
)
CASES.add("rtsp lower", "rtsp", [(C, "OPTIONS RTSP://a/b RTSP/1.0\r\n\r\n")])
# redis
CASES.add("redis inline", "redis", [(C, "PING\r\n"), (S, "+PONG\r\n")])
CASES.add("redis inline auth", "redis", [(C, "auth x\r\n"), (S, "+OK\r\n")], cred=True)
CASES.add("redis info", "redis", [(C, "info\r\n"), (S, "$5\r\nhello\r\n")])
CASES.add(
    "redis hello3",
    "redis",
    [(C, "*5\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$4\r\nAUTH\r\n$3\r\njoe\r\n$1\r\nx\r\n"), (S, "%7\r\n")],
    cred=True,
)
CASES.add("redis noauth", "redis", [(C, "*1\r\n$4\r\nPING\r\n"), (S, "-NOAUTH Authentication required.\r\n")])
CASES.add("redis sentinel", "redis", [(C, "*2\r\n$8\r\nSENTINEL\r\n$7\r\nmasters\r\n")])
CASES.add("redis denied", "redis", [(S, "-DENIED Redis is running in protected mode\r\n")])
CASES.add("redis lf inline", "redis", [(C, "PING\n"), (S, "+PONG\r\n")])
CASES.add("redis auth lower resp", "redis", [(C, "*2\r\n$4\r\nauth\r\n$1\r\nx\r\n"), (S, "+OK\r\n")], cred=True)
# TLS that begins by another word, or by none; what only looks like it
for name, protocol, greeting in (
    ("smtp", "smtp", "220 mx ESMTP\r\n"),
    ("ftp", "ftp", "220 FTP ready\r\n"),
    ("imap", "imap", "* OK ready\r\n"),
    ("pop3", "pop3", "+OK ready\r\n"),
):
    CASES.add(f"{name} greets, and both begin tls", protocol, [(S, greeting), (C, CH), (S, SH)], enc="upgraded")
    CASES.add(f"{name} greets, and nobody answers tls", protocol, [(S, greeting), (C, CH)], enc="none")
CASES.add(
    "http gives way to what is tls",
    "http",
    [(C, "GET / HTTP/1.1\r\nUpgrade: tunnel\r\n\r\n"), (S, "HTTP/1.1 101 Go\r\n\r\n"), (C, CH), (S, SH)],
    enc="upgraded",
)
CASES.add(
    "http whose answer is a recording of tls",
    "http",
    [(C, "GET /hello.bin HTTP/1.1\r\n\r\n"), (S, b"HTTP/1.1 200 OK\r\n\r\n" + SH)],
    enc="none",
)
# layers of SASL
LAYER = be(64) + bytes(range(64))
CASES.add(
    "imap with a security layer",
    "imap",
    [
        (S, "* OK x\r\n"),
        (C, "a AUTHENTICATE GSSAPI\r\n"),
        (S, "+ \r\n"),
        (C, "YII=\r\n"),
        (S, "a OK\r\n"),
        (C, LAYER),
    ],
    enc="unknown",
)
CASES.add(
    "smtp with a security layer",
    "smtp",
    [(S, "220 x ESMTP\r\n"), (C, "EHLO a\r\nAUTH GSSAPI YII=\r\n"), (S, b"250 AUTH GSSAPI\r\n235 ok\r\n" + LAYER)],
    enc="unknown",
)
CASES.add(
    "xmpp with a security layer",
    "xmpp",
    [
        (C, "<stream:stream xmlns:stream='http://etherx.jabber.org/streams' to='a'>"),
        (C, b"<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>YII=</response>" + LAYER),
    ],
    enc="unknown",
)
# a client alone
for said in ("EHLO a", "HELO a.example", "EHLO", "MAIL FROM:<>", "mail from: <a@b>", "QUIT\r\nEHLO a"):
    CASES.add(f"smtp, {said!r} alone", "smtp", [(C, said + "\r\n")])
for said in (
    "a LOGIN joe secret",
    'A1 login "joe" "a b"',
    "1 CAPABILITY",
    "x1 SELECT inbox",
    "a AUTHENTICATE PLAIN",
):
    CASES.add(f"imap, {said!r} alone", "imap", [(C, said + "\r\n")])
# found by changing the code
ASKS = "OPTIONS * HTTP/1.1\r\nUpgrade: TLS/1.0\r\n\r\n"
CASES.add("rfc2817 without an answer", "http", [(C, ASKS)], enc="unknown")
CASES.add("rfc2817 accepted, and nothing after", "http", [(C, ASKS), (S, "HTTP/1.1 101 Go\r\n\r\n")], enc="unknown")
CASES.add(
    "nntp goes on after starttls",
    "nntp",
    [(S, "200 x\r\n"), (C, "STARTTLS\r\nGROUP a\r\n"), (S, "382 go\r\n211 1\r\n")],
    enc="refused",
)


@pytest.mark.parametrize("name", CASES)
def test_it_is_told(verdict_of: Play, name: str) -> None:
    case = CASES[name]
    verdict = verdict_of(*case.turns, **case.seen)
    assert verdict.protocol == case.protocol
    assert case.encryption in (None, verdict.encryption)
    assert case.exposed in (None, verdict.credentials_exposed)
