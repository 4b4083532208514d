"""ELF headers: what the kernel and the dynamic loader read of a file before they run it. Pure, headers only.

Sources: the generic ABI (gABI 4.1, "Object Files" and "Program Loading"), elf(5), ``fs/binfmt_elf.c`` of Linux and
``elf/dl-load.c`` of glibc. Where the ABI and the kernel differ the kernel is followed, because it decides what
runs: on x86 it does not look at the class and byte order that ``e_ident`` claims, so neither does this reader.
"""

import struct
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from javert.errors import NeedsMoreData, ParseError
from javert.model.telemetry import ElfKind, StackHeader

MAGIC = b"\x7fELF"

HEAD_SIZE = 1024
"""Bytes of a file's beginning that nearly always hold the whole program header table (64 + 17 x 56)."""

Read = Callable[[int, int], bytes]
"""``read(offset, length)``: up to ``length`` bytes of the file, fewer at its end."""

_ET_EXEC, _ET_DYN = 2, 3
_PT_LOAD, _PT_DYNAMIC, _PT_INTERP, _PT_GNU_STACK = 1, 2, 3, 0x6474E551
_PF_X, _PF_W = 1, 2
_PF_WX = _PF_W | _PF_X
_PN_XNUM = 0xFFFF
_DT_NULL, _DT_SONAME, _DT_DEBUG, _DT_FLAGS_1 = 0, 14, 21, 0x6FFFFFFB
_DF_1_PIE = 0x08000000

_EM_386, _EM_486, _EM_PPC64, _EM_ARM, _EM_X86_64, _EM_AARCH64 = 3, 6, 21, 40, 62, 183

_MAX_TABLE = 4 * 1024 * 1024
"""Bytes of program headers that are read; the kernel refuses more than 64 KiB, glibc has no limit of its own."""

_MAX_DYNAMIC = 64 * 1024
_MAX_OFFSET = 1 << 62

_NAMES: dict[int, str | tuple[str, str]] = {
    2: "sparc",
    _EM_386: "i386",
    4: "m68k",
    _EM_486: "i386",
    8: "mips",
    10: "mips",
    15: "hppa",
    20: "ppc",
    22: ("s390", "s390x"),
    _EM_ARM: "arm",
    42: "sh",
    43: "sparc64",
    50: "ia64",
    _EM_X86_64: ("x32", "x86-64"),
    _EM_AARCH64: "arm64",
    243: ("riscv32", "riscv64"),
    258: ("loongarch32", "loongarch64"),
    0x9026: "alpha",
}


class ElfImage(msgspec.Struct, frozen=True, kw_only=True):
    """What the headers of one executable or shared object say.

    Attributes:
        position_independent: ET_DYN; otherwise ET_EXEC.
        machine: short name, "x86-64" for instance; "machine-N" for one without a name here.
        bits: 32 or 64. byte_order: "little" or "big".
        stack: by the last PT_GNU_STACK, as the kernel and glibc take it.
        writable_executable: a PT_LOAD that takes memory is both.
        interpreter: has a PT_INTERP.
        loads: a PT_LOAD has bytes in the file; separate debug information has none.
        dynamic_offset, dynamic_size: of PT_DYNAMIC in the file, bytes; size 0 without one.
    """

    position_independent: bool
    machine: str
    bits: int
    byte_order: str
    stack: StackHeader
    writable_executable: bool
    interpreter: bool
    loads: bool
    dynamic_offset: int = 0
    dynamic_size: int = 0

    @property
    def plainly_protected(self) -> bool:
        """A non-executable stack header and no segment both writable and executable: nothing to judge anywhere."""
        return self.stack is StackHeader.NON_EXECUTABLE and not self.writable_executable


