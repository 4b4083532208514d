"""The little of ASN.1's Basic Encoding Rules that SNMP, LDAP and Kerberos need. Reference: X.690 8.1."""

from javert.errors import NeedsMoreData, ParseError


def header(data: bytes, at: int) -> tuple[int, int, int]:
    """Tag, start of the contents and length of the element at ``at``; the contents need not be there.

    Raises:
        NeedsMoreData: the header is not whole.
        ParseError: a high tag number, the indefinite form, or a length of more than four octets.
    """
    if at + 2 > len(data):
        raise NeedsMoreData("BER header")
    tag, length = data[at], data[at + 1]
    if tag & 0x1F == 0x1F:
        raise ParseError("BER tag number of more than one octet")
    if length < 0x80:
        return tag, at + 2, length
    octets = length & 0x7F
    if not 1 <= octets <= 4:
        raise ParseError("BER length form")
    if at + 2 + octets > len(data):
        raise NeedsMoreData("BER length")
    return tag, at + 2 + octets, int.from_bytes(data[at + 2 : at + 2 + octets], "big")


def integer(data: bytes, at: int) -> tuple[int, int]:
    """The INTEGER at ``at`` and where the next element begins.

    Raises:
        NeedsMoreData: it is not whole.
        ParseError: it is no INTEGER, or one of more than five octets.
    """
    tag, start, length = header(data, at)
    if tag != 0x02 or not 1 <= length <= 5:
        raise ParseError("no INTEGER")
    if start + length > len(data):
        raise NeedsMoreData("INTEGER")
    return int.from_bytes(data[start : start + length], "big", signed=True), start + length
