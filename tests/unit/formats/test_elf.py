import struct

import pytest

from javert.errors import NeedsMoreData, ParseError
from javert.formats import elf
from javert.model.telemetry import ElfKind, StackHeader

LOAD, DYNAMIC, INTERP, STACK = 1, 2, 3, 0x6474E551
R, W, X = 4, 2, 1
CODE = (LOAD, R | X, 100, 100)
RW_STACK = (STACK, R | W)
RWX_STACK = (STACK, R | W | X)
SHARED_OBJECT, EXECUTABLE = 3, 2
LAYOUTS = [(32, "little"), (32, "big"), (64, "little"), (64, "big")]
PATH = (INTERP, R, 2, 2, 6)  # two bytes of e_ident: a name, as far as the kernel looks, and the NUL behind it
PIE_FLAG = (0x6FFFFFFB, 0x08000000)
DEBUG, SONAME = (21, 0), (14, 5)


def image_of(data: bytes, head_size: int = elf.HEAD_SIZE) -> elf.ElfImage:
    image = elf.read_image(data[:head_size], lambda offset, length: data[offset : offset + length])
    assert image is not None
    return image


def kind_of(data: bytes) -> ElfKind | None:
    return elf.kind_of(image_of(data), lambda offset, length: data[offset : offset + length])


@pytest.mark.parametrize(("bits", "order"), LAYOUTS)
@pytest.mark.parametrize(
    ("headers", "stack"),
    [
        ([], StackHeader.MISSING),
        ([RW_STACK], StackHeader.NON_EXECUTABLE),
        ([RWX_STACK], StackHeader.EXECUTABLE),
        ([RW_STACK, RWX_STACK], StackHeader.EXECUTABLE),
        ([RWX_STACK, RW_STACK], StackHeader.NON_EXECUTABLE),
    ],
)
def test_the_last_stack_header_counts_in_every_class_and_byte_order(make_elf, bits, order, headers, stack):
    machine = 8 if bits == 32 else 22  # MIPS and S/390, where e_ident is believed
    image = image_of(make_elf([CODE, *headers], bits=bits, order=order, machine=machine))
    assert (image.stack, image.bits, image.byte_order) == (stack, bits, order)


@pytest.mark.parametrize(("bits", "order"), LAYOUTS)
def test_a_segment_both_writable_and_executable_is_seen(make_elf, bits, order):
    data = make_elf([CODE, (LOAD, R | W | X, 8, 8), RW_STACK], bits=bits, order=order, machine=8)
    assert image_of(data).writable_executable
    assert not image_of(data).plainly_protected


def test_a_segment_that_takes_no_memory_maps_nothing(make_elf):
    assert image_of(make_elf([CODE, (LOAD, R | W | X, 0, 0), RW_STACK])).plainly_protected


def test_a_segment_that_only_the_loader_maps_counts_too(make_elf):
    assert image_of(make_elf([CODE, (LOAD, R | W | X, 8, 0), RW_STACK])).writable_executable


@pytest.mark.parametrize("flags", [X, R | X])
@pytest.mark.parametrize(
    ("place", "beyond"),
    [
        ((100, 100, 0), False),
        ((100, 4096, 0), False),  # the rest of the page belongs to the file
        ((100, 4097, 0), True),
        ((4096, 4097, 0), True),
        ((0, 1, 0), True),
        ((10, 0x1000, 0xFF0), True),
        ((10, 16, 0xFF0), False),
    ],
)
def test_executable_memory_beyond_the_file_is_writable_in_programs_only(make_elf, flags, place, beyond):
    image = image_of(make_elf([(LOAD, flags, *place), RW_STACK]))
    assert not image.writable_executable
    assert image.plainly_protected is not beyond
    assert image.maps_writable_executable(ElfKind.EXECUTABLE) is beyond
    assert not image.maps_writable_executable(ElfKind.SHARED_OBJECT)


def test_memory_without_bytes_in_the_file_is_mapped_too(make_elf):
    assert image_of(make_elf([CODE, (LOAD, R | W | X, 0, 4096), RW_STACK])).writable_executable


@pytest.mark.parametrize(
    ("machine", "bits", "order", "name"),
    [
        (62, 64, "little", "x86-64"),
        (62, 32, "little", "x32"),
        (3, 32, "little", "i386"),
        (6, 32, "little", "i386"),
        (183, 64, "little", "arm64"),
        (40, 32, "little", "arm"),
        (21, 64, "big", "ppc64"),
        (21, 64, "little", "ppc64le"),
        (22, 64, "big", "s390x"),
        (22, 32, "big", "s390"),
        (243, 64, "little", "riscv64"),
        (8, 32, "big", "mips"),
        (8, 64, "little", "mips"),
        (0x9026, 64, "little", "alpha"),
        (4711, 64, "little", "machine-4711"),
    ],
)
def test_machines_have_their_names(make_elf, machine, bits, order, name):
    assert image_of(make_elf([CODE], machine=machine, bits=bits, order=order)).machine == name


