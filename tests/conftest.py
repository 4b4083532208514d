"""Fixtures for the whole suite; each is a function that makes one kind of test material."""

import struct
from collections.abc import Callable, Sequence
from typing import NamedTuple

import pytest

PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_GNU_STACK = 1, 2, 3, 0x6474E551
R, W, X = 4, 2, 1


class Segment(NamedTuple):
    """A program header: type, flags, sizes in the file and in memory, offset in the file."""

    kind: int
    flags: int = R
    in_file: int = 0
    in_memory: int = 0
    offset: int = 0


def elf_bytes(
    segments: Sequence[Segment] = (),
    *,
    kind: int = 2,
    machine: int = 62,
    bits: int = 64,
    order: str = "little",
    dynamic: Sequence[tuple[int, int]] | None = None,
    table_at: int | None = None,
    count: int | None = None,
    section_info: int | None = None,
) -> bytes:
    """The headers of an ELF file. ``dynamic`` adds a PT_DYNAMIC with these tags; ``count`` is a false e_phnum."""
    mark = "<" if order == "little" else ">"
    wide = bits == 64
    size, entry = (64, 56) if wide else (52, 32)
    table_at = size if table_at is None else table_at
    segments = list(segments)
    body = b""
    end = table_at + entry * (len(segments) + (dynamic is not None))
    if dynamic is not None:
        body = b"".join(struct.pack(mark + ("qQ" if wide else "iI"), *pair) for pair in [*dynamic, (0, 0)])
        segments.append(Segment(PT_DYNAMIC, R | W, len(body), len(body), end))
    section_at = end + len(body) if section_info is not None else 0
    head = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "little" else 2, 1]) + bytes(9)
    head += struct.pack(mark + "HHI", kind, machine, 1)
    head += struct.pack(mark + ("QQQ" if wide else "III"), 0x1000, table_at, section_at)
    head += struct.pack(mark + "IHHHHHH", 0, size, entry, len(segments) if count is None else count, 64, 0, 0)
    table = b"".join(
        struct.pack(mark + "2I6Q", s.kind, s.flags, s.offset, 0, 0, s.in_file, s.in_memory, 0)
        if wide
        else struct.pack(mark + "8I", s.kind, s.offset, 0, 0, s.in_file, s.in_memory, s.flags, 0)
        for s in segments
    )
    section = b""
    if section_info is not None:
        section = bytes(44 if wide else 28) + struct.pack(mark + "I", section_info) + bytes(16 if wide else 8)
    return head + bytes(table_at - len(head)) + table + body + section


@pytest.fixture(scope="session")
def make_elf() -> Callable[..., bytes]:
    """``make_elf([(kind, flags, in_file, in_memory, offset), …], bits=…, order=…, …)``: see ``elf_bytes``."""

    def make(segments: Sequence[Sequence[int]] = (), **options: object) -> bytes:
        return elf_bytes([Segment(*each) for each in segments], **options)  # type: ignore[arg-type]

    return make
