"""What an ELF object asks of the dynamic loader: its interpreter, the objects it needs, and where to look for them.

Sources: gABI 4.1 "Program Header" and "Dynamic Section", elf(5), and for the search ld.so(8) and ``elf/dl-load.c``
of glibc.
"""

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from javert.errors import NeedsMoreData, ParseError

Read = Callable[[int, int], bytes]
"""``read(offset, length)``: up to ``length`` bytes of the file, fewer at its end."""

MAGIC = b"\x7fELF"
_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_DT_NULL, _DT_NEEDED, _DT_STRTAB, _DT_STRSZ, _DT_SONAME, _DT_RPATH, _DT_RUNPATH = 0, 1, 5, 10, 14, 15, 29
_MAX_SEGMENTS = 1024
_MAX_DYNAMIC = 64 * 1024
_MAX_STRINGS = 4 * 1024 * 1024
_MAX_PATH = 4096


class Dependencies(msgspec.Struct, frozen=True, kw_only=True):
    """What an object asks for. Names that are not UTF-8 hold lone surrogates (PEP 383).

    Attributes:
        interpreter: path in PT_INTERP; "" without one.
        needed: names in DT_NEEDED, in their order.
        name: in DT_SONAME, by which other objects need it; "" without one.
        rpath, runpath: directories in DT_RPATH and DT_RUNPATH as they stand there, ``$ORIGIN`` not replaced.
        machine: ``e_machine``. wide: it is a file for 64 bits.
    """

    interpreter: str = ""
    needed: tuple[str, ...] = ()
    name: str = ""
    rpath: tuple[str, ...] = ()
    runpath: tuple[str, ...] = ()
    machine: int = 0
    wide: bool = False

    @property
    def search(self) -> tuple[str, ...]:
        """What is searched for ``needed``: DT_RPATH does not count where there is a DT_RUNPATH."""
        return self.runpath or self.rpath


class _Segment(NamedTuple):
    kind: int
    offset: int
    address: int
    size: int


def read_dependencies(read: Read) -> Dependencies:
    """Reads an object's headers and dynamic section.

    Raises:
        NeedsMoreData: the file ends within something that is needed.
        ParseError: it is no ELF object, or a damaged one.
    """
    head = _exactly(read, 0, 16)
    if head[:4] != MAGIC or head[4] not in (1, 2) or head[5] not in (1, 2):
        raise ParseError("this is no ELF object")
    wide, mark = head[4] == 2, "<" if head[5] == 1 else ">"
    segments = list(_segments(read, wide=wide, mark=mark))
    interpreter = next((segment for segment in segments if segment.kind == _PT_INTERP), None)
    dynamic = next((segment for segment in segments if segment.kind == _PT_DYNAMIC), None)
    (machine,) = struct.unpack(f"{mark}H", _exactly(read, 18, 2))
    found = Dependencies(interpreter=_interpreter(read, interpreter), machine=machine, wide=wide)
    if dynamic is None:
        return found
    tags = list(_tags(read, dynamic, struct.Struct(f"{mark}{'qQ' if wide else 'iI'}")))
    values = dict(reversed(tags))  # of two with one tag the first counts
    if _DT_STRTAB not in values:
        return found
    strings = _strings(read, segments, values[_DT_STRTAB], values.get(_DT_STRSZ, 0))
    return msgspec.structs.replace(
        found,
        needed=tuple(_string(strings, value) for tag, value in tags if tag == _DT_NEEDED),
        name=_string(strings, values[_DT_SONAME]) if _DT_SONAME in values else "",
        rpath=_path_list(strings, values.get(_DT_RPATH)),
        runpath=_path_list(strings, values.get(_DT_RUNPATH)),
    )


def _segments(read: Read, *, wide: bool, mark: str) -> Iterator[_Segment]:
    header = struct.Struct(
        f"{mark}{'QQQIHHH' if wide else 'IIIIHHH'}"
    )  # entry, phoff, shoff, flags, ehsize, phentsize, phnum
    _entry, table, _sections, _flags, _size, entry_size, count = header.unpack(_exactly(read, 24, header.size))
    entry = struct.Struct(f"{mark}{'IIQQQQ' if wide else 'IIIII'}")
    if not count:
        return
    # Another size the loader refuses ("phentsize not the expected size", elf/dl-load.c), and it would let a header
    # that somebody made ask for 64 MiB.
    if count > _MAX_SEGMENTS or entry_size != (56 if wide else 32):
        raise ParseError("the program headers of an ELF object are damaged")
    data = _exactly(read, table, count * entry_size)
    for index in range(count):
        fields = entry.unpack_from(data, index * entry_size)
        if wide:
            kind, _flags, offset, address, _physical, size = fields
        else:
            kind, offset, address, _physical, size = fields
        yield _Segment(kind, offset, address, size)


def _interpreter(read: Read, segment: _Segment | None) -> str:
    if segment is None:
        return ""
    raw = _exactly(read, segment.offset, min(segment.size, _MAX_PATH))
    return raw.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _tags(read: Read, segment: _Segment, layout: struct.Struct) -> Iterator[tuple[int, int]]:
    size = min(segment.size, _MAX_DYNAMIC)
    data = _exactly(read, segment.offset, size - size % layout.size)
    for tag, value in layout.iter_unpack(data):
        if tag == _DT_NULL:
            return
        yield tag, value


def _strings(read: Read, segments: list[_Segment], address: int, size: int) -> bytes:
    """The string table; the dynamic section tells where it is in memory, the load segments where in the file."""
    for segment in segments:
        if segment.kind == _PT_LOAD and segment.address <= address < segment.address + segment.size:
            start = segment.offset + address - segment.address
            return _exactly(read, start, min(size, _MAX_STRINGS))
    raise ParseError("the string table of an ELF object lies in no segment")


def _path_list(strings: bytes, offset: int | None) -> tuple[str, ...]:
    return () if offset is None else tuple(_string(strings, offset).split(":"))


def _string(strings: bytes, offset: int) -> str:
    end = strings.find(b"\0", offset)
    if offset >= len(strings) or end < 0:
        raise ParseError("a name lies outside the string table of an ELF object")
    return strings[offset:end].decode("utf-8", "surrogateescape")


def _exactly(read: Read, offset: int, size: int) -> bytes:
    data = read(offset, size) if offset < 1 << 62 else b""
    if len(data) < size:
        raise NeedsMoreData("an ELF object ends early")
    return data
