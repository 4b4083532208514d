"""The little of ASN.1's Basic Encoding Rules by which SNMP and LDAP are asked. Reference: X.690 8.1."""

SEQUENCE, INTEGER, OCTET_STRING, NULL, OBJECT_IDENTIFIER, BOOLEAN, ENUMERATED = 0x30, 2, 4, 5, 6, 1, 0x0A


def element(tag: int, *contents: bytes) -> bytes:
    """The element with ``tag`` and the joined ``contents``, of at most 127 octets."""
    content = b"".join(contents)
    assert len(content) < 0x80
    return bytes((tag, len(content))) + content


def number(value: int) -> bytes:
    """The INTEGER ``value``, not negative and of at most four octets."""
    return element(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))
