"""readelf, pyelftools, scanelf and checksec over every executable and shared object of this host, beside Javert.

Where they differ a row of ``ROWS`` says why. A difference that no row explains is a failure; so is a row that
explains nothing, for which there are planted files that show each of them. checksec starts dozens of programs a
file: it is asked about as many files as ``CHECKSEC_S`` allows, the suspicious ones first, and its answers must be
those that follow from the headers by its own rule, by which it is known what it says of all others.
"""

import csv
import os
import platform
import random
import re
import struct
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from elftools.common.exceptions import ELFError, ELFParseError
from elftools.elf.elffile import ELFFile
from tests.oracle.dep.programs import LIBRARY, PROGRAM, PT_GNU_STACK, RW, RWX, headers, patch, recorded

from javert.errors import ParseError
from javert.formats import elf
from javert.model.telemetry import ElfFile, ElfKind, StackHeader
from javert.rules.stack_protection import SEGMENT, Judgement, judge
from javert.sensors.linux.file_walk import Walk

pytestmark = [
    pytest.mark.slow,
    pytest.mark.serial,
    pytest.mark.skipif(platform.machine() != "x86_64", reason="plants x86 programs"),
]

CHECKSEC_S = float(os.environ.get("JAVERT_CHECKSEC_S", "20"))
ROOT = os.environ.get("JAVERT_HOST_ROOT", "/")
BATCH = 200
ENGLISH = {**os.environ, "LC_ALL": "C"}
ET_REL, PN_XNUM = 1, 0xFFFF
EXECUTABLE, PROTECTED, NOT_JUDGED, NOTHING = "executable", "protected", "not judged", "nothing that runs"


class Ours(NamedTuple):
    """What Javert makes of a file."""

    path: str
    type: int
    count: int
    lies: bool
    image: elf.ElfImage | None
    file: ElfFile | None
    verdict: Judgement | None

    @property
    def stack(self) -> str:
        if self.file is None:
            return NOTHING
        if self.verdict is None:
            return NOT_JUDGED
        return EXECUTABLE if any(reason != SEGMENT for reason in self.verdict.reasons) else PROTECTED

    @property
    def segment(self) -> bool | None:
        return self.file.writable_executable if self.file else None

    @property
    def header(self) -> StackHeader | None:
        return self.file.stack if self.file else None

    @property
    def kind(self) -> ElfKind | None:
        return self.file.kind if self.file else None


class Theirs(NamedTuple):
    """What a reader prints of a file: flags of its PT_GNU_STACK headers, and of its PT_LOAD headers."""

    stacks: tuple[str, ...]
    loads: tuple[str, ...]
    kind: ElfKind | None = None

    @property
    def header(self) -> StackHeader:
        if not self.stacks:
            return StackHeader.MISSING
        return StackHeader.EXECUTABLE if "E" in self.stacks[-1] else StackHeader.NON_EXECUTABLE

    @property
    def segment(self) -> bool:
        return any("W" in flags and "E" in flags for flags in self.loads)


class Row(NamedTuple):
    """Why some tools differ from Javert in some respects."""

    reason: str
    tools: tuple[str, ...]
    respects: tuple[str, ...]
    explains: Callable[[Ours, object], bool]


