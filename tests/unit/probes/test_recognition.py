"""A protocol, from what a service said."""

import pytest

from javert.probes.recognition import is_ambiguous, recognise


@pytest.mark.parametrize(
    ("said", "protocol"),
    [
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", "ssh"),
        (b"220 mail.example ESMTP Exim 4.96\r\n", "smtp"),
        (b"220 (vsFTPd 3.0.3)\r\n", "ftp"),
        (b"* OK [CAPABILITY IMAP4rev1] Dovecot ready.\r\n", "imap"),
        (b"+OK Dovecot ready.\r\n", "pop3"),
        (b"200 news.example InterNetNews ready\r\n", "nntp"),
        (b":irc.example NOTICE * :*** Looking up your hostname\r\n", "irc"),
        (b"RFB 003.008\n", "vnc"),
        (b"\xff\xfd\x18\xff\xfd\x20", "telnet"),
        (b"Debian GNU/Linux 12\r\nlogin: ", "telnet"),
        (b"-DENIED Redis is running in protected mode\r\n", "redis"),
        (b"\x44\0\0\0\xff\x6a\x04Host '127.0.0.2' is not allowed to connect to this MariaDB server", "mysql"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "http"),
        (b"HTTP/1.0 200 OK\r\n\r\nIt looks like you are trying to access MongoDB over HTTP", "mongodb"),
        (bytes.fromhex("15 0303 0002 02 0a"), "tls"),
        (bytes.fromhex("000006 04 00 00000000 000300000064"), "http2"),
        (b"AMQP\0\0\x09\x01", "amqp"),
        (b"RTSP/1.0 400 Bad Request\r\n\r\n", "rtsp"),
        (b"ERROR\r\n", "memcached"),
        (b"E\0\0\0=SFATAL\0C08P01\0Mclient sent partial pkt in startup phase\0\0", "postgresql"),  # PgBouncer
    ],
)
def test_what_services_say(said: bytes, protocol: str) -> None:
    assert recognise(said) == protocol


@pytest.mark.parametrize(
    "said", [b"", b"220 ready\r\n", b"@RSYNCD: 31.0\n", b"GET / HTTP/1.0\r\n\r\n", b"\0\0\0\0", bytes(range(256))]
)
def test_what_fits_none_is_none(said: bytes) -> None:
    assert recognise(said) is None


def test_a_greeting_that_mail_and_files_share() -> None:
    assert is_ambiguous(b"220 ready\r\n")
    assert is_ambiguous(b"220-hello\r\n220 ready\r\n")
    assert not is_ambiguous(b"200 ready\r\n")
