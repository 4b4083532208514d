"""What an environment tells the dynamic loader: LD_PRELOAD and LD_LIBRARY_PATH, ld.so(8), and nothing else.

An environment is full of secrets; the values of all other variables are never looked at.
"""

import re
import struct

import msgspec

_AT_SECURE = 23
_SEPARATORS = {b"LD_PRELOAD": re.compile(rb"[ :]"), b"LD_LIBRARY_PATH": re.compile(rb"[:;]")}


class LoaderVariables(msgspec.Struct, frozen=True, kw_only=True):
    """Absolute paths only: what relative ones mean depends on where the process was.

    Attributes:
        preload: libraries in LD_PRELOAD.
        library_path: directories in LD_LIBRARY_PATH.
    """

    preload: tuple[str, ...] = ()
    library_path: tuple[str, ...] = ()


_NONE = LoaderVariables()


def loader_variables(environ: bytes) -> LoaderVariables:
    """The two variables in the bytes of ``/proc/PID/environ``; of two with one name the first counts."""
    values: dict[bytes, tuple[str, ...]] = {}
    if b"LD_" not in environ:  # as nearly always
        return _NONE
    for entry in environ.split(b"\0"):
        name, sign, value = entry.partition(b"=")
        if sign and name in _SEPARATORS:
            values.setdefault(name, _paths(_SEPARATORS[name].split(value)))
    return LoaderVariables(preload=values.get(b"LD_PRELOAD", ()), library_path=values.get(b"LD_LIBRARY_PATH", ()))


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
    texts = (part.decode("utf-8", "surrogateescape") for part in parts if part.startswith(b"/"))
    return tuple(dict.fromkeys(text for text in texts if "$" not in text))
