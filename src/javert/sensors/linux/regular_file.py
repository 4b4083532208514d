"""Opens files where somebody may have put something else in their place.

To open a device can do something (a watchdog begins to count), and to open a FIFO can wait for ever. So what is
there is looked at through a descriptor that stands for the name only (O_PATH, open(2)), and then that very file is
opened.
"""

import errno
import os
from stat import S_ISREG

_NAME = os.O_PATH | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def open_regular(path: str, *, directory: int | None = None, links: bool = False, flags: int = 0) -> int:
    """A descriptor to read a regular file with.

    Args:
        path: of the file, relative to ``directory`` if there is one.
        directory: an open directory.
        links: follow the last symbolic link of the path.
        flags: further ones for open(2), for instance O_NOATIME.

    Raises:
        OSError: there is none, it cannot be opened, or it is no regular file.
    """
    name = os.open(path, _NAME | (0 if links else os.O_NOFOLLOW), dir_fd=directory)
    try:
        if not S_ISREG(os.fstat(name).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", path)
        return os.open(f"/proc/self/fd/{name}", _READ | flags)
    finally:
        os.close(name)
