"""The journal of a run: one record a line, appended and forced to the disk, so that it survives a crash."""

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from javert.assessment.files import replace_file
from javert.assessment.system import PRIVATE, release_for_replacement
from javert.errors import NewerVersionError, ParseError
from javert.model.codec import decode_record, encode_record
from javert.model.rule_id import RuleId
from javert.model.telemetry import AnyRecord, Limitation
from javert.model.view import identity

SYNC_EVERY_S = 2.0
"""How often appended records are forced to the disk."""

COMPACT_AT = 32 * 1024 * 1024
"""A journal of this many bytes is rewritten without the records that later ones replaced."""

_LONGEST_LINE = 64 * 1024 * 1024
_WRITE_AT = 1024 * 1024


class Journal:
    """Appends records to a file that must not exist yet.

    ``append`` only keeps the record in memory, so that a slow disk never holds up a sensor; a thread of its own
    writes and calls fsync(2) every ``SYNC_EVERY_S``. When writing fails (ENOSPC, EIO …), ``failure`` says so, the
    file is cut back to its last whole record, and what could not be written stays in memory.

    Counters are written again whenever they change, so on a busy host the file would grow without end: once it is
    large, it is replaced by one in which only the last record of each identity is left.
    """

    def __init__(self, path: Path) -> None:
        """Create the file, mode 0600.

        Raises:
            OSError: it cannot be created.
        """
        self.failure: OSError | None = None
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | PRIVATE, 0o600)
        self._path = path
        self._end = 0
        self._compact_at = COMPACT_AT
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._pending_lock = threading.Lock()
        self._writing = threading.Lock()
        self._closing = threading.Event()
        self._syncer = threading.Thread(target=self._sync_until_closed, name="javert-journal", daemon=True)
        self._syncer.start()

    def append(self, record: AnyRecord) -> None:
        """Take a record in; from any thread. Never raises for the disk's sake."""
        line = encode_record(record) + b"\n"
        with self._pending_lock:
            self._pending.append(line)
            self._pending_bytes += len(line)
            full = self._pending_bytes >= _WRITE_AT
        if full and self.failure is None:
            self.sync()

    def sync(self) -> None:
        """Write what was appended and force it to the disk; sets ``failure`` if that cannot be done."""
        with self._writing:
            with self._pending_lock:
                batch, self._pending, self._pending_bytes = self._pending, [], 0
            if not batch:
                return
            try:
                self._write(b"".join(batch))
            except OSError as error:
                self.failure = self.failure or error
                with self._pending_lock:
                    self._pending[:0] = batch
            else:
                if self._end >= self._compact_at:
                    self._compact()

    def records(self) -> Iterator[AnyRecord]:
        """All records in order, also those that could not be written.

        Raises:
            ParseError: somebody else has written to the file.
        """
        with os.fdopen(os.dup(self._file), "rb") as stream:
            stream.seek(0)
            yield from read_records(stream)
        with self._pending_lock:
            left = list(self._pending)
        for line in left:
            yield decode_record(line)

    def finish(self) -> None:
        """Write what is left; the thread ends. ``records`` can still be called until ``close``."""
        self._closing.set()
        self._syncer.join()
        self.sync()

    def close(self) -> None:
        """Finish, and let the file go."""
        self.finish()
        os.close(self._file)

    def _write(self, data: bytes) -> None:
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(self._file, view) :]
            os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, self._end)
            raise
        self._end += len(data)

    def _compact(self) -> None:
        """Put a file without replaced records in the place of the journal, whole or not at all."""
        latest: dict[tuple[object, ...], bytes] = {}
        with os.fdopen(os.dup(self._file), "rb") as stream:
            stream.seek(0)
            for number, line in enumerate(stream):
                try:
                    latest[identity(decode_record(line))] = line
                except ParseError:  # kept as it is, so that reading tells of it
                    latest["damaged", number] = line
        data = b"".join(latest.values())
        # At least twice as long as what is left must be written before it is worth the work again.
        self._compact_at = max(COMPACT_AT, 3 * len(data))
        released = release_for_replacement(self._file)
        with contextlib.suppress(OSError):  # no room for both: the long journal is as good as the short one
            replace_file(self._path, data)
        try:
            current = os.open(self._path, os.O_RDWR | os.O_APPEND | PRIVATE)
        except OSError as error:  # the directory is gone: what is open stays the journal
            if released:
                self.failure = self.failure or error
                with self._pending_lock:
                    self._pending[:0] = latest.values()
            return
        os.dup2(current, self._file, inheritable=False)
        os.close(current)
        self._end = os.fstat(self._file).st_size

    def _sync_until_closed(self) -> None:
        while not self._closing.wait(SYNC_EVERY_S):
            self.sync()


def read_records(stream: BinaryIO) -> Iterator[AnyRecord]:
    """The records of a journal.

    A damaged line is left out, and a ``Limitation`` at the end tells of it: one that only says so if it is the last
    line, as a crash leaves it (after a loss of power some file systems leave zeros there), and otherwise one that
    blinds every rule, since nobody knows what stood there.

    Raises:
        ParseError: the first line is not a record, or a newer version wrote one.
    """
    number = first_damaged = damaged = tail = tail_bytes = 0
    while line := stream.readline(_LONGEST_LINE):
        number += 1
        try:
            record = decode_record(line)
        except NewerVersionError as error:
            raise ParseError(f"line {number} of its journal: {error}") from None
        except ParseError as error:
            if number == 1:
                raise ParseError(f"its journal does not begin as one of Javert: {error}") from None
            first_damaged = first_damaged or number
            tail, tail_bytes = tail + 1, tail_bytes + len(line)
            continue
        damaged, tail, tail_bytes = damaged + tail, 0, 0
        yield record
    if damaged:
        params = {"lines": str(damaged), "first": str(first_damaged)}
        yield Limitation(code="journal-damaged", rules=tuple(RuleId), params=params, blinds=True)
    if tail:
        yield Limitation(code="journal-torn", rules=(), params={"bytes": str(tail_bytes)})
