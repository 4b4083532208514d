"""Programs and shared objects with random headers: what the kernel and glibc make of them, and what Javert says."""

import os
import random
import struct
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.oracle.dep.programs import LOADER, judged, load_each

from javert.model.telemetry import ElfKind
from javert.rules.stack_protection import SEGMENT

PT_NULL, PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_NOTE = 0, 1, 2, 3, 4
PT_GNU_EH_FRAME, PT_GNU_STACK, PT_GNU_PROPERTY = 0x6474E550, 0x6474E551, 0x6474E553

BARE_PROGRAM = """
#ifdef __x86_64__
enum { READ = 0, WRITE = 1, OPEN = 2, EXIT = 60, PERSONALITY = 135 };
static long call(long number, long a, long b, long c)
{
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}
#else
enum { READ = 3, WRITE = 4, OPEN = 5, EXIT = 1, PERSONALITY = 136 };
static long call(long number, long a, long b, long c)
{
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory");
    return result;
}
#endif
void _start(void)
{
    char path[] = "/proc/self/maps", buffer[1024];
    long maps = call(OPEN, (long)path, 0, 0), size;
    while ((size = call(READ, maps, (long)buffer, sizeof buffer)) > 0)
        call(WRITE, 1, (long)buffer, size);
    call(EXIT, call(PERSONALITY, 0xffffffff, 0, 0) & 0x0400000 /* READ_IMPLIES_EXEC */ ? 1 : 0, 0, 0);
}
"""

LIBRARY = "int answer(void) { return 42; }"

BARE = ("-Os", "-nostdlib", "-ffreestanding", "-fno-stack-protector", "-fcf-protection=none", "-Wl,--build-id=none")
PROGRAMS = {"fixed": ("-static", "-no-pie"), "position-independent": ("-static-pie", "-fPIE")}


class Header(NamedTuple):
    kind: int
    flags: int = 0
    offset: int = 0
    address: int = 0
    in_file: int = 0
    in_memory: int = 0
    alignment: int = 8


class Layout(NamedTuple):
    """Of little-endian files of one class."""

    header: struct.Struct
    word: struct.Struct
    entry_at: int
    table_at: int
    sections_at: int
    sizes_at: int

    def pack(self, header: Header) -> bytes:
        kind, flags, offset, address, in_file, in_memory, alignment = header
        if self.word.size == 8:
            return self.header.pack(kind, flags, offset, address, address, in_file, in_memory, alignment)
        return self.header.pack(kind, offset, address, address, in_file, in_memory, flags, alignment)

    def unpack(self, data: bytes) -> list[Header]:
        (table,) = self.word.unpack_from(data, self.table_at)
        (count,) = struct.unpack_from("<H", data, self.sizes_at + 4)
        found = []
        for fields in self.header.iter_unpack(data[table : table + count * self.header.size]):
            if self.word.size == 8:
                kind, flags, offset, address, _, in_file, in_memory, alignment = fields
            else:
                kind, offset, address, _, in_file, in_memory, flags, alignment = fields
            found.append(Header(kind, flags, offset, address, in_file, in_memory, alignment))
        return found


LAYOUTS = {
    64: Layout(struct.Struct("<2I6Q"), struct.Struct("<Q"), 24, 32, 40, 52),
    32: Layout(struct.Struct("<8I"), struct.Struct("<I"), 24, 28, 32, 40),
}


def build(directory: Path, source: str, *options: str) -> Path:
    target = directory / f"built{len(list(directory.iterdir()))}"
    command = ["gcc", "-w", "-x", "c", "-", "-o", str(target), *options]
    subprocess.run(command, input=source, text=True, check=True, capture_output=True)
    return target


