"""ELF headers: what the kernel and the dynamic loader read of a file before they run it. Pure, headers only.

Sources: the generic ABI (gABI 4.1, "Object Files" and "Program Loading"), elf(5), ``fs/binfmt_elf.c`` of Linux and
``elf/dl-load.c`` of glibc. Where the ABI and these differ they are followed, because they decide what runs: on x86
the kernel does not look at the class and byte order that ``e_ident`` claims, and neither it nor glibc has heard of
PN_XNUM: 65535 program headers are 65535, whatever the first section says.
"""

import struct
from collections.abc import Callable, Sequence
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
_DT_NULL, _DT_STRTAB, _DT_SYMTAB, _DT_SONAME, _DT_DEBUG, _DT_FLAGS_1 = 0, 5, 6, 14, 21, 0x6FFFFFFB
_DF_1_PIE = 0x08000000

_EM_386, _EM_486, _EM_PPC64, _EM_ARM, _EM_X86_64, _EM_AARCH64 = 3, 6, 21, 40, 62, 183

_PAGE = 4096
"""The smallest page of the machines that Javert judges."""

_PATH_MAX = 4096
_SHT_NOBITS, _SHF_EXECINSTR = 8, 4

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
        executable_zero_fill: an executable PT_LOAD goes on in memory beyond the last page of its bytes in the file.
        entry: address of the first instruction.
        sections_offset, sections: where the section headers are in the file, and their number; 0 without any.
        table: the program headers as they stand in the file.
    """

    position_independent: bool
    machine: str
    bits: int
    byte_order: str
    stack: StackHeader
    writable_executable: bool
    executable_zero_fill: bool
    entry: int
    sections_offset: int
    sections: int
    table: bytes

    @property
    def plainly_protected(self) -> bool:
        """A non-executable stack header and no segment both writable and executable: nothing to judge anywhere."""
        return self.stack is StackHeader.NON_EXECUTABLE and not (
            self.writable_executable or self.executable_zero_fill
        )

    def maps_writable_executable(self, kind: ElfKind) -> bool:
        """Whether the system makes memory of a segment both writable and executable.

        Memory of an executable segment beyond its bytes in the file is writable in a program, whatever the segment
        says, because the kernel adds execution to its own defaults (``elf_load``, ``vm_brk_flags``); glibc's loader
        gives a shared object what the segment says (elf/dl-map-segments.h).
        """
        return self.writable_executable or (self.executable_zero_fill and kind is ElfKind.EXECUTABLE)


class _Layout(NamedTuple):
    """Where things are for one class and byte order (gABI figures 4-3, 4-8, 5-1 and 5-9)."""

    bits: int
    order: str
    header_at: int
    header: struct.Struct
    """e_entry, e_phoff, e_shoff, e_flags, e_ehsize, e_phentsize, e_phnum, e_shentsize, e_shnum."""
    segment: struct.Struct
    section: struct.Struct
    """sh_type, sh_flags, sh_addr, sh_offset, sh_size."""
    dynamic: struct.Struct


def _layout(bits: int, order: str) -> _Layout:
    mark = "<" if order == "little" else ">"
    formats = ("3II5H", "8I", "4x5I16x", "iI") if bits == 32 else ("3QI5H", "2I6Q", "4xI4Q24x", "qQ")
    header, segment, section, dynamic = (struct.Struct(mark + each) for each in formats)
    return _Layout(bits, order, 24, header, segment, section, dynamic)


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
    header = layout.header.unpack_from(head, layout.header_at)
    _, offset, _, _, _, entry_size, count, _, _ = header
    if entry_size != layout.segment.size:
        raise ParseError(f"program headers of {entry_size} bytes, which the kernel refuses")
    table = _slice(head, read, offset, count * entry_size)
    return _summary(layout, kind, machine, header, table)


def kind_of(image: ElfImage, read: Read) -> ElfKind | None:
    """Whether the image is a program or something programs load; None for what neither the kernel nor glibc takes.

    A position-independent program and a shared object are both ET_DYN. Linkers mark the program with DF_1_PIE, or
    before that existed with DT_DEBUG, which they put into executables only. An object with an interpreter and a
    name of its own (libc.so.6) is a library that can also be started. Separate debug information has the headers
    of what it was cut from, and neither an interpreter's path, nor code at the entry point, nor symbols to load.
    Where its program headers pretend to all that (eu-strip leaves them as they were), its sections know: code is
    said to take no bytes of the file (SHT_NOBITS). They are believed, though nothing that runs looks at them.

    Args:
        image: as ``read_image`` returned it.
        read: gets the section headers, the dynamic section and the interpreter's path.
    """
    if _code_is_elsewhere(image, read):
        return None
    segments = _segments(image)
    program = ElfKind.EXECUTABLE if _starts(image.entry, segments, read) else None
    if not image.position_independent:
        return program
    tags = _dynamic_tags(image, segments, read)
    pie = bool(tags.get(_DT_FLAGS_1, 0) & _DF_1_PIE)
    library = ElfKind.SHARED_OBJECT if _DT_STRTAB in tags and _DT_SYMTAB in tags and not pie else None
    if _DT_DEBUG in tags or (segments.interpreter and _DT_SONAME not in tags):
        return program or library
    return library or program


def has_interpreter(image: ElfImage) -> bool:
    """Whether the kernel starts another program, the dynamic loader, to run this one."""
    return _segments(image).interpreter is not None


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


def _slice(head: bytes, read: Read, offset: int, size: int) -> bytes:
    if offset + size <= len(head):
        return head[offset : offset + size]
    if offset > _MAX_OFFSET:
        raise ParseError("headers beyond where files can end")
    data = read(offset, size)
    if len(data) < size:
        raise NeedsMoreData("the file ends before its headers do")
    return data


def _summary(layout: _Layout, kind: int, machine: int, header: Sequence[int], table: bytes) -> ElfImage:
    """What decides whether there is anything to judge. Written flat: it runs once for every file of the host."""
    stack = StackHeader.MISSING
    writable_executable = executable_zero_fill = False
    narrow = layout.bits == 32
    flags_at = 6 if narrow else 1
    for fields in layout.segment.iter_unpack(table):
        segment = fields[0]
        if segment == _PT_LOAD:
            flags = fields[flags_at]
            if flags & _PF_X:
                load = _load(fields, narrow=narrow)
                # The kernel runs no segment that is larger in the file than in memory, but glibc maps it.
                writable_executable |= bool(flags & _PF_W and (load.in_file or load.in_memory))
                executable_zero_fill |= load.in_memory > load.in_file and load.goes_on()
        elif segment == _PT_GNU_STACK:
            stack = StackHeader.EXECUTABLE if fields[flags_at] & _PF_X else StackHeader.NON_EXECUTABLE
    return ElfImage(
        position_independent=kind == _ET_DYN,
        machine=_machine_name(machine, layout),
        bits=layout.bits,
        byte_order=layout.order,
        stack=stack,
        writable_executable=writable_executable,
        executable_zero_fill=executable_zero_fill,
        entry=header[0],
        sections_offset=header[2],
        sections=header[8] if header[2] and header[7] == layout.section.size else 0,
        table=table,
    )


class _Load(NamedTuple):
    """Where a segment is in the file and in memory, bytes."""

    offset: int
    address: int
    in_file: int
    in_memory: int

    def goes_on(self) -> bool:
        """Whether it has memory beyond the last page of its bytes in the file."""
        end = self.address + self.in_file if self.in_file else 0
        return self.address + self.in_memory > end + -end % _PAGE


class _Segments(NamedTuple):
    """The segments that tell what an image is.

    Attributes:
        loads: each PT_LOAD.
        interpreter: the first PT_INTERP, which the kernel takes.
        dynamic: the last PT_DYNAMIC with bytes in the file, which glibc takes.
    """

    loads: list[_Load]
    interpreter: _Load | None
    dynamic: _Load | None

    def file_offset(self, address: int) -> int | None:
        """Where in the file the byte is that is mapped at ``address``; None if it comes from no file."""
        for load in self.loads:
            if load.address <= address < load.address + load.in_file:
                return load.offset + address - load.address
        return None


def _load(fields: Sequence[int], *, narrow: bool) -> _Load:
    if narrow:
        return _Load(fields[1], fields[2], fields[4], fields[5])
    return _Load(fields[2], fields[3], fields[5], fields[6])


def _segments(image: ElfImage) -> _Segments:
    narrow = image.bits == 32
    loads: list[_Load] = []
    interpreter = dynamic = None
    for fields in _LAYOUTS[image.bits, image.byte_order].segment.iter_unpack(image.table):
        if fields[0] == _PT_LOAD:
            loads.append(_load(fields, narrow=narrow))
        elif fields[0] == _PT_INTERP:
            interpreter = interpreter or _load(fields, narrow=narrow)
        elif fields[0] == _PT_DYNAMIC and (load := _load(fields, narrow=narrow)).in_file:
            dynamic = load
    return _Segments(loads, interpreter, dynamic)


def _code_is_elsewhere(image: ElfImage, read: Read) -> bool:
    """Whether there are sections of instructions, and none of them has bytes in the file."""
    section = _LAYOUTS[image.bits, image.byte_order].section
    if image.sections_offset > _MAX_OFFSET:
        return False
    data = read(image.sections_offset, image.sections * section.size) if image.sections else b""
    kinds = {
        kind
        for kind, flags, *_ in section.iter_unpack(data[: len(data) - len(data) % section.size])
        if flags & _SHF_EXECINSTR
    }
    return kinds == {_SHT_NOBITS}


def _starts(entry: int, segments: _Segments, read: Read) -> bool:
    """Whether the kernel finds something to start: an interpreter's path, which ends with a NUL, or an entry."""
    if segments.interpreter is None:
        place = segments.file_offset(entry)
        return place is not None and place >= len(MAGIC)
    offset, _, size, _ = segments.interpreter
    if not 2 <= size <= _PATH_MAX or offset > _MAX_OFFSET:
        return False
    path = read(offset, size)
    return len(path) == size and path[0] != 0 and path[-1] == 0


def _machine_name(machine: int, layout: _Layout) -> str:
    if machine == _EM_PPC64:
        return "ppc64le" if layout.order == "little" else "ppc64"
    name = _NAMES.get(machine, f"machine-{machine}")
    return name if isinstance(name, str) else name[layout.bits == 64]


def _dynamic_tags(image: ElfImage, segments: _Segments, read: Read) -> dict[int, int]:
    """Tags of the dynamic section up to DT_NULL; a section that lies or is cut short gives what there is."""
    if segments.dynamic is None:
        return {}
    # glibc finds it by its address; what its header says of the file nobody believes.
    offset = segments.file_offset(segments.dynamic.address)
    if offset is None or offset > _MAX_OFFSET:
        return {}
    entry = _LAYOUTS[image.bits, image.byte_order].dynamic
    data = read(offset, min(segments.dynamic.in_file, _MAX_DYNAMIC))
    tags: dict[int, int] = {}
    for tag, value in entry.iter_unpack(data[: len(data) - len(data) % entry.size]):
        if tag == _DT_NULL:
            break
        tags[tag] = value
    return tags
