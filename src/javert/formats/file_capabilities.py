"""Capabilities of a program file, as Linux keeps them in the extended attribute ``security.capability``.

The layout is ``struct vfs_ns_cap_data`` of include/uapi/linux/capability.h; what they mean is in capabilities(7).
Every number is little-endian, whatever the machine.
"""

import struct

from javert.errors import NeedsMoreData, ParseError

XATTR_NAME = "security.capability"
"""The extended attribute that ``parse_permitted`` reads."""

_REVISIONS = {0x01000000: 1, 0x02000000: 2, 0x03000000: 2}
"""By the high byte of the first number: how many times 32 capabilities there are."""

OVERRULING = {
    0: "cap_chown",
    1: "cap_dac_override",
    3: "cap_fowner",
    6: "cap_setgid",
    7: "cap_setuid",
    16: "cap_sys_module",
    17: "cap_sys_rawio",
    19: "cap_sys_ptrace",
    21: "cap_sys_admin",
    27: "cap_mknod",
    31: "cap_setfcap",
}
"""By number, those with which a program can write files that owner, mode and access control list deny it."""


def parse_permitted(value: bytes) -> frozenset[int]:
    """The numbers of the capabilities that a program gets, whoever starts it.

    Args:
        value: the extended attribute's value.

    Raises:
        NeedsMoreData: it ends within a set.
        ParseError: another revision than the three there are.
    """
    if len(value) < 4:
        raise NeedsMoreData("capabilities of a file begin with 4 bytes of header")
    (magic,) = struct.unpack_from("<I", value)
    count = _REVISIONS.get(magic & 0xFF000000)
    if count is None:
        raise ParseError(f"capabilities of a file of the revision {magic >> 24} are unknown")
    if len(value) < 4 + 8 * count:
        raise NeedsMoreData("the capabilities of a file end within a set")
    words = (struct.unpack_from("<I", value, 4 + 8 * index)[0] for index in range(count))  # permitted, inheritable
    return frozenset(32 * at + bit for at, word in enumerate(words) for bit in range(32) if word >> bit & 1)
