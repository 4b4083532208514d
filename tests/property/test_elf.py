"""Any bytes give a value or a ``ParseError``, after a bounded number of bounded reads."""

import struct
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from javert.errors import ParseError
from javert.formats import elf
from javert.model.telemetry import ElfKind

LOAD, DYNAMIC, INTERP, STACK = 1, 2, 3, 0x6474E551
MOST_BYTES = 65535 * (56 + 64) + 64 * 1024 + 4096
"""As many program headers and sections as can be counted, a dynamic section and the path of an interpreter."""

LAYOUTS = st.tuples(st.sampled_from([32, 64]), st.sampled_from(["little", "big"]))
MACHINES = st.sampled_from([3, 6, 8, 21, 22, 40, 62, 183, 243, 4711])


def parses_or_refuses(data: bytes) -> None:
    """Also: no read at a place no file can have, nor more reads or bytes than headers may take."""
    asked = []

    def read(offset: int, length: int) -> bytes:
        assert 0 <= offset <= 1 << 62
        assert length >= 0
        asked.append(length)
        return data[offset : offset + length]

    try:
        image = elf.read_image(data[: elf.HEAD_SIZE], read)
        if image is not None:
            assert elf.kind_of(image, read) in (*ElfKind, None)
            assert elf.has_interpreter(image) in (True, False)
    except ParseError:
        pass
    assert len(asked) <= 4
    assert sum(asked) <= MOST_BYTES


@given(st.binary(max_size=300))
@example(b"\x7fELF")
def test_any_bytes_give_a_value_or_a_parse_error(data):
    parses_or_refuses(data)


@given(st.binary(max_size=300))
def test_any_bytes_behind_the_magic_give_a_value_or_a_parse_error(data):
    parses_or_refuses(elf.MAGIC + data)


numbers = st.one_of(
    st.integers(0, 2000),
    st.sampled_from([1 << 31, (1 << 32) - 1, 1 << 62, (1 << 62) + 1, (1 << 63) - 1, 1 << 63, (1 << 64) - 1]),
    st.integers(0, (1 << 64) - 1),
)
kinds = st.sampled_from([0, LOAD, LOAD, DYNAMIC, INTERP, 6, STACK, 0x6474E553])


@st.composite
def lying_files(draw):
    """Headers whose every number is anything: tables within tables, segments beyond the end, one over the other."""
    bits, order = draw(LAYOUTS)
    wide, mark = bits == 64, "<" if order == "little" else ">"
    word = (1 << bits) - 1
    size, entry = (64, 56) if wide else (52, 32)
    places = st.one_of(st.integers(0, 700), numbers)
    segments = draw(st.lists(st.tuples(kinds, st.integers(0, 7), places, places, numbers, numbers), max_size=12))
    if draw(st.booleans()):
        # A dynamic section that a segment maps, from anywhere in the file.
        address, length = draw(st.integers(0, 700)), draw(numbers)
        segments.append((LOAD, 6, draw(places), address, draw(numbers), draw(numbers)))
        segments.append((DYNAMIC, 6, draw(places), address, length, length))
    table = b"".join(
        struct.pack(mark + "2I6Q", kind, flags, at, address, 0, in_file, in_memory, 1)
        if wide
        else struct.pack(
            mark + "8I", kind, at & word, address & word, 0, in_file & word, in_memory & word, flags, 1
        )
        for kind, flags, at, address, in_file, in_memory in segments
    )
    identity = bytes([draw(st.integers(0, 3)), draw(st.integers(0, 3)), 1]) + bytes(9)
    if draw(st.booleans()):
        identity = bytes([2 if wide else 1, 1 if order == "little" else 2, 1]) + bytes(9)
    table_at = draw(st.sampled_from([size, size, size, 0, 4, 16, size - 1, size + 500]) | numbers) & word
    head = elf.MAGIC + identity + struct.pack(mark + "HHI", draw(st.sampled_from([2, 3])), draw(MACHINES), 1)
    head += struct.pack(mark + ("3Q" if wide else "3I"), draw(places) & word, table_at, draw(places) & word)
    count = draw(
        st.sampled_from([len(segments), len(segments), len(segments) + 1, 0xFFFF]) | st.integers(0, 0xFFFF)
    )
    entry_size = draw(st.sampled_from([entry] * 8 + [0, 32, 56, 0xFFFF]))
    section_size = draw(st.sampled_from([40, 64]))
    head += struct.pack(mark + "I6H", 0, size, entry_size, count, section_size, draw(st.integers(0, 0xFFFF)), 0)
    return (head + table + draw(st.binary(max_size=200)))[: draw(st.integers(40, 1200))]