EVERY = ("readelf", "pyelftools", "scanelf", "checksec")
ALL = ("header", "segment", "kind", "stack")
ROWS = (
    Row("object files are linked before they run", EVERY, ALL, lambda ours, _: ours.type == ET_REL),
    Row(
        "neither the kernel nor glibc takes a file with damaged headers",
        EVERY,
        ALL,
        lambda ours, _: ours.image is None and ours.type != ET_REL,
    ),
    Row(
        "separate debug information does not run",
        EVERY,
        ALL,
        lambda ours, _: ours.image is not None and ours.file is None,
    ),
    Row(
        "machines outside the table are not judged",
        ("scanelf", "checksec"),
        ("stack",),
        lambda ours, _: ours.stack == NOT_JUDGED,
    ),
    Row(
        "neither the kernel nor glibc knows PN_XNUM",
        ("readelf", "pyelftools", "checksec"),
        ALL,
        lambda ours, _: ours.count == PN_XNUM,
    ),
    Row("on x86 the kernel does not look at class and byte order", EVERY, ALL, lambda ours, _: ours.lies),
    Row(
        "the kernel makes executable memory beyond the file writable",
        ("readelf", "pyelftools", "scanelf"),
        ("segment",),
        lambda ours, theirs: ours.segment is True and theirs is False and ours.image.executable_zero_fill,
    ),
    Row(
        "linkers did not always mark position-independent programs with DF_1_PIE",
        ("readelf",),
        ("kind",),
        lambda ours, theirs: (ours.kind, theirs) == (ElfKind.EXECUTABLE, ElfKind.SHARED_OBJECT),
    ),
    Row(
        "scanelf is silent about a missing header, which the kernel or glibc may take for an executable stack",
        ("scanelf",),
        ("stack",),
        lambda ours, theirs: ours.header is StackHeader.MISSING and theirs == PROTECTED,
    ),
    Row(
        "checksec takes a missing header for an executable stack on every machine and kernel",
        ("checksec",),
        ("stack",),
        lambda ours, theirs: ours.header is StackHeader.MISSING and theirs == EXECUTABLE,
    ),
    Row(
        "checksec looks for the execute flag in any header; the last one counts",
        ("checksec",),
        ("stack",),
        lambda ours, theirs: (ours.header, theirs) == (StackHeader.NON_EXECUTABLE, EXECUTABLE),
    ),
)


# ------------------------------------------------------------------ Javert


def examined(path: str) -> Ours | None:
    """None for what does not begin like ELF, or is gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        head = os.pread(descriptor, elf.HEAD_SIZE, 0)
        if not head.startswith(elf.MAGIC) or len(head) < 64:
            return None

        def read(offset: int, length: int) -> bytes:
            return os.pread(descriptor, length, offset)

        little = head[5] != 2 or head[18:20] in (b"\x03\0", b"\x06\0", b"\x3e\0")
        kind, machine = struct.unpack_from("<HH" if little else ">HH", head, 16)
        try:
            image = elf.read_image(head, read)
            file = recorded(image, read) if image else None
        except ParseError:
            image = file = None
        wide = image is not None and image.bits == 64
        (count,) = struct.unpack_from("<H" if little else ">H", head, 56 if wide else 44)
        lies = machine in (3, 6, 62) and head[4:6] != (b"\2\1" if wide else b"\1\1")
        kernel, libc = os.uname().release, " ".join(platform.libc_ver())
        verdict = judge(file, kernel=kernel, libc=libc) if file else None
        return Ours(path, kind, count, lies, image, file, verdict)
    finally:
        os.close(descriptor)


# ------------------------------------------------------------------ the others


def by_readelf(paths: Sequence[str]) -> Iterator[tuple[str, Theirs]]:
    # Another file beside them, because it names the file only where there are several.
    command = ["readelf", "--wide", "--file-header", "--program-headers", *paths, os.devnull]
    said = subprocess.run(
        command, capture_output=True, text=True, errors="surrogateescape", check=False, env=ENGLISH
    ).stdout
    sections = re.split(r"^File: ", said, flags=re.MULTILINE)[1:]
    for section in sections:
        path, _, text = section.partition("\n")
        stacks = re.findall(r"^  GNU_STACK +(?:0x\w+ +){5}([RWE ]{3}) ", text, re.MULTILINE)
        loads = re.findall(r"^  LOAD +(?:0x\w+ +){5}([RWE ]{3}) ", text, re.MULTILINE)
        kind = re.search(r"^  Type: +(.*)", text, re.MULTILINE)
        program = kind and ("EXEC" in kind[1] or "Position-Independent" in kind[1])
        shared = kind and "DYN" in kind[1]
        what = ElfKind.EXECUTABLE if program else ElfKind.SHARED_OBJECT if shared else None
        yield path, Theirs(tuple(stacks), tuple(loads), what)


def by_pyelftools(path: str) -> Theirs:
    found: dict[str, list[str]] = {"PT_GNU_STACK": [], "PT_LOAD": []}
    try:
        with Path(path).open("rb") as file:
            for segment in ELFFile(file).iter_segments():
                flags = segment["p_flags"]
                text = "".join(letter for bit, letter in ((4, "R"), (2, "W"), (1, "E")) if flags & bit)
                found.get(segment["p_type"], []).append(text)
    except (ELFError, ELFParseError, FileNotFoundError):
        pass
    return Theirs(tuple(found["PT_GNU_STACK"]), tuple(found["PT_LOAD"]))


def by_scanelf(paths: Sequence[str]) -> Iterator[tuple[str, str, bool]]:
    """Path, its verdict on the stack, and whether a segment is writable and executable."""
    command = ["scanelf", "--nobanner", "--nocolor", "--format", "%e|%F", *paths]
    said = subprocess.run(
        command, capture_output=True, text=True, errors="surrogateescape", check=False, env=ENGLISH
    ).stdout
    for line in said.splitlines():
        flags, separator, path = line.partition("|")
        if separator and len(words := flags.split()) == 3:
            yield path, EXECUTABLE if "X" in words[0] else PROTECTED, "W" in words[2] and "X" in words[2]


def by_checksec(path: str) -> str:
    command = ["checksec", f"--file={path}", "--output=csv"]
    said = subprocess.run(
        command, capture_output=True, text=True, errors="replace", check=False, env=ENGLISH
    ).stdout
    (row,) = list(csv.reader(said.strip().splitlines()))[-1:]
    return EXECUTABLE if "NX disabled" in row else PROTECTED if "NX enabled" in row else f"? {row}"


def rule_of_checksec(reading: Theirs) -> str:
    """As its function ``filecheck`` has it: whether a PT_GNU_STACK is there, and "RWE" in none of them."""
    return PROTECTED if reading.stacks and not any(flags == "RWE" for flags in reading.stacks) else EXECUTABLE


# ------------------------------------------------------------------ files


def host_files() -> list[str]:
    """What the scan would open below the root of this host; names that confuse the others' output left out."""
    walk = Walk(
        boundaries=frozenset(f"/{name}" for name in ("proc", "sys", "dev", "run", "tmp")),
        stopped=lambda: False,
        unreadable=lambda _path, _error: None,
    )
    return [candidate.path for candidate in walk.tree(ROOT) if not re.search(r"[\n|,]", candidate.path)]


