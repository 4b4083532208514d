"""Writes files whole or not at all."""

import contextlib
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from javert.assessment.system import PRIVATE, sync_directory


def replace_file(path: Path, data: bytes | Iterable[bytes], mode: int = 0o600) -> None:
    """Put ``data`` at ``path`` in one step, rename(2): old file or new one, never less, even after a crash.

    ``data`` may come in pieces.

    A symbolic link at ``path`` is replaced, not followed.

    Raises:
        OSError: it cannot be written; at ``path`` is then the old file or the new one, whole.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | PRIVATE, mode)
        with os.fdopen(file, "wb") as stream:
            stream.writelines((data,) if isinstance(data, bytes) else data)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
        sync_directory(path.parent)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):  # it was not made, or is already in its place
            beside.unlink()
        raise
