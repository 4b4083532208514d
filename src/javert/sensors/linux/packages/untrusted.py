"""Reads files that anybody may have put where a package manager keeps its own.

Every directory can be made to look like an installed system. So only regular files are opened, nothing is waited
for (a FIFO would never end), nothing larger than such a file can be is read, and in directories that are not the
host's own no link is followed, which could lead to a file of /proc that reading empties.
"""

import errno
import os
from contextlib import suppress
from typing import BinaryIO

from javert.sensors.linux.regular_file import open_regular

MOST_BYTES = 16 * 1024 * 1024
"""Of a file that describes one package."""

_MOST_BYTES_IN_ALL = 64 * 1024 * 1024
"""Of a file that describes all packages of a system."""


def opened(path: str, most: int = _MOST_BYTES_IN_ALL, *, links: bool = False) -> BinaryIO:
    """Open a regular file to read it.

    Args:
        path: of the file.
        most: size that it may have, bytes.
        links: follow a symbolic link, which only the host's own files are worth.

    Raises:
        OSError: there is none, it cannot be read, or it is no regular file of that size.
    """
    file = os.fdopen(open_regular(path, links=links), "rb")
    if os.fstat(file.fileno()).st_size > most:
        file.close()
        raise OSError(errno.EFBIG, "it is larger than such a file can be", path)
    return file


def contents(path: str, most: int = MOST_BYTES) -> bytes:
    """What a regular file holds; b"" if there is none, or it is too big to be what it should."""
    with suppress(OSError), opened(path, most) as file:
        return file.read(most)
    return b""
