"""What objects ask of the loader, compared with pyelftools on real ones, and damaged ones."""

from pathlib import Path

import pytest
from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.enums import ENUM_E_MACHINE
from hypothesis import given, settings
from hypothesis import strategies as st

from javert.errors import NeedsMoreData, ParseError
from javert.formats.elf_dynamic import Dependencies, read_dependencies


def of(data: bytes) -> Dependencies:
    return read_dependencies(lambda offset, size: data[offset : offset + size])


def by_pyelftools(path: Path) -> Dependencies:
    with path.open("rb") as stream:
        elf = ELFFile(stream)
        interpreter = next((s.get_interp_name() for s in elf.iter_segments("PT_INTERP")), "")
        tags = [tag for segment in elf.iter_segments("PT_DYNAMIC") for tag in segment.iter_tags()]
    return Dependencies(
        interpreter=interpreter,
        needed=tuple(tag.needed for tag in tags if tag.entry.d_tag == "DT_NEEDED"),
        name=next((tag.soname for tag in tags if tag.entry.d_tag == "DT_SONAME"), ""),
        rpath=tuple(path for tag in tags if tag.entry.d_tag == "DT_RPATH" for path in tag.rpath.split(":")),
        runpath=tuple(path for tag in tags if tag.entry.d_tag == "DT_RUNPATH" for path in tag.runpath.split(":")),
        machine=elf["e_machine"] if isinstance(elf["e_machine"], int) else ENUM_E_MACHINE[elf["e_machine"]],
        wide=elf.elfclass == 64,
    )


def begins(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(4)


def objects() -> list[Path]:
    """Some of every kind this machine has: programs, libraries, 32 bits, with and without a RUNPATH."""
    places = ["/usr/bin", "/usr/lib/x86_64-linux-gnu", "/usr/lib32", "/usr/libx32", "/usr/lib/systemd", "/usr/sbin"]
    found = []
    for place in places:
        files = [path for path in sorted(Path(place).glob("*")) if path.is_file() and not path.is_symlink()]
        found += [path for path in files if begins(path) == b"\x7fELF"][:40]
    return found


def test_real_objects_are_read_as_pyelftools_reads_them():
    compared = 0
    for path in objects():
        try:
            expected = by_pyelftools(path)
        except ELFError:
            continue
        assert of(path.read_bytes()) == expected, path
        compared += 1
    assert compared > 50


def test_the_programs_interpreter_and_needs():
    found = of(Path("/bin/sh").read_bytes())
    assert found.interpreter.startswith("/lib")
    assert "libc.so.6" in found.needed


def test_an_rpath_does_not_count_beside_a_runpath():
    assert Dependencies(rpath=("/a", "/b/")).search == ("/a", "/b/")
    assert Dependencies(rpath=("/a",), runpath=("/b",)).search == ("/b",)


def test_what_is_no_elf_object_is_refused():
    with pytest.raises(ParseError, match="no ELF object"):
        of(b"#!/bin/sh\nexit 0\n # and more")


@pytest.mark.parametrize("length", [0, 15, 40, 63, 64, 400, 900])
def test_a_cut_object_needs_more(length):
    with pytest.raises(NeedsMoreData):
        of(Path("/bin/sh").read_bytes()[:length])


HEAD = Path("/bin/sh").read_bytes()


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=12))
def test_damage_gives_dependencies_or_a_parse_error(damage):
    data = bytearray(HEAD)
    for place, value in damage:
        data[place] = value
    try:
        found = of(bytes(data))
    except ParseError:
        return
    assert all("\0" not in name for name in found.needed)


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda rest: b"\x7fELF\2\1" + rest))
def test_any_bytes_give_dependencies_or_a_parse_error(data):
    try:
        of(data)
    except ParseError:
        return
    assert data[:4] == b"\x7fELF"


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("entry_size", [0, 57, 4096, 65535])
def test_program_headers_of_another_size_are_refused_unread(make_elf, bits, entry_size):
    """Found by the fuzzer: 1,024 headers of 64 KiB each would be read at once."""
    image = bytearray(make_elf([(1, 5, 64, 64, 0)], bits=bits, count=1024))
    at = 54 if bits == 64 else 42
    image[at : at + 2] = entry_size.to_bytes(2, "little")
    asked = []

    def read(offset: int, size: int) -> bytes:
        asked.append(size)
        return bytes(image[offset : offset + size])

    with pytest.raises(ParseError, match="damaged"):
        read_dependencies(read)
    assert sum(asked) <= 64
