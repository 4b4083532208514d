"""Software for every machine of the table, linked by that machine's own linker, as readelf reads it."""

import os
import re
import shutil
import subprocess

import pytest

from javert.formats import elf
from javert.model.telemetry import ElfFile, ElfKind, StackHeader
from javert.rules.stack_protection import HEADER_MISSING, STACK_EXECUTABLE, judge

MACHINES = {
    "x86-64": ("x86_64-linux-gnu", 64, "little"),
    "arm64": ("aarch64-linux-gnu", 64, "little"),
    "arm": ("arm-linux-gnueabihf", 32, "little"),
    "ppc64": ("powerpc64-linux-gnu", 64, "big"),
    "ppc64le": ("powerpc64le-linux-gnu", 64, "little"),
    "s390x": ("s390x-linux-gnu", 64, "big"),
    "riscv64": ("riscv64-linux-gnu", 64, "little"),
    "mips": ("mips-linux-gnu", 32, "big"),
    "mipsel": ("mipsel-linux-gnu", 32, "little"),
}
KINDS = {"static": ["-static"], "shared": ["-shared"], "pie": ["-pie", "--no-dynamic-linker"]}
STACKS = {"-z execstack": StackHeader.EXECUTABLE, "-z noexecstack": StackHeader.NON_EXECUTABLE}
SOURCE = ".globl _start\n_start:\n.long 0\n"


def linked(directory, triple, *options):
    if shutil.which(f"{triple}-as") is None:
        pytest.skip(f"needs binutils-{triple.replace('_', '-')}")
    (directory / "start.s").write_text(SOURCE)
    subprocess.run([f"{triple}-as", "-o", "start.o", "start.s"], cwd=directory, check=True)
    subprocess.run(
        [f"{triple}-ld", "-o", "linked", *options, "start.o"], cwd=directory, check=True, stderr=subprocess.DEVNULL
    )
    return directory / "linked"


def read_back(path):
    with path.open("rb") as file:

        def read(offset, length):
            return os.pread(file.fileno(), length, offset)

        image = elf.read_image(file.read(elf.HEAD_SIZE), read)
        return image, elf.kind_of(image, read)


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", MACHINES)
def test_every_machine_is_read_as_its_own_linker_wrote_it(tmp_path, name, kind, stack):
    triple, bits, order = MACHINES[name]
    path = linked(tmp_path, triple, *KINDS[kind], *stack.split())
    image, what = read_back(path)
    assert (image.machine, image.bits, image.byte_order) == ("mips" if name == "mipsel" else name, bits, order)
    assert image.stack is STACKS[stack]
    text = subprocess.run(["readelf", "-Whl", path], capture_output=True, text=True, check=True).stdout
    assert f"ELF{bits}" in text
    assert f"{order} endian" in text
    assert re.search(rf"GNU_STACK .* {'RWE' if 'noexec' not in stack else 'RW'} ", text)
    assert what is (ElfKind.SHARED_OBJECT if kind == "shared" else ElfKind.EXECUTABLE)


@pytest.mark.parametrize("name", MACHINES)
def test_a_header_taken_away_is_judged_by_the_machines_row(tmp_path, name):
    """qemu-user would not tell what that machine's kernel does, so the row is taken from the sources it names."""
    triple, *_ = MACHINES[name]
    path = linked(tmp_path, triple, "-shared", "-z", "execstack")
    image, kind = read_back(path)
    assert kind is ElfKind.SHARED_OBJECT
    reasons = []
    for stack in (image.stack, StackHeader.MISSING):
        file = ElfFile(
            path="/x",
            device=0,
            inode=0,
            machine=image.machine,
            bits=image.bits,
            byte_order=image.byte_order,
            kind=kind,
            stack=stack,
        )
        reasons += judge(file, kernel="6.1", libc="glibc 2.36").reasons
    strict = name in ("x86-64", "arm", "s390x", "mips", "mipsel")
    assert reasons == [STACK_EXECUTABLE, *([HEADER_MISSING] if strict else [])]
