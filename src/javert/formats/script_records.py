"""What the script program of the kernel writes (bpf/scripts.h), as bytes, to values.

The command line is raw here: nothing but the path of the script in it may go further.
"""

import struct
from typing import NamedTuple

from javert.errors import ParseError
from javert.formats.interpreters import completions, script_argument
from javert.formats.kernel_records import CMDLINE_MAX, PATH_NAMES, WHO, Who, parse_path, parse_who

SCRIPT_HEAD = struct.Struct("<QII")
FILENAME_MAX = 256
SCRIPT_NAMES = struct.Struct("<32s256s")
SCRIPT_STATE = struct.Struct("<Q")
_CMDLINE_AT = SCRIPT_HEAD.size + WHO.size + SCRIPT_NAMES.size
_DIRECTORY_AT = _CMDLINE_AT + CMDLINE_MAX
_ROOT_AT = _DIRECTORY_AT + PATH_NAMES.size
_LENGTHS = struct.Struct("<II")
_OPEN_FILES = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")
_BEYOND = "\0"
"""Stands for the arguments that a record has no room for; no argument holds this byte."""


class Script(NamedTuple):
    """A file that root may have run.

    Attributes:
        paths: absolute in the mount namespace, links and dots not resolved. The first of them that exists is it.
        certain: the kernel itself ran it. Else it is an argument that may be anything, a secret too.
    """

    paths: tuple[str, ...]
    certain: bool


class ScriptEvent(NamedTuple):
    """A root process was started that may be an interpreter with a script (struct script_event).

    Attributes:
        hashbang: the script named its interpreter itself, in its first line.
        interpreter: last part of the interpreter's path.
        filename: as given to execve(2); the script if ``hashbang``.
        directory: the working directory; "" if its path is too deep to be told.
        root: the root directory of the process in its mount namespace, "/" for most; "" if it is too deep.
    """

    time_ns: int
    hashbang: bool
    who: Who
    interpreter: str
    filename: str
    directory: str
    root: str
    cmdline: bytes

    def scripts(self) -> tuple[Script, ...]:
        """What was run: one file, none, or several whose first lines name one another.

        Raises:
            ParseError: there is one, and the record is too short to tell which, or it has no name.
        """
        if not self.hashbang:
            return self._argument()
        if len(self.filename.encode("utf-8", "surrogateescape")) == FILENAME_MAX - 1:
            raise ParseError("the path of a script is too long to be told")
        script = self._place(self.filename)
        if script is None:
            raise ParseError("a script was run by the number of an open file")
        return (Script((script,), certain=True), *self._interpreters_between())

    def _argument(self) -> tuple[Script, ...]:
        arguments = split_exactly(self.cmdline)
        cut = (*arguments[-1:], _BEYOND) if len(self.cmdline) == CMDLINE_MAX else ()
        script = script_argument(self.interpreter, [*arguments, *cut[1:]])
        if script is None:
            return ()
        if script in cut:
            raise ParseError("the command line of an interpreter is too long to be told")
        named = [self._place(path) for path in completions(self.interpreter, script)]
        paths = tuple(path for path in named if path is not None)
        return (Script(paths, certain=False),) if paths else ()

    def _interpreters_between(self) -> tuple[Script, ...]:
        """Scripts that are the interpreters of scripts: the kernel puts each before what it is to run."""
        arguments = split_exactly(self.cmdline)[1:]
        if self.filename not in arguments:
            return ()
        between = (path for path in arguments[: arguments.index(self.filename)] if path.startswith("/"))
        named = (self._place(path) for path in between)
        return tuple(Script((path,), certain=False) for path in named if path is not None)

    def _place(self, path: str) -> str | None:
        if path.startswith(_OPEN_FILES):
            return None
        if not (self.root if path.startswith("/") else self.directory):
            raise ParseError("the working directory or root directory of a script lies too deep to be told")
        return absolute(path, self.directory, self.root)


def absolute(path: str, directory: str, root: str) -> str | None:
    """The path of a file in the mount namespace of a process, which itself names it ``path``.

    None for a relative one if ``directory``, where the process works, is not known, and for an open file of the
    process, which has no name (fexecve(3), ``bash <(...)``). ``root`` is the root directory of the process.
    """
    if path.startswith("/"):
        return None if path.startswith(_OPEN_FILES) else f"{root.rstrip('/')}{path}"
    return f"{directory.rstrip('/')}/{path}" if path and directory else None


def split_exactly(cmdline: bytes) -> list[str]:
    """The arguments in the bytes of ``/proc/PID/cmdline`` with every byte of file names kept (PEP 383)."""
    return _decoded(cmdline.rstrip(b"\0")).split("\0")


def parse_script_event(data: bytes) -> ScriptEvent:
    """One event of the script program's ring. Raises ParseError if it is cut."""
    if len(data) < _DIRECTORY_AT + _LENGTHS.size:
        raise ParseError("an event of the script program is cut")
    (length, _truncated) = _LENGTHS.unpack_from(data, _DIRECTORY_AT)
    if len(data) < _DIRECTORY_AT + _LENGTHS.size + length:
        raise ParseError("an event of the script program is cut")
    data = data.ljust(_ROOT_AT + PATH_NAMES.size, b"\0")  # what has nothing in it is not sent
    time_ns, hashbang, cmdline_length = SCRIPT_HEAD.unpack_from(data)
    interpreter, filename = SCRIPT_NAMES.unpack_from(data, SCRIPT_HEAD.size + WHO.size)
    directory, truncated = parse_path(data, _DIRECTORY_AT)
    root, root_truncated = parse_path(data, _ROOT_AT)
    return ScriptEvent(
        time_ns=time_ns,
        hashbang=bool(hashbang),
        who=parse_who(data, SCRIPT_HEAD.size),
        interpreter=_text(interpreter),
        filename=_text(filename),
        directory="" if truncated else directory or "/",
        root="" if root_truncated else root or "/",
        cmdline=data[_CMDLINE_AT : _CMDLINE_AT + min(cmdline_length, CMDLINE_MAX)],
    )


def _text(raw: bytes) -> str:
    return _decoded(raw.partition(b"\0")[0])


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
