"""What an environment tells the dynamic loader by LD_PRELOAD, LD_AUDIT and LD_LIBRARY_PATH, ld.so(8); nothing else.

An environment is full of secrets; the values of all other variables are never looked at.
"""

import re
import struct

import msgspec

_AT_SECURE = 23
_SEPARATORS = {
    b"LD_PRELOAD": re.compile(rb"[ :]"),
    b"LD_AUDIT": re.compile(rb":"),
    b"LD_LIBRARY_PATH": re.compile(rb"[:;]"),
}


class LoaderVariables(msgspec.Struct, frozen=True, kw_only=True):
    """Absolute paths, and those that begin with a token such as ``$ORIGIN``, which is not replaced.

    What relative ones mean depends on where the process was.

    Attributes:
        preload: libraries in LD_PRELOAD.
        audit: libraries in LD_AUDIT.
        library_path: directories in LD_LIBRARY_PATH.
    """

    preload: tuple[str, ...] = ()
    audit: tuple[str, ...] = ()
    library_path: tuple[str, ...] = ()


_NONE = LoaderVariables()


def loader_variables(environ: bytes) -> LoaderVariables:
    """The three variables in the bytes of ``/proc/PID/environ``; of two with one name the first counts."""
    values: dict[bytes, tuple[str, ...]] = {}
    if b"LD_" not in environ:  # as nearly always
        return _NONE
    for entry in environ.split(b"\0"):
        name, sign, value = entry.partition(b"=")
        if sign and name in _SEPARATORS:
            values.setdefault(name, _paths(_SEPARATORS[name].split(value)))
    return LoaderVariables(
        preload=values.get(b"LD_PRELOAD", ()),
        audit=values.get(b"LD_AUDIT", ()),
        library_path=values.get(b"LD_LIBRARY_PATH", ()),
    )


def ignores_environment(auxv: bytes) -> bool:
    """Whether the loader ignores the variables, because the program gives its user more rights (AT_SECURE).

    Args:
        auxv: the bytes of ``/proc/PID/auxv``, in the native byte order and the word size of the process.
    """
    for word in ("Q", "I"):
        pair = struct.Struct(f"={word}{word}")
        values = dict(pair.iter_unpack(auxv[: len(auxv) - len(auxv) % pair.size]))
        if _AT_SECURE in values:
            return bool(values[_AT_SECURE])
    return False


def _paths(parts: list[bytes]) -> tuple[str, ...]:
    texts = (part.decode("utf-8", "surrogateescape") for part in parts if part.startswith((b"/", b"$")))
    return tuple(dict.fromkeys(texts))
