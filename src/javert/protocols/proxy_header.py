"""The header a load balancer puts before the client's bytes. Reference: HAProxy's "The PROXY protocol", 1 and 2."""

import re

_VERSION_1 = re.compile(rb"PROXY (?:TCP[46] \S+ \S+ \d{1,5} \d{1,5}|UNKNOWN[^\r\n]*)\r\n")
_VERSION_2 = b"\r\n\r\n\x00\r\nQUIT\n"


def without_proxy_header(pieces: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """``pieces`` of a client without the PROXY header they may begin with."""
    if not pieces or pieces[0][:1] not in (b"P", b"\r"):
        return pieces
    first = pieces[0]
    end = 0
    if header := _VERSION_1.match(first):
        end = header.end()
    elif first.startswith(_VERSION_2) and len(first) >= 16:
        end = 16 + int.from_bytes(first[14:16], "big")
    if not 0 < end <= len(first):
        return pieces
    return (first[end:], *pieces[1:]) if end < len(first) else pieces[1:]