@pytest.mark.parametrize(("machine", "bits"), [(62, 64), (3, 32)])
def test_a_lying_class_and_byte_order_deceive_nobody_on_x86(make_elf, machine, bits):
    data = bytearray(make_elf([CODE, RWX_STACK], machine=machine, bits=bits))
    data[4:6] = bytes([3 - data[4], 2])
    image = image_of(bytes(data))
    assert (image.bits, image.byte_order, image.stack) == (bits, "little", StackHeader.EXECUTABLE)


def test_program_headers_beyond_the_head_are_fetched(make_elf):
    assert image_of(make_elf([CODE, RWX_STACK], table_at=9000)).stack is StackHeader.EXECUTABLE


def test_65535_headers_are_as_many_whatever_the_first_section_says(make_elf):
    """PN_XNUM of the ABI; the oracle tests show glibc load such a file."""
    data = make_elf([CODE, RW_STACK, *[(0,)] * 65532, RWX_STACK], sections=[(0, 0)])
    assert image_of(data).stack is StackHeader.EXECUTABLE
    with pytest.raises(NeedsMoreData, match="ends before"):
        image_of(make_elf([CODE, RWX_STACK], count=0xFFFF, sections=[(0, 0)]))


@pytest.mark.parametrize("kind", [0, 1, 4, 0xFE00])
def test_objects_and_core_dumps_are_not_software_that_runs(make_elf, kind):
    data = make_elf([CODE], kind=kind)
    assert elf.read_image(data, lambda _offset, _length: b"") is None


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", NeedsMoreData),
        (b"\x7fEL", NeedsMoreData),
        (b"\x7fELF" + bytes(40), NeedsMoreData),
        (b"#!/bin/sh\n" + bytes(100), ParseError),
        (b"\x7fELF" + bytes(100), ParseError),
    ],
)
def test_what_is_no_elf_header_is_refused(data, error):
    with pytest.raises(error):
        elf.read_image(data, lambda _offset, _length: b"")


def test_a_class_that_does_not_exist_is_refused_where_the_machine_does_not_tell(make_elf):
    data = bytearray(make_elf([CODE], machine=22))
    data[4] = 9
    with pytest.raises(ParseError, match="class 9"):
        image_of(bytes(data))


def test_a_64_bit_header_needs_64_bytes(make_elf):
    with pytest.raises(NeedsMoreData):
        image_of(make_elf([CODE])[:60])


def test_a_table_cut_short_needs_more(make_elf):
    with pytest.raises(NeedsMoreData, match="ends before"):
        image_of(make_elf([CODE, RW_STACK])[:-1])


def test_a_foreign_entry_size_is_refused_as_the_kernel_does(make_elf):
    data = bytearray(make_elf([CODE, RW_STACK], machine=183))
    struct.pack_into("<H", data, 54, 64)
    with pytest.raises(ParseError, match="64 bytes"):
        image_of(bytes(data))


def test_a_table_beyond_where_files_can_end_is_refused(make_elf):
    data = bytearray(make_elf([CODE, RW_STACK]))
    struct.pack_into("<Q", data, 32, (1 << 64) - 8)
    with pytest.raises(ParseError, match="beyond"):
        image_of(bytes(data))


