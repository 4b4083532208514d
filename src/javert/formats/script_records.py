"""What the script program of the kernel writes (bpf/scripts.h), as bytes, to values.

The command line is raw here: nothing but the path of the script in it may go further.
"""

import struct
from typing import NamedTuple

from javert.errors import ParseError
from javert.formats.cmdline import split
from javert.formats.interpreters import script_argument
from javert.formats.kernel_records import CMDLINE_MAX, PATH_NAMES, WHO, Who, parse_path, parse_who

SCRIPT_HEAD = struct.Struct("<QII")
SCRIPT_NAMES = struct.Struct("<32s256s")
SCRIPT_STATE = struct.Struct("<Q")
_DIRECTORY_AT = SCRIPT_HEAD.size + WHO.size + SCRIPT_NAMES.size
_CMDLINE_AT = _DIRECTORY_AT + PATH_NAMES.size


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
        """Absolute path of the script, links and dots not resolved; None if there is none, or it cannot be told."""
        if self.hashbang:
            return absolute(self.filename, self.directory)
        argument = script_argument(self.interpreter, split(self.cmdline))
        if argument is None or (len(self.cmdline) == CMDLINE_MAX and self.cmdline.endswith(argument.encode())):
            return None  # the argument may have been cut
        return absolute(argument, self.directory)


def absolute(path: str, directory: str) -> str | None:
    """The path of a file as told by a process with this working directory; None without one for a relative path."""
    if path.startswith("/"):
        return None if path.startswith("/dev/fd/") else path  # fexecve(3): a file without a name
    return f"{directory.rstrip('/')}/{path}" if path and directory else None


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
    return raw.partition(b"\0")[0].decode("utf-8", "surrogateescape")
