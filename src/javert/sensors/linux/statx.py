"""statx(2), which Python has no call for before 3.15: owner, mode and attributes of what a descriptor names.

Layout and constants are those of include/uapi/linux/stat.h, the same on every architecture.
"""

import ctypes
import os
import struct
from typing import NamedTuple

_BASIC_STATS = 0x7FF
_AT_EMPTY_PATH = 0x1000
_AT_STATX_DONT_SYNC = 0x4000  # what is cached will do: a server that is gone must not stop the run
_ATTRIBUTE_IMMUTABLE = 0x10
_ATTRIBUTE_APPEND = 0x20

_SIZE = 256
_FIELDS = struct.Struct("=IIQIIIH2xQ")  # mask, block size, attributes, links, uid, gid, mode, inode
_DEVICE = struct.Struct("=II")
_DEVICE_AT = 136  # stx_dev_major

_libc = ctypes.CDLL(None, use_errno=True)


class Status(NamedTuple):
    """What statx told. ``mode`` is the whole ``st_mode``, file type included; ``device`` is as ``st_dev``."""

    uid: int
    gid: int
    mode: int
    immutable: bool
    append_only: bool
    device: int
    inode: int


def statx(descriptor: int) -> Status:
    """The status of an open file; the descriptor may be one opened with ``O_PATH``.

    Raises:
        OSError: the kernel refused.
    """
    buffer = ctypes.create_string_buffer(_SIZE)
    flags = _AT_EMPTY_PATH | _AT_STATX_DONT_SYNC
    if _libc.statx(descriptor, b"", flags, _BASIC_STATS, buffer) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    _mask, _block, attributes, _links, uid, gid, mode, inode = _FIELDS.unpack_from(buffer)
    return Status(
        uid=uid,
        gid=gid,
        mode=mode,
        immutable=bool(attributes & _ATTRIBUTE_IMMUTABLE),
        append_only=bool(attributes & _ATTRIBUTE_APPEND),
        device=os.makedev(*_DEVICE.unpack_from(buffer, _DEVICE_AT)),
        inode=inode,
    )
