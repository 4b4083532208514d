"""Basic Encoding Rules, after X.690 8.1 to 8.3."""

import pytest

from javert.probes.encoding import OCTET_STRING, SEQUENCE, element, number
from javert.protocols import ber


@pytest.mark.parametrize(
    ("value", "octets"), [(0, "020100"), (127, "02017f"), (128, "02020080"), (65507, "020300ffe3")]
)
def test_integers(value: int, octets: str) -> None:
    assert number(value).hex() == octets
    assert ber.integer(number(value), 0) == (value, len(number(value)))


def test_elements() -> None:
    assert element(SEQUENCE, element(OCTET_STRING, b"ab"), number(1)).hex() == "300704026162020101"