@pytest.mark.parametrize(
    ("segments", "options", "kind"),
    [
        ([CODE], {"kind": EXECUTABLE}, ElfKind.EXECUTABLE),
        ([CODE, PATH], {"kind": EXECUTABLE, "dynamic": [DEBUG]}, ElfKind.EXECUTABLE),
        ([CODE, PATH], {"dynamic": [PIE_FLAG]}, ElfKind.EXECUTABLE),
        ([CODE, PATH], {"dynamic": []}, ElfKind.EXECUTABLE),
        ([CODE], {"dynamic": [PIE_FLAG]}, ElfKind.EXECUTABLE),  # static-pie
        ([CODE], {"dynamic": [DEBUG]}, ElfKind.EXECUTABLE),  # static-pie of an old linker
        ([CODE], {}, ElfKind.EXECUTABLE),  # no dynamic section: no loader would take it
        ([CODE], {"dynamic": [SONAME]}, ElfKind.SHARED_OBJECT),
        ([CODE], {"dynamic": []}, ElfKind.SHARED_OBJECT),
        ([CODE, PATH], {"dynamic": [SONAME]}, ElfKind.SHARED_OBJECT),  # libc.so.6
        ([CODE, (INTERP, R)], {"dynamic": [SONAME]}, ElfKind.SHARED_OBJECT),
        ([PATH], {}, ElfKind.EXECUTABLE),  # all its code is the interpreter's
        ([], {}, None),
        # Separate debug information, as objcopy makes it: what it was cut from left only its headers.
        ([(LOAD, R | X, 0, 100), (INTERP, R, 0, 28), (DYNAMIC, R, 0, 100)], {}, None),
        ([(LOAD, R, 52, 52), (LOAD, R | X, 0, 100, 52), (DYNAMIC, R, 0, 100)], {}, None),
        ([(LOAD, R, 52, 52), (LOAD, R | X, 0, 100, 52)], {"kind": EXECUTABLE}, None),
        # No program: the kernel wants a path, and a NUL at its end.
        ([CODE, (INTERP, R, 1, 1)], {}, None),
        ([CODE, (INTERP, R, 1, 1)], {"dynamic": [PIE_FLAG]}, None),
        ([CODE, (INTERP, R, 1, 1)], {"dynamic": [DEBUG]}, ElfKind.SHARED_OBJECT),  # which glibc does not mind
        ([CODE, (INTERP, R, 5000, 5000)], {}, None),
        ([CODE, (INTERP, R, 4, 4)], {}, None),
        ([CODE, (INTERP, R, 2, 2, 1 << 31)], {}, None),
    ],
)
@pytest.mark.parametrize(("bits", "order"), LAYOUTS)
def test_programs_are_told_from_shared_objects(make_elf, segments, options, kind, bits, order):
    options = {"kind": SHARED_OBJECT, **options}
    assert kind_of(make_elf(segments, bits=bits, order=order, machine=8, **options)) is kind


def test_a_dynamic_section_that_is_mapped_from_nowhere_is_none(make_elf):
    data = make_elf([CODE, (DYNAMIC, R, 1 << 40, 0, (1 << 64) - 1)], kind=SHARED_OBJECT)
    assert kind_of(data) is ElfKind.EXECUTABLE


def test_the_dynamic_section_is_where_memory_has_it_whatever_its_header_says_of_the_file(make_elf):
    data = bytearray(make_elf([CODE], kind=SHARED_OBJECT, dynamic=[SONAME]))
    struct.pack_into("<Q", data, 64 + 2 * 56 + 8, 0)  # p_offset of PT_DYNAMIC
    assert kind_of(bytes(data)) is ElfKind.SHARED_OBJECT


def test_an_interpreter_beyond_where_files_can_end_starts_nothing(make_elf):
    assert kind_of(make_elf([CODE, (INTERP, R, 2, 2, (1 << 64) - 1)], kind=SHARED_OBJECT)) is None


@pytest.mark.parametrize("machine", [8, 21, 22, 183])
def test_what_starts_at_the_magic_does_not_start(make_elf, machine):
    data = bytearray(make_elf([CODE], machine=machine))
    struct.pack_into("<Q", data, 24, 0)
    assert kind_of(bytes(data)) is None


NULL, PROGBITS, NOBITS = (0, 0), (1, 6), (8, 6)
"""Sections: type, and flags of memory with instructions."""


@pytest.mark.parametrize(
    ("sections", "kind"),
    [
        ([], ElfKind.EXECUTABLE),
        ([NULL, PROGBITS], ElfKind.EXECUTABLE),
        ([NULL, PROGBITS, NOBITS], ElfKind.EXECUTABLE),
        ([NULL, (1, 2), (8, 3)], ElfKind.EXECUTABLE),  # no section has instructions
        ([NULL, NOBITS], None),
        ([NULL, (7, 2), NOBITS, (8, 3), NOBITS, (1, 0)], None),  # eu-strip
    ],
)
@pytest.mark.parametrize(("bits", "order"), LAYOUTS)
def test_debug_information_says_in_its_sections_that_its_code_is_elsewhere(make_elf, bits, order, sections, kind):
    assert kind_of(make_elf([CODE], bits=bits, order=order, machine=8, sections=sections)) is kind


@pytest.mark.parametrize("place", [1 << 40, (1 << 64) - 1])
def test_sections_beyond_the_end_say_nothing(make_elf, place):
    data = bytearray(make_elf([CODE], sections=[NULL, NOBITS]))
    struct.pack_into("<Q", data, 40, place)
    assert kind_of(bytes(data)) is ElfKind.EXECUTABLE


def test_sections_of_a_foreign_size_say_nothing(make_elf):
    data = bytearray(make_elf([CODE], sections=[NULL, NOBITS]))
    struct.pack_into("<H", data, 58, 40)
    assert kind_of(bytes(data)) is ElfKind.EXECUTABLE