def changed(source: Path, target: Path, *edits: tuple[str, int, int]) -> Path:
    """A copy with other numbers at some places."""
    data = bytearray(source.read_bytes())
    for form, place, value in edits:
        struct.pack_into(form, data, place, value)
    target.write_bytes(data)
    target.chmod(0o755)
    return target


@pytest.fixture(scope="module")
def planted(compile_c, tmp_path_factory):
    """One file for each row at least."""
    place = tmp_path_factory.mktemp("planted")
    program = compile_c(PROGRAM, "-w")
    library = compile_c(LIBRARY, "-shared", "-fPIC", "-Wl,-soname,libanswer.so")
    patch(program, place / "missing-header", [])
    patch(library, place / "missing-header.so", [])
    patch(program, place / "executable-then-not", [RWX, RW])
    patch(program, place / "not-then-executable", [RW, RWX])
    patch(program, place / "lies", [RWX], lie=True)
    changed(patch(program, place / "other", []), place / "machine-outside-the-table", ("<H", 18, 258))
    changed(program, place / "damaged", ("<H", 54, 57))
    (place / "truncated").write_bytes(program.read_bytes()[:100])
    (place / "truncated").chmod(0o755)

    data = program.read_bytes()
    spare = next(at for kind, at, _ in headers(data) if kind == PT_GNU_STACK)
    zero_fill = [("<I", spare, 1), ("<I", spare + 4, 5), ("<Q", spare + 16, 1 << 20), ("<Q", spare + 40, 4096)]
    changed(program, place / "zero-fill", *zero_fill)

    unmarked = compile_c(PROGRAM, "-w", "-pie", "-fPIE", "-Wl,-z,execstack")
    at = unmarked.read_bytes().index(struct.pack("<QQ", 0x6FFFFFFB, 0x08000000))
    changed(unmarked, place / "unmarked-pie", ("<Q", at + 8, 0))

    many = bytearray(library.read_bytes())
    table = [many[at : at + 56] for _, at, _ in headers(many)]
    new = len(many)
    many += b"".join(table) + bytes(56 * (0xFFFE - len(table))) + struct.pack("<2I6Q", PT_GNU_STACK, RWX, *[0] * 6)
    struct.pack_into("<Q", many, 32, new)
    struct.pack_into("<QIHHHHHH", many, 40, len(many), 0, 64, 56, PN_XNUM, 64, 1, 0)
    many += struct.pack("<2I4Q2I2Q", 0, 0, 0, 0, 0, 1, 0, len(table), 0, 0)
    (place / "many.so").write_bytes(many)

    asks = compile_c(PROGRAM, "-w", "-g", "-Wl,-z,execstack")
    subprocess.run(["objcopy", "--only-keep-debug", asks, place / "debug"], check=True)
    (place / "debug").chmod(0o755)
    compile_c(LIBRARY, "-c").rename(place / "object.so")
    return sorted(str(path) for path in place.iterdir())


