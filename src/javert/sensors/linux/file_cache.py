"""What earlier scans learned of files that have not changed since, so that a scan reads only those that have.

Only files that no rule can object to are remembered; whatever could become a finding is read in every scan. What
is remembered is believed if device, inode, change time (``st_ctime``), modification time and size are those of the
file. The kernel sets the change time, and nobody can choose it. But whoever may write to a file can give it other
contents and keep its change time, where file systems exchange blocks of files for their defragmenters (ext4's
EXT4_IOC_MOVE_EXT, fs/ext4/move_extent.c; XFS_IOC_SWAPEXT). So only files are remembered that nobody but root, or
the user of Javert, can write to. What those do in that way, or somebody to the disk itself, is not noticed.

Files are kept in pages of neighbouring inode numbers, a row a page, under a seal that takes in the file system's id
(``f_fsid`` of statvfs(3)), Javert's version and the ELF reader's source. So neither damaged rows, nor those of
another version, nor those of another disk under the same device number can say anything about a file.

A cache that cannot be used costs time and nothing else: it is dropped, and the files are read.
"""

import os
import pkgutil
import stat
import time
from hashlib import blake2b
from pathlib import Path
from struct import Struct

import msgspec

from javert import __version__

try:
    import sqlite3
except ImportError:  # a Python can be built without it: then nothing is remembered
    HAVE_SQLITE = False
else:
    HAVE_SQLITE = True

NAME = "files.sqlite"

