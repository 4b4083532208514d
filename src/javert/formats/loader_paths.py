"""Which directories glibc's dynamic loader makes of a search path: ld.so(8), ``elf/dl-load.c`` of glibc.

What its tokens mean depends on the machine, and for some of them on the processor. Where more than one value is
possible, all are given.
"""

import re
from collections.abc import Iterable
from itertools import product

import msgspec

_TOKEN = re.compile(r"\$(?:(ORIGIN|LIB|PLATFORM)(?![A-Za-z0-9_])|\{(ORIGIN|LIB|PLATFORM)\})")  # is_dst()


class _Machine(msgspec.Struct, frozen=True):
    """What the loader is on one kind of machine: its well-known path, and the values of ``$PLATFORM`` there."""

    interpreter: str
    platforms: tuple[str, ...]


_MACHINES = {  # e_machine, and whether it is a file for 64 bits
    (3, False): _Machine("/lib/ld-linux.so.2", ("i686", "i586", "i486", "i386", "haswell", "xeon_phi")),
    (62, True): _Machine("/lib64/ld-linux-x86-64.so.2", ("x86_64", "haswell", "xeon_phi")),
    (62, False): _Machine("/libx32/ld-linux-x32.so.2", ("x86_64", "haswell", "xeon_phi")),
    (40, False): _Machine("/lib/ld-linux-armhf.so.3", ("v6l", "v7l", "v8l")),
    (183, True): _Machine("/lib/ld-linux-aarch64.so.1", ("aarch64",)),
    (21, True): _Machine("/lib64/ld64.so.2", ("power8", "power9", "power10", "power11")),
    (22, True): _Machine("/lib/ld64.so.1", ("z13", "z14", "z15", "z16", "z17")),
    (243, True): _Machine("/lib/ld-linux-riscv64-lp64d.so.1", ()),
}

SUBDIRECTORIES = frozenset(
    {
        *("glibc-hwcaps", "x86-64-v2", "x86-64-v3", "x86-64-v4"),
        *("tls", "avx512_1", "sse2", "atomics", "neon", "vfp"),
        *(platform for machine in _MACHINES.values() for platform in machine.platforms),
    }
)
"""Names of subdirectories that are searched before a directory itself, one below another, where the processor is of
the kind: ``glibc-hwcaps`` since glibc 2.33, the others until 2.36. Those that are not there cannot be searched."""


def interpreter(machine: int, wide: bool) -> str:
    """The well-known path of glibc's loader for a machine (``e_machine``); "" if it is not known here."""
    known = _MACHINES.get((machine, wide))
    return known.interpreter if known else ""


def library_directory(loader: str) -> str:
    """The value of ``$LIB``: the directory below / or /usr in which the loader itself lies.

    Args:
        loader: its path, no link in it.
    """
    return loader.rpartition("/")[0].removeprefix("/usr").strip("/")


def expanded(paths: Iterable[str], *, origin: str, library: str, machine: int, wide: bool) -> tuple[str, ...]:
    """The entries of a search path with their tokens replaced, each directory once; an unknown token stays.

    Args:
        paths: as they stand in an object or a variable.
        origin: the directory of the object, or of the program, whose path it is: ``$ORIGIN``.
        library: ``$LIB``; "" if it is not known, and entries with it are left out.
        machine: ``e_machine`` of the object.
        wide: it is a file for 64 bits.
    """
    known = _MACHINES.get((machine, wide))
    values = {
        "ORIGIN": (origin,),
        "LIB": (library,) if library else (),
        "PLATFORM": known.platforms if known else (),
    }
    return tuple(dict.fromkeys(each for path in paths for each in _expanded(path, values)))


def _expanded(path: str, values: dict[str, tuple[str, ...]]) -> Iterable[str]:
    parts = _TOKEN.split(path)
    tokens = [bare or braced for bare, braced in zip(parts[1::3], parts[2::3], strict=True)]
    distinct = tuple(dict.fromkeys(tokens))
    for chosen in product(*(values[token] for token in distinct)):  # one token has one value in all of a path
        by_token = dict(zip(distinct, chosen, strict=True))
        between = zip((by_token[token] for token in tokens), parts[3::3], strict=True)
        yield parts[0] + "".join(map("".join, between))