# ------------------------------------------------------------------ the comparison


class Comparison:
    """Counts differences by the row that explains them, and keeps those that none explains."""

    def __init__(self) -> None:
        self.explained: Counter[str] = Counter()
        self.unexplained: list[tuple[object, ...]] = []
        self.compared: Counter[str] = Counter()

    def compare(self, tool: str, respect: str, ours: Ours, theirs: object) -> None:
        self.compared[tool] += 1
        mine = getattr(ours, respect)
        if mine == theirs:
            return
        for row in ROWS:
            if tool in row.tools and respect in row.respects and row.explains(ours, theirs):
                self.explained[row.reason] += 1
                return
        if examined(ours.path) == ours:  # other software of this host may have changed it meanwhile
            self.unexplained.append((tool, respect, ours.path, mine, theirs))


def test_every_difference_has_its_row(planted):
    files = {ours.path: ours for path in [*planted, *host_files()] if (ours := examined(path))}
    assert len(files) > 500, "this host tells nothing"
    paths = list(files)
    result = Comparison()
    readings: dict[str, Theirs] = {}
    for start in range(0, len(paths), BATCH):
        batch = paths[start : start + BATCH]
        readings.update((path, theirs) for path, theirs in by_readelf(batch) if path in files)
        for path, stack, segment in by_scanelf(batch):
            result.compare("scanelf", "stack", files[path], stack)
            result.compare("scanelf", "segment", files[path], segment)
    for path, theirs in readings.items():
        for respect in ("header", "segment", "kind"):
            result.compare("readelf", respect, files[path], getattr(theirs, respect))
        result.compare("checksec", "stack", files[path], rule_of_checksec(theirs))
    for path, ours in files.items():
        theirs = by_pyelftools(path)
        result.compare("pyelftools", "header", ours, theirs.header)
        result.compare("pyelftools", "segment", ours, theirs.segment)
    summary = "\n".join(f"{count:6} {reason}" for reason, count in result.explained.most_common())
    print(f"{len(files)} files, compared {dict(result.compared)}\n{summary}")
    assert result.unexplained == []
    assert {row.reason for row in ROWS} == set(result.explained), "a row that explains nothing"
    assert result.compared["readelf"] > 2.9 * len(files)
    assert result.compared["scanelf"] > 1.9 * len(files)
    checksec_follows_its_rule(planted, files, readings)


def checksec_follows_its_rule(planted, files, readings) -> None:
    suspicious = [path for path, ours in files.items() if not (ours.image and ours.image.plainly_protected)]
    others = [path for path in files if path not in set(suspicious)]
    random.Random(1).shuffle(others)
    asked = 0
    began = time.monotonic()
    for path in [*planted, *(path for path in suspicious if path not in planted), *others]:
        if time.monotonic() - began > CHECKSEC_S and asked >= len(planted):
            break
        if path in readings and (said := by_checksec(path)) != rule_of_checksec(readings[path]):
            assert examined(path) != files[path], (path, said)
        asked += 1
    print(f"checksec asked about {asked} files, {len(suspicious)} suspicious")
