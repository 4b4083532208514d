"""What a run needs of a POSIX system; ``javert.assessment.system`` chooses between this and ``windows``."""

import fcntl
import os
import signal
import stat
import sys
from pathlib import Path

assert sys.platform != "win32"

ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals by which a run is asked to end."""

UNPRIVILEGED = (
    "not root: the processes and programs of other users, and most traffic, cannot be seen; "
    "assessing the rest (sudo javert assess sees all)"
)
"""What the command line says to who has not the rights to see everything."""

PRIVATE = os.O_NOFOLLOW | os.O_CLOEXEC
"""Flags with which files of a run are opened besides: no link is followed, no child inherits them."""


def privileged() -> bool:
    """Whether Javert runs with the rights to see everything: as root."""
    return os.geteuid() == 0


def default_state_directory() -> Path:
    """Where runs and the lock are kept: /var/lib/javert for root, ~/.local/state/javert for others (XDG)."""
    if privileged():
        return Path("/var/lib/javert")
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state"
    return Path(home) / "javert"


def make_private_directory(path: Path, *, exist_ok: bool = False) -> None:
    """Make a directory, and those on the way to it, that only its owner can use. Raises OSError."""
    path.mkdir(mode=0o700, parents=True, exist_ok=exist_ok)


def try_lock(file: int) -> bool:
    """Take the only lock on an open file, flock(2); False if another process has it. Its end releases it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def sync_directory(path: Path) -> None:
    """Force the names in a directory to the disk, which fsync(2) of a file in it need not do.

    A directory that may be written and not read is left to the kernel's own time.

    Raises:
        OSError: it cannot be written.
    """
    try:
        directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:
        return
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def release_for_replacement(file: int) -> bool:
    """Nothing, and False: an open file may lose its name to another one, rename(2)."""
    del file
    return False


def others_can_replace_entries(directory: Path) -> bool:
    """Whether another user than root and this one could rename what is in ``directory``. Raises OSError."""
    status = directory.stat()
    return status.st_uid not in (0, os.geteuid()) or _writable_by(0o002, status)


def owned(directory: Path) -> bool:
    """Whether ``directory`` is this user's own. Raises OSError."""
    return directory.lstat().st_uid == os.geteuid()


def others_can_write(directory: Path) -> bool:
    """Whether its group or others could change what is in ``directory``. Raises OSError.

    In a sticky directory, such as the root of a fresh tmpfs, others can make files but not replace ours.
    """
    return _writable_by(0o022, directory.lstat())


def _writable_by(whom: int, status: os.stat_result) -> bool:
    return bool(status.st_mode & whom) and not status.st_mode & stat.S_ISVTX
