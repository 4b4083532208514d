"""What the script program of the kernel writes (bpf/scripts.h), as bytes, to values.

The command line is raw here: nothing but the path of the script in it may go further.
"""

import struct
from typing import NamedTuple

from javert.errors import ParseError
from javert.formats.interpreters import script_argument
from javert.formats.kernel_records import CMDLINE_MAX, PATH_NAMES, WHO, Who, parse_path, parse_who

SCRIPT_HEAD = struct.Struct("<QII")
FILENAME_MAX = 256
SCRIPT_NAMES = struct.Struct("<32s256s")
SCRIPT_STATE = struct.Struct("<Q")
_DIRECTORY_AT = SCRIPT_HEAD.size + WHO.size + SCRIPT_NAMES.size
_CMDLINE_AT = _DIRECTORY_AT + PATH_NAMES.size
_OPEN_FILES = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")
_BEYOND = "\0"
"""Stands for the arguments that a record has no room for; no argument holds this byte."""


class ScriptEvent(NamedTuple):
    """A root process was started that may be an interpreter with a script (struct script_event).

    Attributes:
        hashbang: the script named its interpreter itself, in its first line.
        interpreter: last part of the interpreter's path.
        filename: as given to execve(2); the script if ``hashbang``.
        directory: the working directory; "" if its path is too deep to be told.
    """

    time_ns: int
    hashbang: bool
    who: Who
    interpreter: str
    filename: str
    directory: str
    cmdline: bytes

    def script(self) -> str | None:
        """Absolute path of the script, links and dots not resolved; None if there is none.

        Raises:
            ParseError: there is one, and the record is too short to tell which.
        """
        script: str | None = self.filename
        if not self.hashbang:
            arguments = split_exactly(self.cmdline)
            cut = (*arguments[-1:], _BEYOND) if len(self.cmdline) == CMDLINE_MAX else ()
            script = script_argument(self.interpreter, [*arguments, *cut[1:]])
            if script in cut:
                raise ParseError("the command line of an interpreter is too long to be told")
        elif len(self.filename.encode("utf-8", "surrogateescape")) == FILENAME_MAX - 1:
            raise ParseError("the path of a script is too long to be told")
        if script and not script.startswith("/") and not self.directory:
            raise ParseError("the working directory of a script lies too deep to be told")
        return absolute(script, self.directory) if script else None


def absolute(path: str, directory: str) -> str | None:
    """The path of a file as told by a process with this working directory; None without one for a relative path.

    None also for an open file of the process, which has no name (fexecve(3), ``bash <(...)``).
    """
    if path.startswith("/"):
        return None if path.startswith(_OPEN_FILES) else path
    return f"{directory.rstrip('/')}/{path}" if path and directory else None


def split_exactly(cmdline: bytes) -> list[str]:
    """The arguments in the bytes of ``/proc/PID/cmdline`` with every byte of file names kept (PEP 383)."""
    return _decoded(cmdline.rstrip(b"\0")).split("\0")


def parse_script_event(data: bytes) -> ScriptEvent:
    """One event of the script program's ring. Raises ParseError if it is cut."""
    if len(data) < _CMDLINE_AT + CMDLINE_MAX:
        raise ParseError("an event of the script program is cut")
    time_ns, hashbang, cmdline_length = SCRIPT_HEAD.unpack_from(data)
    interpreter, filename = SCRIPT_NAMES.unpack_from(data, SCRIPT_HEAD.size + WHO.size)
    directory, truncated = parse_path(data, _DIRECTORY_AT)
    return ScriptEvent(
        time_ns=time_ns,
        hashbang=bool(hashbang),
        who=parse_who(data, SCRIPT_HEAD.size),
        interpreter=_text(interpreter),
        filename=_text(filename),
        directory="" if truncated else directory or "/",
        cmdline=data[_CMDLINE_AT : _CMDLINE_AT + min(cmdline_length, CMDLINE_MAX)],
    )


def _text(raw: bytes) -> str:
    return _decoded(raw.partition(b"\0")[0])


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
