"""Software for every machine of the table, linked by that machine's own linker: as readelf reads it, row by row."""

import re
import shutil
import subprocess
from typing import NamedTuple

import pytest
from tests.oracle.dep.programs import STACKS, judged, patch

from javert.model.telemetry import ElfKind, StackHeader
from javert.rules.stack_protection import HEADER_MISSING, MACHINES, STACK_EXECUTABLE

ALWAYS = "99.0"


class Target(NamedTuple):
    """A machine's binutils, and its row of the table.

    ``protected_since``: first kernel release that gives a program without the header a stack not executable.
    ``loader``: glibc takes a shared object without the header for one that wants an executable stack.
    """

    triple: str
    bits: int
    order: str
    protected_since: str
    loader: bool
    assemble: tuple[str, ...] = ()
    link: tuple[str, ...] = ()


TARGETS = {
    "x86-64": Target("x86_64-linux-gnu", 64, "little", "5.8", True),
    "x32": Target("x86_64-linux-gnu", 32, "little", ALWAYS, True, ("--x32",), ("-melf32_x86_64",)),
    "i386": Target("x86_64-linux-gnu", 32, "little", ALWAYS, True, ("--32",), ("-melf_i386",)),
    "arm64": Target("aarch64-linux-gnu", 64, "little", "5.8", False),
    "arm": Target("arm-linux-gnueabihf", 32, "little", ALWAYS, True),
    "ppc64": Target("powerpc64-linux-gnu", 64, "big", "0.0", False),
    "ppc64le": Target("powerpc64le-linux-gnu", 64, "little", "0.0", False),
    "s390x": Target("s390x-linux-gnu", 64, "big", "4.11", True),
    "riscv64": Target("riscv64-linux-gnu", 64, "little", "0.0", False),
    "mips": Target("mips-linux-gnu", 32, "big", ALWAYS, True),
    "mips, little-endian": Target("mipsel-linux-gnu", 32, "little", ALWAYS, True),
}
KINDS = {"static": ["-static"], "shared": ["-shared"], "pie": ["-pie", "--no-dynamic-linker"]}
FLAGS = {"-zexecstack": StackHeader.EXECUTABLE, "-znoexecstack": StackHeader.NON_EXECUTABLE}
SOURCE = ".globl _start\n_start:\n.long 0\n"


def linked(directory, target, *options):
    triple = target.triple
    if shutil.which(f"{triple}-as") is None:
        pytest.skip(f"needs binutils-{triple.replace('_', '-')}")
    (directory / "start.s").write_text(SOURCE)
    subprocess.run([f"{triple}-as", *target.assemble, "-o", "start.o", "start.s"], cwd=directory, check=True)
    link = [f"{triple}-ld", *target.link, "--build-id", "-o", "linked", *options, "start.o"]
    subprocess.run(link, cwd=directory, check=True, stderr=subprocess.DEVNULL)
    return directory / "linked"


def test_every_machine_of_the_table_has_a_linker_here():
    assert {name.partition(",")[0] for name in TARGETS} == set(MACHINES)


@pytest.mark.parametrize("flag", FLAGS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", TARGETS)
def test_every_machine_is_read_as_its_own_linker_wrote_it(tmp_path, name, kind, flag):
    target = TARGETS[name]
    path = linked(tmp_path, target, *KINDS[kind], flag)
    file, verdict = judged(path.read_bytes())
    assert (file.machine, file.bits, file.byte_order) == (name.partition(",")[0], target.bits, target.order)
    assert file.stack is FLAGS[flag]
    assert file.kind is (ElfKind.SHARED_OBJECT if kind == "shared" else ElfKind.EXECUTABLE)
    assert verdict.reasons == ((STACK_EXECUTABLE,) if flag == "-zexecstack" else ())
    text = subprocess.run(["readelf", "-Whl", path], capture_output=True, text=True, check=True).stdout
    assert f"ELF{target.bits}" in text
    assert f"{target.order} endian" in text
    assert re.search(rf"GNU_STACK .* {'RWE' if flag == '-zexecstack' else 'RW'} ", text)


@pytest.mark.parametrize("stacks", STACKS)
@pytest.mark.parametrize("name", TARGETS)
def test_the_last_header_counts_on_every_machine(tmp_path, name, stacks):
    path = patch(linked(tmp_path, TARGETS[name], "-shared", "-znoexecstack"), tmp_path / "patched", STACKS[stacks])
    file, verdict = judged(path.read_bytes())
    flags = STACKS[stacks][-1:]
    assert file.stack == ({7: "executable", 6: "non-executable"}[flags[0]] if flags else "missing")
    refused = flags == [7] or (not flags and TARGETS[name].loader)
    assert verdict.loadable is not refused
    assert not verdict.kernel_executable


@pytest.mark.parametrize("libc", ["glibc 2.36", "musl 1.2.3"])
@pytest.mark.parametrize("name", TARGETS)
def test_a_missing_header_of_a_shared_object_is_judged_by_the_machines_row(tmp_path, name, libc):
    """test_other_machines.py has each machine's own glibc decide the same."""
    path = patch(linked(tmp_path, TARGETS[name], "-shared", "-znoexecstack"), tmp_path / "patched", [])
    expected = (HEADER_MISSING,) if TARGETS[name].loader and libc.startswith("glibc") else ()
    assert judged(path.read_bytes(), libc=libc)[1].reasons == expected


@pytest.mark.parametrize("kernel", ["4.4.302", "4.10.17", "4.11.0", "5.7.19", "5.8.0", "6.18.44"])
@pytest.mark.parametrize("kind", ["static", "pie"])
@pytest.mark.parametrize("name", TARGETS)
def test_a_missing_header_of_a_program_is_judged_by_the_machines_row(tmp_path, name, kind, kernel):
    """What another machine's kernel does is taken from the sources that the row names: qemu-user has no kernel."""
    path = patch(linked(tmp_path, TARGETS[name], *KINDS[kind], "-znoexecstack"), tmp_path / "patched", [])
    file, verdict = judged(path.read_bytes(), kernel=kernel)
    assert file.kind is ElfKind.EXECUTABLE

    def number(release):
        return tuple(int(part) for part in release.split(".")[:2])

    executable = number(kernel) < number(TARGETS[name].protected_since)
    assert verdict.kernel_executable is executable
    assert verdict.reasons == ((HEADER_MISSING,) if executable else ())
