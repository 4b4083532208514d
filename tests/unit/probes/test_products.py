"""Software, by the name it gives; never other words of a greeting."""

import pytest

from javert.probes.products import product_of


@pytest.mark.parametrize(
    ("greeting", "product"),
    [
        (b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\n\r\n", "nginx"),
        (b"HTTP/1.1 400 Bad Request\r\nserver: Apache/2.4.57 (Debian)\r\n\r\n", "Apache"),
        (b"HTTP/1.1 404\r\nServer: Apache-Coyote/1.1\r\n\r\n", ""),  # Tomcat
        (
            b"HTTP/1.1 404 Not Found\r\n\r\n<address>Apache/2.4.57 (Debian) Server at localhost Port 80</address>",
            "Apache",
        ),
        (b"HTTP/1.1 200 OK\r\nServer: lighttpd/1.4.69\r\n\r\n", "lighttpd"),
        (b"HTTP/1.1 200 OK\r\nServer: Caddy\r\n\r\n", "Caddy"),
        (b"* OK [CAPABILITY IMAP4rev1] Dovecot (Debian) ready.\r\n", "Dovecot"),
        (b"220 mail.example ESMTP Postfix (Debian/GNU)\r\n", "Postfix"),
        (b"220 mail.example ESMTP Exim 4.96 Mon, 23 Nov 2026 20:35:12 +0000\r\n", "Exim"),
        (b"220 (vsFTPd 3.0.3)\r\n", "vsftpd"),
        (b"220 ProFTPD Server (ProFTPD) [127.0.0.1]\r\n", "ProFTPD"),
        (b"220---------- Welcome to Pure-FTPd [privsep] [TLS] ----------\r\n", "Pure-FTPd"),
        (b"220 mail.example ESMTP ready for Alice\r\n", ""),
        (b"", ""),
    ],
)
def test_names(greeting: bytes, product: str) -> None:
    assert product_of(greeting) == product