def random_headers(rng: random.Random, base: list[Header]) -> list[Header]:
    """The headers an image cannot do without, some of them changed, among others of any kind and number."""
    table = [
        header._replace(flags=header.flags | rng.choice((1, 2, 3)))
        if header.kind == PT_LOAD and rng.random() < 0.08
        else header
        for header in base
    ]
    last = max(i for i, header in enumerate(table) if header.kind == PT_LOAD)
    if rng.random() < 0.1:
        table[last] = table[last]._replace(in_memory=table[last].in_memory + rng.choice((1, 100, 4096, 9000)))
    end = max(header.address + header.in_memory for header in table) + 0xFFFF & ~0xFFF
    for _ in range(rng.choice((0, 0, 0, 1, 1, 2))):
        end += rng.choice((0x1000, 0x7000, 0x10000))
        in_file = rng.choice((0, 0, 8))
        offset = rng.choice((0, 0, 1, 0x123))
        start = end + offset if in_file else end + rng.choice((0, 0, 0x10))
        in_memory = rng.choice((0, 1, 8, 0x1000, 0x2345, 100_000))
        alignment = rng.choice((0, 1, 0x1000, 0x1000, 0x1000))
        table.append(Header(PT_LOAD, rng.randrange(8), offset, start, in_file, in_memory, alignment))
        end += 0x20000

    def put(header: Header) -> None:
        table.insert(rng.randrange(len(table) + 1), header)

    for _ in range(rng.choice((0, 0, 1, 1, 1, 2, 2, 3))):
        flags = rng.choice((0, 1, 6, 6, 6, 7, 7, 0xFFFFFFFE, 0xFFFFFFFF))
        put(Header(PT_GNU_STACK, flags, rng.choice((0, 1 << 31)), 0, rng.choice((0, 5)), rng.choice((0, 1 << 20))))
    for _ in range(rng.choice((0, 1, 3))):
        kind = rng.choice((PT_NULL, PT_NOTE, 6, PT_GNU_EH_FRAME, PT_GNU_PROPERTY, 0x70000000, 0x12345))
        put(Header(kind, rng.randrange(8), rng.choice((0, 1 << 31)), 0, rng.choice((0, 8, 1 << 20))))
    if rng.random() < 0.05:
        table += [Header(PT_NULL)] * rng.choice((20, 1000, 1170 - len(table), 1171 - len(table), 2048, 3000))
    return table


def image(rng: random.Random, base: bytes, bits: int, interpreter: Path | None) -> tuple[bytes, list[Header]]:
    """One image with random headers, and with random bytes where nobody looks or may look."""
    layout = LAYOUTS[bits]
    data = bytearray(base)
    table = [header for header in layout.unpack(base) if header.kind in (PT_LOAD, PT_DYNAMIC)]
    table = random_headers(rng, table)
    if interpreter is not None and rng.random() < 0.2:
        path = os.fsencode(interpreter) + b"\0"
        size = len(path) if rng.random() < 0.9 else rng.choice((0, 1, len(path) - 1))
        if rng.random() < 0.3:
            table = [header for header in table if header.kind != PT_LOAD]
        place = len(data) if rng.random() < 0.95 else 1 << 20
        table.insert(rng.randrange(len(table) + 1), Header(PT_INTERP, 4, place, 0, size, size))
        data += path
        layout.word.pack_into(data, layout.entry_at, rng.choice((0, 1, 0x10000000)))
    data += bytes(rng.choice((0, 0, 0, 1, 7, 5000)))
    layout.word.pack_into(data, layout.table_at, len(data))
    struct.pack_into("<H", data, layout.sizes_at + 4, len(table))
    data += b"".join(layout.pack(header) for header in table)
    if rng.random() < 0.05:
        del data[-rng.choice((1, 8, 60)) :]
    if rng.random() < 0.3:
        data[4:16] = rng.randbytes(12)
    if rng.random() < 0.1:
        data[20:24] = rng.randbytes(4)
    if rng.random() < 0.2:
        layout.word.pack_into(data, layout.sections_at, rng.choice((0, 1, 1 << 31)))
    if rng.random() < 0.1:
        struct.pack_into("<H", data, layout.sizes_at, rng.choice((0, 1, 0xFFFF)))
    if rng.random() < 0.03:
        struct.pack_into("<H", data, layout.sizes_at + 2, rng.choice((0, 32, 56, 64)))
    if rng.random() < 0.1:
        struct.pack_into("<3H", data, layout.sizes_at + 6, 0, 0xFFFF, 0xFFFF)
    if bits == 32 and rng.random() < 0.1:
        struct.pack_into("<H", data, 18, 6)
    return bytes(data), table


