"""The PROXY protocol's headers."""

import pytest

from javert.protocols.proxy_header import without_proxy_header

VERSION_2 = b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + bytes(12)


@pytest.mark.parametrize(
    "header", [b"PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n", b"PROXY UNKNOWN\r\n", VERSION_2]
)
def test_a_whole_header_is_taken_off(header: bytes) -> None:
    assert without_proxy_header((header + b"GET", b"next")) == (b"GET", b"next")
    assert without_proxy_header((header,)) == ()


@pytest.mark.parametrize(
    "first",
    [b"PROXY TCP4 192.0.2.1", b"PROXY me\r\n", VERSION_2[:20], b"\r\n\r\n\x00\r\nQUI", b"PASS x\r\n", b"\r"],
)
def test_anything_else_stays(first: bytes) -> None:
    assert without_proxy_header((first, b"next")) == (first, b"next")


def test_nothing_stays_nothing() -> None:
    assert without_proxy_header(()) == ()
