"""glibc of every machine of the table decides over that machine's shared objects, run by qemu's user emulation.

qemu tells what the file is and what the machine's own loader does: it asks for an executable stack with mprotect(2)
or does not. It does not tell what that machine's kernel does with a program; that column stands on the sources.
"""

import shutil
import struct
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.oracle.dep.programs import LIBRARY, LOADER, PROGRAM, PT_GNU_STACK, STACKS, headers, judged, patch

from javert.model.telemetry import ElfKind
from javert.rules.stack_protection import MACHINES

pytestmark = pytest.mark.slow


class Machine(NamedTuple):
    """Names of one machine: Debian's triple, qemu's suffix, the loader's file name; what clang must be told."""

    triple: str
    qemu: str
    loader: str
    options: tuple[str, ...] = ()


OTHERS = {
    "arm64": Machine("aarch64-linux-gnu", "aarch64", "ld-linux-aarch64.so.1"),
    "arm": Machine("arm-linux-gnueabihf", "arm", "ld-linux-armhf.so.3", ("-march=armv7-a",)),
    "ppc64": Machine("powerpc64-linux-gnu", "ppc64", "ld64.so.1", ("-mabi=elfv1",)),
    "ppc64le": Machine("powerpc64le-linux-gnu", "ppc64le", "ld64.so.2"),
    "s390x": Machine("s390x-linux-gnu", "s390x", "ld64.so.1"),
    "riscv64": Machine("riscv64-linux-gnu", "riscv64", "ld-linux-riscv64-lp64d.so.1", ("-mabi=lp64d",)),
    "mips": Machine("mips-linux-gnu", "mips", "ld.so.1", ("-mips32r2",)),
    "mips, little-endian": Machine("mipsel-linux-gnu", "mipsel", "ld.so.1", ("-mips32r2",)),
}
X86 = {"x86-64", "i386", "x32"}


class Toolchain:
    """Compiles for one machine, and runs what it compiled."""

    def __init__(self, machine: Machine, directory: Path) -> None:
        self._machine = machine
        self._directory = directory
        self._root = Path("/usr", machine.triple)
        (directory / "lib").mkdir()
        for name in (machine.loader, "libc.so.6"):
            # Debian's for MIPS ask for an executable stack themselves, so that nothing could be told apart.
            self.protect(self._root / "lib" / name, directory / "lib" / name)

    @staticmethod
    def protect(source: Path, target: Path) -> None:
        """Copy a library, without the execute flag in its PT_GNU_STACK."""
        data = bytearray(source.read_bytes())
        for kind, _, flags_at in headers(data):
            if kind == PT_GNU_STACK:
                struct.pack_into("<I" if data[5] == 1 else ">I", data, flags_at, 6)
        target.write_bytes(data)
        target.chmod(0o755)

    def build(self, name: str, source: str, *options: str) -> Path:
        triple = self._machine.triple
        command = ["clang-14", f"--target={triple}", *self._machine.options, "-w", "-O1", "-nostdlib", "-fPIC"]
        command += ["-isystem", str(self._root / "include"), f"--ld-path=/usr/bin/{triple}-ld"]
        command += ["-Wl,-z,noexecstack", "-Wl,--build-id", "-x", "c", "-", *options]
        target = self._directory / name
        subprocess.run([*command, "-o", str(target)], input=source, text=True, check=True, capture_output=True)
        return target

    def program(self, name: str, source: str) -> Path:
        lib, loader = self._root / "lib", self._machine.loader
        start = [f"-Wl,{lib / crt}" for crt in ("Scrt1.o", "crti.o")]
        end = [f"-Wl,{lib / each}" for each in ("libc.so.6", loader, "crtn.o")]
        return self.build(name, source, "-pie", f"-Wl,-dynamic-linker,/lib/{loader}", *start, *end)

    def run(self, program: Path, *arguments: str, text: str = "") -> list[str]:
        command = [f"qemu-{self._machine.qemu}", "-L", str(self._directory), str(program), *arguments]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=True, timeout=120)
        return done.stdout.splitlines()


@pytest.fixture(scope="module", params=OTHERS)
def toolchain(request, tmp_path_factory):
    machine = OTHERS[request.param]
    assert shutil.which(f"qemu-{machine.qemu}"), "needs qemu-user"
    made = Toolchain(machine, tmp_path_factory.mktemp(machine.triple))
    made.name = request.param.partition(",")[0]
    return made


def test_every_machine_of_the_table_is_asked():
    assert {name.partition(",")[0] for name in OTHERS} | X86 == set(MACHINES)


def test_the_machines_own_loader_decides_over_its_shared_objects(toolchain, tmp_path):
    loader = toolchain.program("loader", LOADER)
    plain = toolchain.build("plain.so", LIBRARY, "-shared")
    libraries = [patch(plain, tmp_path / f"{number}.so", STACKS[each]) for number, each in enumerate(STACKS)]
    seen = toolchain.run(loader, text="".join(f"{library}\n" for library in libraries))
    for name, library, line in zip(STACKS, libraries, seen, strict=True):
        file, verdict = judged(library.read_bytes(), libc="glibc 2.36")
        assert (file.machine, file.kind) == (toolchain.name, ElfKind.SHARED_OBJECT)
        assert line.startswith("loaded"), line
        executable = line.split()[1] == "1"
        assert verdict.loadable is not executable, (name, line)
        assert bool(verdict.reasons) is executable, (name, line)


@pytest.mark.parametrize("stacks", STACKS)
def test_a_program_of_the_machine_is_one(toolchain, tmp_path, stacks):
    program = patch(toolchain.program("program", PROGRAM), tmp_path / "program", STACKS[stacks])
    assert toolchain.run(program)[0].startswith("stack rw")
    file, verdict = judged(program.read_bytes())
    assert (file.machine, file.kind) == (toolchain.name, ElfKind.EXECUTABLE)
    if STACKS[stacks]:
        assert verdict.kernel_executable == (STACKS[stacks][-1] == 7)
