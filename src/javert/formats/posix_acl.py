"""POSIX access control lists as Linux keeps them in the extended attribute ``system.posix_acl_access``.

The layout is that of include/uapi/linux/posix_acl_xattr.h; what the entries mean is in acl(5). Every number is
little-endian, whatever the machine.
"""

import struct

from javert.errors import NeedsMoreData, ParseError
from javert.model.telemetry import AclEntry

XATTR_NAME = "system.posix_acl_access"
"""The extended attribute that ``parse`` reads."""

_VERSION = 2
_HEADER = struct.Struct("<I")
_ENTRY = struct.Struct("<HHI")
_TAGS = {
    0x01: "user-owner",
    0x02: "user",
    0x04: "group-owner",
    0x08: "group",
    0x10: "mask",
    0x20: "other",
}
_NAMED = frozenset({"user", "group"})
_PERMISSION_BITS = 0o7


def parse(value: bytes) -> tuple[AclEntry, ...]:
    """The entries of an access control list, in the order in which the kernel keeps and tries them.

    Args:
        value: the extended attribute's value. An empty list is valid, and means that there is none.

    Raises:
        NeedsMoreData: it ends within the header or an entry.
        ParseError: another version, an unknown tag, or permissions that do not exist.
    """
    if len(value) < _HEADER.size:
        raise NeedsMoreData(f"an access control list begins with {_HEADER.size} bytes of header")
    (version,) = _HEADER.unpack_from(value)
    if version != _VERSION:
        raise ParseError(f"access control lists of version {version} are unknown")
    if (len(value) - _HEADER.size) % _ENTRY.size:
        raise NeedsMoreData("the access control list ends within an entry")
    return tuple(_entry(*fields) for fields in _ENTRY.iter_unpack(value[_HEADER.size :]))


def _entry(tag: int, permissions: int, identifier: int) -> AclEntry:
    name = _TAGS.get(tag)
    if name is None:
        raise ParseError(f"an access control list entry has the unknown tag {tag:#x}")
    if permissions & ~_PERMISSION_BITS:
        raise ParseError(f"an access control list entry has the unknown permissions {permissions:#o}")
    return AclEntry(tag=name, id=identifier if name in _NAMED else -1, permissions=permissions)