class _Layout(NamedTuple):
    """Where things are for one class and byte order (gABI figures 4-3, 4-8, 5-1 and 5-9)."""

    bits: int
    order: str
    header_at: int
    header: struct.Struct
    """e_phoff, e_shoff, e_flags, e_ehsize, e_phentsize, e_phnum."""
    segment: struct.Struct
    dynamic: struct.Struct
    section_size: int
    section_info_at: int
    word: struct.Struct


def _layout(bits: int, order: str) -> _Layout:
    mark = "<" if order == "little" else ">"
    formats = ("2II3H", "8I", "iI") if bits == 32 else ("2QI3H", "2I6Q", "qQ")
    header, segment, dynamic = (struct.Struct(mark + each) for each in formats)
    word = struct.Struct(mark + "I")
    if bits == 32:
        return _Layout(32, order, 28, header, segment, dynamic, 40, 28, word)
    return _Layout(64, order, 32, header, segment, dynamic, 64, 44, word)


_LAYOUTS = {(bits, order): _layout(bits, order) for bits in (32, 64) for order in ("little", "big")}
_FIXED_BITS = {_EM_ARM: 32, _EM_AARCH64: 64, _EM_PPC64: 64}
_HALF_LITTLE, _HALF_BIG = struct.Struct("<2H"), struct.Struct(">2H")


def read_image(head: bytes, read: Read) -> ElfImage | None:
    """What the headers of a file say that begins with ``head``.

    Args:
        head: the first bytes of the file, preferably ``HEAD_SIZE`` of them or the whole file.
        read: gets what lies beyond ``head``; called only if program headers do.

    Returns:
        None for ELF files that nothing runs or loads: relocatable objects (kernel modules too) and core dumps.

    Raises:
        NeedsMoreData: ``head`` is shorter than an ELF header, or the file than its program header table.
        ParseError: not ELF, or headers that neither the kernel nor glibc's loader would accept.
    """
    layout, kind, machine = _identify(head)
    if kind not in (_ET_EXEC, _ET_DYN):
        return None
    offset, section_offset, _, _, entry_size, count = layout.header.unpack_from(head, layout.header_at)
    if entry_size != layout.segment.size:
        raise ParseError(f"program headers of {entry_size} bytes, which the kernel refuses")
    if count == _PN_XNUM:
        count = _extended_count(layout, section_offset, head, read)
    size = count * entry_size
    if size > _MAX_TABLE:
        raise ParseError(f"{count} program headers, more than anything runs with")
    table = _slice(head, read, offset, size)
    return _summary(layout, kind, machine, table)


def kind_of(image: ElfImage, read: Read) -> ElfKind | None:
    """Whether the image is a program or something programs load; None for separate debug information.

    A position-independent program and a shared object are both ET_DYN. Linkers mark the program with DF_1_PIE, or
    before that existed with DT_DEBUG, which they put into executables only. An object with an interpreter and a
    name of its own (libc.so.6) is a library that can also be started.

    Args:
        image: as ``read_image`` returned it.
        read: gets the dynamic section.
    """
    if not image.loads:
        return None
    if not image.position_independent or not image.dynamic_size:
        return ElfKind.EXECUTABLE
    tags = _dynamic_tags(image, read)
    if tags.get(_DT_FLAGS_1, 0) & _DF_1_PIE or _DT_DEBUG in tags or (image.interpreter and _DT_SONAME not in tags):
        return ElfKind.EXECUTABLE
    return ElfKind.SHARED_OBJECT


