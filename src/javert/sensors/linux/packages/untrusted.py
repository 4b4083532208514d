"""Reads files that anybody may have put where a package manager keeps its own.

Every directory can be made to look like an installed system. So only regular files are opened, nothing is waited
for (a FIFO would never end), nothing larger than such a file can be is read, and in directories that are not the
host's own no link is followed, which could lead to a file of /proc that reading empties.
"""

import errno
import os
from contextlib import suppress
from stat import S_ISREG
from typing import BinaryIO

MOST_BYTES = 16 * 1024 * 1024
"""Of a file that describes one package."""

_MOST_BYTES_IN_ALL = 64 * 1024 * 1024
"""Of a file that describes all packages of a system."""

_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def opened(path: str, most: int = _MOST_BYTES_IN_ALL, *, links: bool = False) -> BinaryIO:
    """Open a regular file to read it.

    Args:
        path: of the file.
        most: size that it may have, bytes.
        links: follow a symbolic link, which only the host's own files are worth.

    Raises:
        OSError: there is none, it cannot be read, or it is no regular file of that size.
    """
    # Looked at before it is opened: to open a device can do something.
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC | (0 if links else os.O_NOFOLLOW))
    try:
        status = os.fstat(descriptor)
        if not S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", path)
        if status.st_size > most:
            raise OSError(errno.EFBIG, "it is larger than such a file can be", path)
        return os.fdopen(os.open(f"/proc/self/fd/{descriptor}", _FLAGS), "rb")
    finally:
        os.close(descriptor)


def contents(path: str, most: int = MOST_BYTES) -> bytes:
    """What a regular file holds; b"" if there is none, or it is too big to be what it should."""
    with suppress(OSError), opened(path, most) as file:
        return file.read(most)
    return b""