class Verdict(NamedTuple):
    """Javert's, on one image. ``kind`` is "" where nothing would run or load it."""

    kind: str
    reasons: tuple[str, ...] = ()
    kernel_executable: bool = False
    loadable: bool = True


def verdict(data: bytes) -> Verdict:
    found = judged(data)
    if found is None:
        return Verdict("")
    file, said = found
    assert said is not None, file.machine
    return Verdict(file.kind.value, *said)


def kernel(count: int, seed: int, directory: Path) -> Iterator[dict[str, object]]:
    """Start each program, and compare its own look at its memory with the verdict."""
    rng = random.Random(seed)
    bases = {
        (bits, kind): build(directory, BARE_PROGRAM, f"-m{bits}", *BARE, *options)
        for bits in LAYOUTS
        for kind, options in PROGRAMS.items()
    }
    totals: Counter[str] = Counter()
    path = directory / "image"
    for number in range(count):
        bits, kind = rng.choice(list(bases))
        data, table = image(rng, bases[bits, kind].read_bytes(), bits, bases[bits, "position-independent"])
        path.unlink(missing_ok=True)
        path.write_bytes(data)
        path.chmod(0o755)
        said = verdict(data)
        try:
            done = subprocess.run([path], capture_output=True, text=True, timeout=20, check=False)
        except OSError:
            totals[f"{bits} refused"] += 1
            continue
        if done.returncode not in (0, 1):
            totals[f"{bits} died"] += 1
            continue
        stack, segment = memory(done.stdout)
        everything = done.returncode == 1  # READ_IMPLIES_EXEC: what segments say no longer matters
        totals[f"{bits} ran"] += 1
        totals["executable stacks"] += stack
        totals["writable executable segments"] += segment
        same = said.kind and said.kernel_executable == stack and bool(said.reasons) == (stack or segment)
        if not same or (not everything and (SEGMENT in said.reasons) != segment):
            yield {"image": number, "bits": bits, "saw": (stack, segment), "said": said, "headers": table[:20]}
    yield dict(totals)


def memory(maps: str) -> tuple[bool, bool]:
    """Whether the stack is executable, and whether other memory is writable and executable."""
    stack = segment = False
    for line in maps.splitlines():
        permissions, name = line.split()[1], line.split()[-1]
        if name == "[stack]":
            stack = "x" in permissions
        else:
            segment |= "w" in permissions and "x" in permissions
    return stack, segment


def loader(count: int, seed: int, directory: Path, root: Path | None = None) -> Iterator[dict[str, object]]:
    """Load each shared object into a program of its own, and compare that program's memory with the verdict.

    With the C library of this host, or of the system below ``root``.
    """
    rng = random.Random(seed)
    totals: Counter[str] = Counter()
    for bits in LAYOUTS:
        base = build(directory, LIBRARY, f"-m{bits}", "-shared", "-fPIC", *BARE, "-Wl,-soname,libanswer.so")
        program = build(directory, LOADER, f"-m{bits}")
        images = [image(rng, base.read_bytes(), bits, None) for _ in range(count // len(LAYOUTS))]
        for number, (data, _) in enumerate(images):
            (directory / f"{bits}-{number}.so").write_bytes(data)
        paths = [directory / f"{bits}-{number}.so" for number in range(len(images))]
        for number, (line, (data, table)) in enumerate(zip(load_each(program, paths, root), images, strict=True)):
            said = verdict(data)
            happened, *numbers = line.split()
            refused_stack = "cannot enable executable stack" in line
            totals[f"{bits} {happened}"] += 1
            totals["refused for its stack"] += refused_stack
            same = True
            if happened == "loaded":
                stack, segment = (one == "1" for one in numbers)
                totals["executable stacks"] += stack
                totals["writable executable segments"] += segment
                same = said.kind == ElfKind.SHARED_OBJECT and (SEGMENT in said.reasons) == segment
                same &= said.loadable == (not stack) and bool(said.reasons) == (stack or segment)
            elif refused_stack:
                same = said.kind == ElfKind.SHARED_OBJECT and not said.loadable
            if not same:
                yield {"image": number, "bits": bits, "saw": line, "said": said, "headers": table[:20]}
    yield dict(totals)
