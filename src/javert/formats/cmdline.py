"""Command lines without secrets.

A command line may hold a password anywhere, so everything is masked but what is known to be harmless: the program's
name, the names of options, and paths that exist on the host.
"""

import re
from collections.abc import Callable, Sequence

MASK = "***"
_LONG_OPTION = re.compile(r"^(--[A-Za-z][A-Za-z-]{0,30})(?:=.*)?$", re.DOTALL)
_SHORT_OPTION = re.compile(r"^-[A-Za-z0-9]$")
_MAX_ARGUMENTS = 24


def redact(arguments: Sequence[str], exists: Callable[[str], bool]) -> str:
    """The command line with every argument masked that could hold a secret.

    Kept are: the last part of the program's name, names of options that begin with two dashes (their value after
    "=" is masked), options of one letter (what is glued to them is masked), and absolute paths for which ``exists``
    is true.
    Runs of masked arguments become one mask, so that not even their number is told.

    Args:
        arguments: argv, the program first.
        exists: whether an absolute path names a file on the host.
    """
    if not arguments:
        return ""
    shown = [_program(arguments[0], exists)]
    for argument in arguments[1:_MAX_ARGUMENTS]:
        word = _shown(argument, exists)
        if word != MASK or shown[-1] != MASK:
            shown.append(word)
    if len(arguments) > _MAX_ARGUMENTS:
        shown.append("…")
    return " ".join(shown)


def split(raw: bytes) -> list[str]:
    """The arguments in the bytes of ``/proc/PID/cmdline``; the last may be cut."""
    return raw.rstrip(b"\0").decode("utf-8", "backslashreplace").split("\0") if raw.strip(b"\0") else []


def _program(name: str, exists: Callable[[str], bool]) -> str:
    # A process may write anything over its own argv[0] ("sshd: user@pts/0"): only the first word is a name.
    word = name.split(" ", 1)[0]
    if word.startswith("/") and exists(word):
        return word
    word = word.rsplit("/", 1)[-1]
    return word if re.fullmatch(r"[A-Za-z0-9_.+:-]{1,32}", word) else MASK


def _shown(argument: str, exists: Callable[[str], bool]) -> str:
    if argument.startswith("--"):
        match = _LONG_OPTION.match(argument)
        if match is None:
            return "--" if argument == "--" else MASK
        return f"{match[1]}={MASK}" if "=" in argument else match[1]
    if _SHORT_OPTION.match(argument):
        return argument
    if argument.startswith("-") and len(argument) > 2 and argument[1].isalpha():
        return f"{argument[:2]}{MASK}"
    if argument.startswith("/") and len(argument) > 1 and exists(argument):
        return argument
    return MASK