def _identify(head: bytes) -> tuple[_Layout, int, int]:
    """The layout, e_type and e_machine."""
    if head[:4] != MAGIC:
        raise NeedsMoreData("too short for ELF") if MAGIC.startswith(head) else ParseError("not an ELF file")
    if len(head) < 52:
        raise NeedsMoreData("an ELF header has at least 52 bytes")
    kind, machine = _HALF_LITTLE.unpack_from(head, 16)
    if machine in (_EM_386, _EM_486):
        return _LAYOUTS[32, "little"], kind, machine
    order = "little" if head[5] == 1 or machine == _EM_X86_64 else "big" if head[5] == 2 else ""
    if not order:
        raise ParseError(f"byte order {head[5]} does not exist")
    if order == "big":
        kind, machine = _HALF_BIG.unpack_from(head, 16)
    if machine == _EM_X86_64:
        # The 64-bit loader looks first and wants program headers of 56 bytes; what it declines may be x32.
        bits = 64 if head[54:56] == b"\x38\0" else 32
    else:
        bits = _FIXED_BITS.get(machine) or {1: 32, 2: 64}.get(head[4], 0)
    if not bits:
        raise ParseError(f"class {head[4]} does not exist")
    if bits == 64 and len(head) < 64:
        raise NeedsMoreData("a 64-bit ELF header has 64 bytes")
    return _LAYOUTS[bits, order], kind, machine


def _extended_count(layout: _Layout, section_offset: int, head: bytes, read: Read) -> int:
    """The number of program headers where e_phnum cannot hold it: sh_info of the first section (gABI, PN_XNUM)."""
    if not section_offset:
        return _PN_XNUM
    section = _slice(head, read, section_offset, layout.section_size)
    return int(layout.word.unpack_from(section, layout.section_info_at)[0])


def _slice(head: bytes, read: Read, offset: int, size: int) -> bytes:
    if offset + size <= len(head):
        return head[offset : offset + size]
    if offset > _MAX_OFFSET:
        raise ParseError("headers beyond where files can end")
    data = read(offset, size)
    if len(data) < size:
        raise NeedsMoreData("the file ends before its headers do")
    return data


def _summary(layout: _Layout, kind: int, machine: int, table: bytes) -> ElfImage:
    stack = StackHeader.MISSING
    writable_executable = interpreter = loads = False
    dynamic = (0, 0)
    narrow = layout.bits == 32
    for fields in layout.segment.iter_unpack(table):
        segment = fields[0]
        flags = fields[6 if narrow else 1]
        if segment == _PT_LOAD:
            in_file, in_memory = fields[4:6] if narrow else fields[5:7]
            writable_executable |= (flags & _PF_WX) == _PF_WX and in_memory > 0
            loads |= in_file > 0
        elif segment == _PT_GNU_STACK:
            stack = StackHeader.EXECUTABLE if flags & _PF_X else StackHeader.NON_EXECUTABLE
        elif segment == _PT_INTERP:
            interpreter = True
        elif segment == _PT_DYNAMIC:
            dynamic = (fields[1], fields[4]) if narrow else (fields[2], fields[5])
    return ElfImage(
        position_independent=kind == _ET_DYN,
        machine=_machine_name(machine, layout),
        bits=layout.bits,
        byte_order=layout.order,
        stack=stack,
        writable_executable=writable_executable,
        interpreter=interpreter,
        loads=loads,
        dynamic_offset=dynamic[0],
        dynamic_size=dynamic[1],
    )


def _machine_name(machine: int, layout: _Layout) -> str:
    if machine == _EM_PPC64:
        return "ppc64le" if layout.order == "little" else "ppc64"
    name = _NAMES.get(machine, f"machine-{machine}")
    return name if isinstance(name, str) else name[layout.bits == 64]


def _dynamic_tags(image: ElfImage, read: Read) -> dict[int, int]:
    """Tags of the dynamic section up to DT_NULL; a section that lies or is cut short gives what there is."""
    layout = _LAYOUTS[image.bits, image.byte_order]
    if image.dynamic_offset > _MAX_OFFSET:
        return {}
    data = read(image.dynamic_offset, min(image.dynamic_size, _MAX_DYNAMIC))
    tags: dict[int, int] = {}
    for tag, value in layout.dynamic.iter_unpack(data[: len(data) - len(data) % layout.dynamic.size]):
        if tag == _DT_NULL:
            break
        tags[tag] = value
    return tags
