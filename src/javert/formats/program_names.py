"""The name of a program from the path of its executable."""

import re

_WINDOWS = re.compile(r"[A-Za-z]:\\|\\\\")


def program_name(path: str) -> str:
    r"""The base name of an executable, as its documentation calls the program.

    Of "/usr/bin/ncat (deleted)", which the kernel says of a replaced file, and of "C:\Tools\Ncat.exe" it is "ncat":
    names on Windows have no case.
    """
    if _WINDOWS.match(path):
        return path.rpartition("\\")[2].lower().removesuffix(".exe")
    return path.rpartition("/")[2].removesuffix(" (deleted)")
