"""The directory of a run: journal, state and result, readable by nobody but the user who ran Javert."""

import os
import secrets
import stat
from pathlib import Path

import msgspec

from javert.assessment.files import replace_file
from javert.assessment.journal import Journal, read_records
from javert.assessment.system import (
    default_state_directory,
    make_private_directory,
    others_can_replace_entries,
    others_can_write,
    owned,
    sync_directory,
)
from javert.errors import ParseError, RunDirectoryError
from javert.model.assessment import Assessment, RunState
from javert.model.codec import decode_assessment, encode_assessment
from javert.model.moment import moment
from javert.model.view import Telemetry, assemble

JOURNAL = "journal.jsonl"
STATE = "state.json"
RESULT = "result.json"

STATE_DIRECTORY_VARIABLE = "JAVERT_STATE_DIR"
"""Environment variable that names another place for runs and the lock."""


def state_directory() -> Path:
    """Where runs and the lock are kept: where the variable says, or where the system keeps such things."""
    chosen = os.environ.get(STATE_DIRECTORY_VARIABLE)
    return Path(chosen) if chosen else default_state_directory()


def new_run_id(now: float) -> str:
    """An id that sorts by time and is not used twice, for instance "20261123T173606Z-3f9a2c"."""
    return f"{moment(now):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def create_state_directory() -> Path:
    """The state directory, made with mode 0700 if it is not there.

    Raises:
        RunDirectoryError: it cannot be made.
    """
    path = state_directory()
    try:
        make_private_directory(path, exist_ok=True)
    except OSError as error:
        raise RunDirectoryError(
            f"cannot make {path}: {error.strerror}; name another place in {STATE_DIRECTORY_VARIABLE}"
        ) from None
    return path


class RunDirectory:
    """A run directory that is being written."""

    def __init__(self, path: Path) -> None:
        """Make it, with an empty journal.

        An empty directory that is the user's own and in which nobody else can replace files is taken too.

        Raises:
            RunDirectoryError: it cannot be made, is not empty, or others could write to it or replace it.
        """
        self.path = path
        self.failure: OSError | None = None
        try:
            make_private_directory(path.parent, exist_ok=True)
            _refuse_parent_of_others(path.parent)
            try:
                make_private_directory(path)
            except FileExistsError:
                _refuse_unless_ours_and_empty(path)
            self.journal = Journal(path / JOURNAL)
            sync_directory(path)
        except OSError as error:
            raise RunDirectoryError(f"cannot make the run directory {path}: {error.strerror}") from None

    def set_state(self, state: RunState) -> None:
        """Note how far the run is; where that cannot be written, ``failure`` says so."""
        self._write(STATE, msgspec.json.encode({"state": state.value, "pid": os.getpid()}) + b"\n")

    def store(self, assessment: Assessment) -> None:
        """Keep the result beside the journal; where that cannot be written, ``failure`` says so."""
        self._write(RESULT, encode_assessment(assessment))

    def _write(self, name: str, data: bytes) -> None:
        try:
            replace_file(self.path / name, data)
        except OSError as error:
            self.failure = self.failure or error


def _refuse_parent_of_others(parent: Path) -> None:
    """Whoever may rename the run directory could put a link in its place, and have root write where it leads."""
    if others_can_replace_entries(parent):
        raise RunDirectoryError(
            f"others could replace what is in {parent}; name a place in a directory of your own"
        )


def _refuse_unless_ours_and_empty(path: Path) -> None:
    if not stat.S_ISDIR(path.lstat().st_mode):
        raise RunDirectoryError(f"{path} is not a directory; name one that does not exist yet")
    if not owned(path):
        raise RunDirectoryError(f"{path} belongs to another user; name one that does not exist yet")
    if others_can_write(path):
        raise RunDirectoryError(f"others can write to {path}; chmod 700 it, or name one that does not exist yet")
    if any(path.iterdir()):
        raise RunDirectoryError(f"{path} is not empty; name one that does not exist yet")


def read_telemetry(path: Path) -> Telemetry:
    """The telemetry recorded in the run directory ``path``, which is not changed.

    Raises:
        RunDirectoryError: it is missing, unreadable, or not one of Javert's.
    """
    journal = path / JOURNAL
    try:
        if not path.is_dir():
            raise RunDirectoryError(
                f"there is no run directory {path}; runs are kept in {state_directory() / 'runs'}"
            )
        if not journal.is_file():
            raise RunDirectoryError(f"{path} is not a run directory of Javert: it holds no {JOURNAL}")
        with journal.open("rb") as stream:
            return assemble(read_records(stream))
    except ParseError as error:
        raise RunDirectoryError(f"cannot evaluate {path}: {error}") from None
    except OSError as error:
        raise RunDirectoryError(f"cannot read {journal}: {error.strerror}") from None


def read_result(path: Path) -> Assessment:
    """The result stored in the file or run directory ``path``.

    Raises:
        RunDirectoryError: there is none, or it cannot be read.
    """
    try:
        if path.is_dir():
            if not (path / RESULT).exists() and (path / JOURNAL).exists():
                raise RunDirectoryError(f"the run in {path} has no result; make one: javert evaluate {path}")
            path = path / RESULT
        return decode_assessment(path.read_bytes())
    except ParseError as error:
        raise RunDirectoryError(f"cannot read {path}: {error}") from None
    except OSError as error:
        raise RunDirectoryError(f"cannot read {path}: {error.strerror}") from None
