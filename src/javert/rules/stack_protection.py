"""What an ELF file's headers mean for the stack: the kernel's rule and the dynamic loader's, machine by machine.

The kernel (fs/binfmt_elf.c, ``load_elf_binary``) looks at the program only, and takes its last PT_GNU_STACK.
Without one the architecture decides (``elf_read_implies_exec`` in asm/elf.h, ``VM_STACK_DEFAULT_FLAGS`` in
asm/page.h). glibc's loader (elf/dl-load.c, ``_dl_map_object_from_fd``) looks at each shared object it loads, with a
default of its own (``DEFAULT_STACK_PERMS`` in stackinfo.h), and makes the stack executable for the whole process if
one object wants it; from 2.41 ``dlopen`` refuses such an object instead (NEWS for 2.41). musl's loader never makes
a stack executable.
"""

import re
from typing import NamedTuple

from javert.model.telemetry import ElfFile, ElfKind, StackHeader

STACK_EXECUTABLE = "stack-executable"
HEADER_MISSING = "stack-header-missing"
SEGMENT = "writable-executable-segment"

Release = tuple[int, int]
_NEVER: Release = (0, 0)
_ALWAYS: Release = (1 << 16, 0)


class MissingHeader(NamedTuple):
    """What a missing PT_GNU_STACK means on one machine.

    Attributes:
        executable_before: first kernel release that gives a program without the header a stack not executable.
        loader_executable: glibc takes a shared object without the header for one that wants an executable stack.
        kernel_source, loader_source: where that is written.
    """

    executable_before: Release
    loader_executable: bool
    kernel_source: str
    loader_source: str


MACHINES: dict[str, MissingHeader] = {
    "x86-64": MissingHeader(
        (5, 8), True, "arch/x86/include/asm/elf.h, elf_read_implies_exec", "sysdeps/x86_64/stackinfo.h"
    ),
    "i386": MissingHeader(_ALWAYS, True, "arch/x86/include/asm/elf.h, mmap_is_ia32", "sysdeps/i386/stackinfo.h"),
    "x32": MissingHeader(
        _ALWAYS,
        True,
        "arch/x86/include/asm/elf.h, mmap_is_ia32: x32 programs have TIF_ADDR32",
        "sysdeps/x86_64/stackinfo.h",
    ),
    "arm64": MissingHeader((5, 8), False, "arch/arm64/include/asm/elf.h", "sysdeps/aarch64/stackinfo.h"),
    "arm": MissingHeader(
        _ALWAYS,
        True,
        "arch/arm/kernel/elf.c, arm_elf_read_implies_exec; compat_elf_read_implies_exec on arm64",
        "sysdeps/arm/stackinfo.h",
    ),
    "ppc64": MissingHeader(
        _NEVER, False, "arch/powerpc/include/asm/page_64.h, VM_STACK_DEFAULT_FLAGS64", "sysdeps/powerpc/stackinfo.h"
    ),
    "ppc64le": MissingHeader(
        _NEVER, False, "arch/powerpc/include/asm/page_64.h, VM_STACK_DEFAULT_FLAGS64", "sysdeps/powerpc/stackinfo.h"
    ),
    "s390x": MissingHeader(
        (4, 11),
        True,
        "arch/s390/include/asm/page.h, VM_DATA_DEFAULT_FLAGS; no-execute since 4.11",
        "sysdeps/s390/stackinfo.h",
    ),
    "riscv64": MissingHeader(
        _NEVER, False, "arch/riscv/include/asm/page.h, VM_DATA_FLAGS_NON_EXEC", "sysdeps/riscv/stackinfo.h"
    ),
    "mips": MissingHeader(
        # Newer kernels spare processors with RIXI, but the records do not tell which processor this is.
        _ALWAYS,
        True,
        "arch/mips/kernel/elf.c, mips_elf_read_implies_exec",
        "sysdeps/mips/stackinfo.h",
    ),
}
"""The machines that are judged. Files for any other are counted, and neither clean nor a finding."""


class Judgement(NamedTuple):
    """What is wrong with one file; nothing if ``reasons`` is empty.

    Attributes:
        kernel_executable: the kernel itself gives the program an executable stack.
        loadable: glibc 2.41 and later accept it in dlopen.
    """

    reasons: tuple[str, ...]
    kernel_executable: bool
    loadable: bool


def judge(file: ElfFile, *, kernel: str, libc: str) -> Judgement | None:
    """Judge one file.

    Args:
        file: what its headers say.
        kernel: release as ``uname -r`` prints it; one that is not understood counts as current.
        libc: name and version; anything but musl is judged as glibc, the stricter one.

    Returns:
        None if the machine is not in ``MACHINES``.
    """
    row = MACHINES.get(file.machine)
    if row is None:
        return None
    program = file.kind is ElfKind.EXECUTABLE
    reasons = []
    if file.stack is StackHeader.EXECUTABLE:
        reasons.append(STACK_EXECUTABLE)
    elif file.stack is StackHeader.MISSING and _missing_means_executable(
        row, program=program, kernel=kernel, libc=libc
    ):
        reasons.append(HEADER_MISSING)
    wants_executable_stack = bool(reasons)
    if file.writable_executable:
        reasons.append(SEGMENT)
    refused = file.stack is StackHeader.EXECUTABLE or (file.stack is StackHeader.MISSING and row.loader_executable)
    return Judgement(tuple(reasons), program and wants_executable_stack, program or not refused)


def threads_unprotected(file: ElfFile, *, libc: str) -> bool:
    """Whether glibc makes the stacks of a program's further threads executable because it has no header.

    Its default for them is the one for shared objects (``DEFAULT_STACK_PERMS``, nptl/allocatestack.c).
    """
    row = MACHINES.get(file.machine)
    program = file.kind is ElfKind.EXECUTABLE and file.stack is StackHeader.MISSING
    return program and row is not None and _missing_means_executable(row, program=False, kernel="", libc=libc)


def _missing_means_executable(row: MissingHeader, *, program: bool, kernel: str, libc: str) -> bool:
    if program:
        return release(kernel) < row.executable_before
    return row.loader_executable and not libc.startswith("musl")


def release(kernel: str) -> Release:
    """The first two numbers of a kernel release: (5, 10) for "5.10.0-28-amd64"."""
    match = re.match(r"(\d+)\.(\d+)", kernel)
    return (int(match[1]), int(match[2])) if match else (_ALWAYS[0] - 1, 0)
