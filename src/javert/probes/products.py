"""The software Javert knows by the name it gives in greetings. Nothing else of a greeting is ever kept."""

import re
from typing import NamedTuple


class _Sign(NamedTuple):
    product: str
    pattern: re.Pattern[bytes]


_SIGNS = tuple(
    _Sign(product, re.compile(pattern, re.IGNORECASE))
    for product, pattern in (
        ("nginx", rb"^server:[ \t]*nginx\b|<center>nginx"),
        ("Apache", rb"^server:[ \t]*Apache(?![-\w])|<address>Apache/"),
        ("lighttpd", rb"^server:[ \t]*lighttpd\b"),
        ("Caddy", rb"^server:[ \t]*Caddy\b"),
        ("Dovecot", rb"\bDovecot\b"),
        ("Courier", rb"\bCourier-IMAP\b|\bCourier\b.*\bready"),
        ("Cyrus", rb"\bCyrus (?:IMAP|POP3)"),
        ("Postfix", rb"^220[ -].*\bE?SMTP Postfix\b"),
        ("Exim", rb"^220[ -].*\bESMTP Exim\b"),
        ("Sendmail", rb"^220[ -].*\bSendmail\b"),
        ("OpenSMTPD", rb"^220[ -].*\bOpenSMTPD\b"),
        ("vsftpd", rb"^220[ -].*\bvsFTPd\b"),
        ("ProFTPD", rb"^220[ -].*\bProFTPD\b"),
        ("Pure-FTPd", rb"^220[ -].*\bPure-FTPd\b"),
        ("FileZilla Server", rb"^220[ -].*\bFileZilla Server\b"),
        ("OpenSSH", rb"^SSH-[12]\.\d+-OpenSSH"),
        ("Dropbear", rb"^SSH-2\.0-dropbear"),
        ("INN", rb"^20[01] .*\b(?:InterNetNews|INN)\b"),
    )
)
"""Each pattern is matched line by line."""


def product_of(greeting: bytes) -> str:
    """The software a greeting names; "" if none of the list."""
    lines = greeting[:4096].splitlines()
    return next((sign.product for sign in _SIGNS if any(map(sign.pattern.search, lines))), "")
