"""Basic Encoding Rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from javert.errors import NeedsMoreData, ParseError
from javert.protocols.ber import header, integer


def test_lengths() -> None:
    assert header(b"\x30\x05rest", 0) == (0x30, 2, 5)
    assert header(b"??\x30\x82\x01\x00", 2) == (0x30, 6, 256)


@pytest.mark.parametrize("data", [b"", b"\x30", b"\x30\x82\x01"])
def test_short_headers_want_more(data: bytes) -> None:
    with pytest.raises(NeedsMoreData):
        header(data, 0)


@pytest.mark.parametrize("data", [b"\x1f\x05", b"\x30\x80", b"\x30\x85\x01\x01\x01\x01\x01"])
def test_forms_that_these_protocols_never_use(data: bytes) -> None:
    with pytest.raises(ParseError):
        header(data, 0)


def test_integers() -> None:
    assert integer(b"\x02\x01\x03!", 0) == (3, 3)
    assert integer(b"\x02\x02\xff\x00", 0) == (-256, 4)
    with pytest.raises(NeedsMoreData):
        integer(b"\x02\x02\xff", 0)
    with pytest.raises(ParseError):
        integer(b"\x04\x01\x03", 0)


@given(data=st.binary(max_size=20), at=st.integers(0, 25))
def test_any_bytes_give_a_value_or_a_parse_error(data: bytes, at: int) -> None:
    for parse in (header, integer):
        try:
            assert parse(data, at)
        except ParseError:
            continue