CHANGE_TIMES_ARE_TRUE = frozenset(
    {"bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "jfs", "reiserfs", "xfs", "zfs"}
)
"""File systems whose change times say that a file is the same: local, kept, and written by this kernel alone.

Left out are images that somebody builds elsewhere with times of his choice (squashfs, erofs, iso9660), those
without a change time (vfat), those gone with the mount (tmpfs), and overlays, whose inode numbers may change.
"""

SETTLED_S = 300.0
"""How long ago a file must have changed to be remembered, seconds.

A second change within one tick of the kernel's clock leaves the same change time, and so do later stores through a
writable mapping until its pages are written back (30 s and more, ``vm.dirty_expire_centisecs``).
"""

_FORMAT = 2
_MOST_BLOCKS = 128 * 1024  # of 4 KiB: ten million files and more
_FILES_IN_MEMORY = 20_000
_FEWEST_TO_RENEW = 10_000
_PAGE_BITS = 6
_LARGEST = 1 << 63
_PLACE = Struct("<3Q")

_TABLE = (
    "CREATE TABLE IF NOT EXISTS page (device INTEGER, number INTEGER, files INTEGER, content BLOB, seal BLOB, "
    "PRIMARY KEY (device, number)) WITHOUT ROWID"
)
_FIND = "SELECT content, seal FROM page WHERE device = ? AND number = ?"
_KEEP = "INSERT OR REPLACE INTO page VALUES (?, ?, ?, ?, ?)"
_COUNT = "SELECT total(files) FROM page"

_Known = tuple[int, int, int, str]
"""Change time, modification time (nanoseconds), size (bytes) and outcome of a file."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(dict[int, _Known]).decode


class _Page:
    """What is known of the files with neighbouring inode numbers, by inode number."""

    __slots__ = ("changed", "files")

    def __init__(self, files: dict[int, _Known]) -> None:
        self.files = files
        self.changed = False


class FileCache:
    """The remembered files of one host; to be used by one thread, from ``open`` to ``close``.

    Attributes:
        directory: where the cache is kept; "" for none.
    """

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self._database: sqlite3.Connection | None = None
        self._volume = -1
        self._pages: dict[tuple[int, int], _Page] = {}
        self._in_memory = 0

    def open(self) -> None:
        """Begin; without a directory that is the user's alone there is nothing remembered and nothing kept."""
        if not HAVE_SQLITE or not self.directory or not _private(self.directory):
            return
        source = pkgutil.get_data("javert.formats", "elf.py")
        if source is None:
            return  # without it nobody could tell whether the reader is still the same
        self._key = blake2b(repr((_FORMAT, __version__)).encode() + source, digest_size=32).digest()
        path = Path(self.directory, NAME)
        if (database := _connect(path, self._key)) is None:
            _remove(path)
            database = _connect(path, self._key)
        self._database = database

    def enter(self, root: str, file_system: str) -> None:
        """What is asked from now on lies below ``root``, in a file system of this type."""
        self._set_aside()
        self._volume = -1
        if self._database is not None and file_system in CHANGE_TIMES_ARE_TRUE:
            try:
                self._volume = os.statvfs(root).f_fsid % _LARGEST
            except OSError:
                return  # the scan of this root finds out the same and says so

    def outcome(self, status: os.stat_result) -> str | None:
        """What ``keep`` was told of this file; None if nothing, or if the file has changed since."""
        if self._volume < 0:
            return None
        known = self._page(status).files.get(status.st_ino)
        if known is None or known[:3] != (status.st_ctime_ns, status.st_mtime_ns, status.st_size):
            return None
        return known[3]

    def keep(self, status: os.stat_result, outcome: str) -> None:
        """Remember what was learned of a file.

        Args:
            status: of the open file, taken after it was read.
            outcome: what to say of it as long as it does not change.
        """
        if self._volume < 0 or time.time() - status.st_ctime < SETTLED_S or not _only_ours(status):
            return
        page = self._page(status)
        self._in_memory += status.st_ino not in page.files
        page.files[status.st_ino] = (status.st_ctime_ns, status.st_mtime_ns, status.st_size, outcome)
        page.changed = True

    def close(self, alive: int | None = None) -> None:
        """Write what is left.

        Args:
            alive: how many files a scan of the whole host came by: a cache that holds far more is dropped, because
                most of it is about files that are gone. None after any other scan.
        """
        self._set_aside()
        self._volume = -1
        if self._database is None:
            return
        try:
            files = self._database.execute(_COUNT).fetchone()[0] if alive is not None else 0
        except sqlite3.Error:
            self._give_up()
            return
        if alive is not None and files > 2 * alive + _FEWEST_TO_RENEW:
            self._give_up()
            return
        self._database.close()
        self._database = None

    def _page(self, status: os.stat_result) -> _Page:
        place = (status.st_dev, status.st_ino >> _PAGE_BITS)
        page = self._pages.get(place)
        if page is None:
            if self._in_memory > _FILES_IN_MEMORY:
                self._set_aside()
            page = self._pages[place] = _Page(self._read(place))
            self._in_memory += len(page.files) + 1
        return page

    def _read(self, place: tuple[int, int]) -> dict[int, _Known]:
        if self._database is None:
            return {}
        try:
            row = self._database.execute(_FIND, place).fetchone()
            if row is None or not isinstance(row[0], bytes) or row[1] != self._seal(place, row[0]):
                return {}
            return _decode(row[0])
        except sqlite3.Error:
            self._give_up()
        except msgspec.DecodeError:
            pass  # a seal says that Javert wrote it, and yet it is not what Javert writes: as good as nothing
        return {}

    def _set_aside(self) -> None:
        """Write the pages that have changed, and forget all."""
        pages, self._pages, self._in_memory = self._pages, {}, 0
        if self._database is None or self._volume < 0:
            return
        rows = []
        for place, page in pages.items():
            if page.changed:
                content = _encode(page.files)
                rows.append((*place, len(page.files), content, self._seal(place, content)))
        if not rows:
            return
        try:
            with self._database:
                self._database.executemany(_KEEP, rows)
        except sqlite3.Error:  # damaged, as large as it may be, or the disk is full
            self._give_up()

    def _give_up(self) -> None:
        self._volume = -1
        if self._database is not None:
            self._database.close()
            self._database = None
        _remove(Path(self.directory, NAME))

    def _seal(self, place: tuple[int, int], content: bytes) -> bytes:
        return blake2b(_PLACE.pack(self._volume, *place) + content, key=self._key, digest_size=16).digest()


def _connect(path: Path, key: bytes) -> "sqlite3.Connection | None":
    """The database at ``path``, made if there is none; None if what is there is not this version's and user's."""
    version = int.from_bytes(key[:4], "big") >> 1
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
        try:
            status = os.fstat(file)
        finally:
            os.close(file)
        if not stat.S_ISREG(status.st_mode) or status.st_mode & 0o077 or status.st_uid != os.geteuid():
            return None
        database = sqlite3.connect(path, timeout=0)
        try:
            # After a loss of power rows may be damaged or gone: the seals tell, so nothing waits for the disk.
            database.execute("PRAGMA synchronous = OFF")
            database.execute(f"PRAGMA max_page_count = {_MOST_BLOCKS}")
            found = database.execute("PRAGMA user_version").fetchone()[0]
            if found not in (0, version):
                raise sqlite3.DatabaseError("of another version")
            database.execute(_TABLE)
            database.execute(f"PRAGMA user_version = {version}")
            database.execute(_FIND, (0, 0)).fetchone()
            database.commit()
        except sqlite3.Error:
            database.close()
            return None
    except (OSError, sqlite3.Error):
        return None
    return database


def _private(directory: str) -> bool:
    """Whether nobody but root and this user can change what is in the directory."""
    try:
        status = os.stat(directory)
    except OSError:
        return False
    return _only_ours(status)


def _only_ours(status: os.stat_result) -> bool:
    """Whether nobody but root and this user can write; an ACL's grants show in the bits of the group (acl(5))."""
    return status.st_uid in (0, os.geteuid()) and not status.st_mode & 0o022


def _remove(path: Path) -> None:
    for ending in ("", "-journal", "-wal", "-shm"):
        try:
            path.with_name(path.name + ending).unlink()
        except OSError:
            continue  # not there, or not ours to remove: then it is not used either
