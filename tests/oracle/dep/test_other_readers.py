"""What other readers say of the software of this host, and which row of the table explains where they differ."""

import csv
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from tests.oracle.dep.programs import PROGRAM, patch

from javert.formats import elf
from javert.model.telemetry import ElfKind, StackHeader

PLACES = ("/usr/bin", "/usr/sbin", "/usr/lib/x86_64-linux-gnu", "/usr/lib32", "/usr/aarch64-linux-gnu/lib")
FLAGS = {StackHeader.EXECUTABLE: "RWE", StackHeader.NON_EXECUTABLE: "RW"}


def image_of(path):
    with Path(path).open("rb") as file:
        image = elf.read_image(file.read(elf.HEAD_SIZE), lambda at, size: os.pread(file.fileno(), size, at))
        if image is None:
            return None, None
        return image, elf.kind_of(image, lambda at, size: os.pread(file.fileno(), size, at))


@pytest.fixture(scope="module")
def software():
    """Some hundred programs and libraries of this host."""
    found = []
    for place in PLACES:
        for path in sorted(Path(place).iterdir()) if Path(place).is_dir() else ():
            if path.is_file() and not path.is_symlink():
                with path.open("rb") as file:
                    if file.read(4) == elf.MAGIC:
                        found.append(str(path))
    assert len(found) > 300
    return found[:: max(1, len(found) // 400)]


def test_pyelftools_reads_the_same_headers(software):
    machines = {"x64": "x86-64", "x86": "i386", "AArch64": "arm64"}
    for path in software:
        image, kind = image_of(path)
        with Path(path).open("rb") as file:
            other = ELFFile(file)
            if other["e_type"] not in ("ET_EXEC", "ET_DYN"):
                assert image is None
                continue
            stacks = [
                segment["p_flags"] for segment in other.iter_segments() if segment["p_type"] == "PT_GNU_STACK"
            ]
            loads = [segment["p_flags"] for segment in other.iter_segments() if segment["p_type"] == "PT_LOAD"]
            interpreter = any(segment["p_type"] == "PT_INTERP" for segment in other.iter_segments())
            machine = other.get_machine_arch()
        expected = StackHeader.MISSING
        if stacks:
            expected = StackHeader.EXECUTABLE if stacks[-1] & 1 else StackHeader.NON_EXECUTABLE
        assert image.stack is expected, path
        assert image.writable_executable == any(flags & 3 == 3 for flags in loads), path
        assert elf.has_interpreter(image) == interpreter, path
        assert image.machine == machines.get(machine, image.machine), path
        assert kind is not None, path


def test_readelf_names_the_same_kind_and_stack(software):
    output = subprocess.run(
        ["readelf", "--wide", "--program-headers", *software], capture_output=True, text=True, check=False
    ).stdout
    sections = re.split(r"^File: ", output, flags=re.MULTILINE)[1:]
    assert len(sections) == len(software)
    for section in sections:
        path, _, text = section.partition("\n")
        image, kind = image_of(path)
        if image is None:
            continue
        stacks = re.findall(r"GNU_STACK .* (RWE|RW) ", text)
        assert (stacks[-1] if stacks else None) == FLAGS.get(image.stack), path
        # readelf calls an ET_DYN with DF_1_PIE a program; what else it calls shared Javert must not call a program
        # unless an old linker made it, which no package of this distribution does.
        program = "Elf file type is EXEC" in text or "Position-Independent Executable" in text
        assert (kind is ElfKind.EXECUTABLE) == program, path


@pytest.mark.skipif(shutil.which("scanelf") is None, reason="needs scanelf (pax-utils)")
def test_scanelf_sees_the_same_flags_and_is_silent_where_the_header_is_missing(software):
    output = subprocess.run(
        ["scanelf", "--format", "%e|%F", "--nobanner", *software], capture_output=True, text=True, check=True
    ).stdout
    theirs = dict(reversed(line.split("|", 1)) for line in output.splitlines() if "|" in line)
    assert len(theirs) > 300
    for path, flags in theirs.items():
        image, _ = image_of(path)
        if image is None:
            continue
        stack, _relro, load = flags.strip().split(" ")
        if image.stack is StackHeader.MISSING:
            assert stack == "---", path
        else:
            assert ("X" in stack) == (image.stack is StackHeader.EXECUTABLE), path
        assert ("W" in load and "X" in load) == image.writable_executable, path


@pytest.mark.skipif(shutil.which("checksec") is None, reason="needs checksec")
@pytest.mark.parametrize(
    ("stacks", "theirs", "ours"),
    [
        ([6], "NX enabled", StackHeader.NON_EXECUTABLE),
        ([7], "NX disabled", StackHeader.EXECUTABLE),
        # checksec looks for RWE in any of the headers; the kernel takes the last.
        ([7, 6], "NX disabled", StackHeader.NON_EXECUTABLE),
        ([6, 7], "NX disabled", StackHeader.EXECUTABLE),
        # checksec takes a missing header for an executable stack on every machine; this kernel and machine do not.
        ([], "NX disabled", StackHeader.MISSING),
    ],
    ids=["rw", "rwx", "rwx then rw", "rw then rwx", "none"],
)
def test_checksec_differs_where_the_table_says(compile_c, tmp_path, stacks, theirs, ours):
    path = patch(compile_c(PROGRAM, "-w"), tmp_path / "program", stacks)
    output = subprocess.run(
        ["checksec", f"--file={path}", "--output=csv"], capture_output=True, text=True, check=True
    ).stdout
    (row,) = csv.reader([line for line in output.splitlines() if str(path) in line])
    assert theirs in row
    assert image_of(path)[0].stack is ours
