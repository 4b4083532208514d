"""One assessment of a host at a time: two would watch each other."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from javert.errors import AlreadyRunningError, RunDirectoryError


@contextmanager
def sole_run(path: Path) -> Iterator[None]:
    """Hold the lock file at ``path``; the kernel releases it however the process ends, flock(2).

    Raises:
        AlreadyRunningError: another Javert holds it.
        RunDirectoryError: it cannot be created or opened.
    """
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise RunDirectoryError(f"cannot open the lock file {path}: {error.strerror}") from None
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(file, 20, 0).decode("ascii", "replace").strip()
            raise AlreadyRunningError(
                "another Javert assesses this host now"
                + (f" (process {holder})" if holder.isdigit() else "")
                + "; wait for its end, or end it with Ctrl-C"
            ) from None
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(file)
