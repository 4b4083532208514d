"""One assessment of a host at a time: two would watch each other."""

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from javert.assessment.system import PRIVATE, try_lock
from javert.errors import AlreadyRunningError, RunDirectoryError


@contextmanager
def sole_run(path: Path) -> Iterator[None]:
    """Hold the lock file at ``path``; the kernel releases it however the process ends.

    Raises:
        AlreadyRunningError: another Javert holds it.
        RunDirectoryError: it cannot be created or opened.
    """
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | PRIVATE, 0o600)
    except OSError as error:
        raise RunDirectoryError(f"cannot open the lock file {path}: {error.strerror}") from None
    try:
        if not try_lock(file):
            os.lseek(file, 0, os.SEEK_SET)
            holder = os.read(file, 20).decode("ascii", "replace").strip()
            raise AlreadyRunningError(
                "another Javert assesses this host now"
                + (f" (process {holder})" if holder.isdigit() else "")
                + "; wait for its end, or end it with Ctrl-C"
            )
        with contextlib.suppress(OSError):  # a full disk: the next one is told less, and the run itself says so
            os.ftruncate(file, 0)
            os.lseek(file, 0, os.SEEK_SET)
            os.write(file, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(file)