@given(lying_files())
def test_lying_and_overlapping_headers_give_a_value_or_a_parse_error(data):
    parses_or_refuses(data)


@pytest.mark.parametrize("place", [200, 1 << 40, 1 << 62, (1 << 62) + 1, 1 << 63, (1 << 64) - 200])
@pytest.mark.parametrize("size", [1, 100, 1 << 20, 1 << 63])
@pytest.mark.parametrize("kind", [DYNAMIC, INTERP])
def test_sections_of_any_size_and_from_anywhere_give_a_value_or_a_parse_error(make_elf, kind, size, place):
    parses_or_refuses(make_elf([(LOAD, 6, 1 << 63, 1 << 63, place), (kind, 6, size, size, place)], kind=3))


@pytest.fixture(scope="module")
def real_programs():
    """The Python that runs this, and a library it has mapped."""
    mapped = {line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if "/libc" in line}
    return [Path(path).read_bytes() for path in (sys.executable, *sorted(mapped)[:1])]


@given(
    which=st.integers(0, 1),
    damage=st.lists(st.tuples(st.integers(0, 900), st.integers(0, 255)), max_size=8),
    cut=st.none() | st.integers(0, 5000),
)
def test_damaged_and_truncated_programs_give_a_value_or_a_parse_error(real_programs, which, damage, cut):
    data = bytearray(real_programs[which % len(real_programs)])
    for place, value in damage:
        data[place] = value
    parses_or_refuses(bytes(data[:cut]))


def test_every_truncation_of_a_program_gives_a_value_or_a_parse_error(real_programs):
    for size in range(2000):
        parses_or_refuses(real_programs[0][:size])


@pytest.mark.parametrize(
    "segment", [(LOAD, 7, 1, 1), (LOAD, 5, 0, 1), (STACK, 7), (DYNAMIC, 7, 100, 100), (INTERP,)]
)
@pytest.mark.parametrize(("bits", "order"), [(32, "little"), (32, "big"), (64, "little"), (64, "big")])
def test_as_many_headers_as_can_be_are_read_in_one_go(make_elf, bits, order, segment):
    parses_or_refuses(make_elf([segment] * 0xFFFF, bits=bits, order=order, machine=8, kind=3))


segments = st.lists(
    st.tuples(
        st.sampled_from([0, LOAD, DYNAMIC, INTERP, 6, STACK]),
        st.integers(0, 7),
        st.integers(0, (1 << 32) - 1),
        st.integers(0, (1 << 32) - 1),
        st.integers(0, (1 << 32) - 1),
    ),
    max_size=20,
)


@given(segments=segments, layout=LAYOUTS)
def test_what_was_written_is_what_is_read(make_elf, segments, layout):
    bits, order = layout
    data = make_elf(segments, bits=bits, order=order, machine=8)
    image = elf.read_image(data, lambda offset, length: data[offset : offset + length])
    stacks = [flags for kind, flags, *_ in segments if kind == STACK]
    expected = "missing" if not stacks else "executable" if stacks[-1] & 1 else "non-executable"
    assert image is not None
    assert image.stack == expected
    assert image.writable_executable == any(
        kind == LOAD and flags & 3 == 3 and (in_file or in_memory)
        for kind, flags, in_file, in_memory, _ in segments
    )
    assert elf.has_interpreter(image) == any(kind == INTERP for kind, *_ in segments)
