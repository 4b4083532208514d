"""IP addresses, from the kernel's bytes to text."""

import ipaddress
from functools import lru_cache

from javert.errors import ParseError

_MAPPED = bytes(10) + b"\xff\xff"


@lru_cache(maxsize=4096)
def address_text(raw: bytes) -> str:
    """The text of 4 or 16 bytes in network order; an IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2) becomes IPv4.

    Raises:
        ParseError: another length.
    """
    if len(raw) == 16 and raw.startswith(_MAPPED):
        raw = raw[12:]
    if len(raw) == 4:
        return ".".join(map(str, raw))
    if len(raw) == 16:
        return str(ipaddress.IPv6Address(raw))
    raise ParseError("an IP address has 4 or 16 bytes")


def is_loopback(address: str) -> bool:
    """Whether the address is 127.0.0.0/8 or ::1 (RFC 1122, 3.2.1.3; RFC 4291, 2.5.3)."""
    return address == "::1" or address.startswith("127.")


def is_unspecified(address: str) -> bool:
    """Whether the address stands for every address: 0.0.0.0 or ::."""
    return address in ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound


def authority(address: str, port: int) -> str:
    """Address and port as people write them: an IPv6 address in brackets (RFC 3986, 3.2.2)."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
