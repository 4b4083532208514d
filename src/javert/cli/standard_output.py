"""Standard output, which may be a terminal, a closed pipe, or a file on a full disk."""

import contextlib
import errno
import os
import sys

from javert.errors import JavertError


def print_bytes(data: bytes) -> None:
    """Write to standard output; text is UTF-8, whatever the locale says.

    Raises:
        JavertError: it cannot be written, for instance because the disk behind it is full.
        BrokenPipeError: nobody reads it any more.
    """
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        if sys.platform == "win32" and error.errno == errno.EINVAL:  # what its C library makes of a closed pipe
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)) from None
        silence()
        raise JavertError(f"cannot write to standard output: {error.strerror}") from None


def silence() -> None:
    """Let what is left in buffers, which the interpreter writes at its end, go to nothing."""
    with contextlib.suppress(OSError):  # it is closed, so nothing will be written anyway
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
