"""The verdict table, row by row."""

import pytest

from javert.model.telemetry import ElfFile, ElfKind, StackHeader
from javert.rules.stack_protection import HEADER_MISSING, MACHINES, SEGMENT, STACK_EXECUTABLE, judge, release

OLD, NEW = "4.19.0-27-amd64", "6.18.44"


def make_file(machine="x86-64", kind=ElfKind.EXECUTABLE, stack=StackHeader.NON_EXECUTABLE, **fields):
    return ElfFile(
        path="/x",
        device=1,
        inode=2,
        machine=machine,
        bits=64,
        byte_order="little",
        kind=kind,
        stack=stack,
        **fields,
    )


@pytest.mark.parametrize(
    ("machine", "old", "new"),
    [
        ("x86-64", True, False),
        ("i386", True, True),
        ("arm64", True, False),
        ("arm", True, True),
        ("ppc64", False, False),
        ("ppc64le", False, False),
        ("s390x", False, False),
        ("riscv64", False, False),
        ("mips", True, True),
    ],
)
def test_a_program_without_the_header(machine, old, new):
    for kernel, executable in ((OLD, old), (NEW, new)):
        verdict = judge(make_file(machine, stack=StackHeader.MISSING), kernel=kernel, libc="glibc 2.36")
        assert verdict.kernel_executable is executable
        assert verdict.reasons == ((HEADER_MISSING,) if executable else ())
        assert verdict.loadable, "nobody loads a program with dlopen"


@pytest.mark.parametrize(
    ("machine", "executable"),
    [
        ("x86-64", True),
        ("i386", True),
        ("arm64", False),
        ("arm", True),
        ("ppc64", False),
        ("ppc64le", False),
        ("s390x", True),
        ("riscv64", False),
        ("mips", True),
    ],
)
def test_a_shared_object_without_the_header(machine, executable):
    file = make_file(machine, ElfKind.SHARED_OBJECT, StackHeader.MISSING)
    verdict = judge(file, kernel=NEW, libc="glibc 2.36")
    assert verdict.reasons == ((HEADER_MISSING,) if executable else ())
    assert verdict.loadable is not executable
    assert not verdict.kernel_executable
    musl = judge(file, kernel=NEW, libc="musl 1.2.4")
    assert musl.reasons == ()
    assert musl.loadable is not executable, "what glibc would do does not depend on this host"


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("kind", ElfKind)
def test_an_explicit_header_means_the_same_everywhere(machine, kind):
    program = kind is ElfKind.EXECUTABLE
    bad = judge(make_file(machine, kind, StackHeader.EXECUTABLE), kernel=NEW, libc="glibc 2.36")
    assert bad == ((STACK_EXECUTABLE,), program, program)
    good = judge(make_file(machine, kind), kernel=OLD, libc="glibc 2.36")
    assert good == ((), False, True)


@pytest.mark.parametrize("kind", ElfKind)
def test_a_writable_executable_segment_is_a_reason_of_its_own(kind):
    assert judge(make_file(kind=kind, writable_executable=True), kernel=NEW, libc="") == ((SEGMENT,), False, True)


def test_both_reasons_are_given():
    file = make_file(stack=StackHeader.EXECUTABLE, writable_executable=True)
    assert judge(file, kernel=NEW, libc="").reasons == (STACK_EXECUTABLE, SEGMENT)


@pytest.mark.parametrize("machine", ["sparc64", "ppc", "s390", "machine-4711", ""])
def test_other_machines_are_not_judged(machine):
    assert judge(make_file(machine, stack=StackHeader.EXECUTABLE), kernel=NEW, libc="") is None


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("5.7.19", (5, 7)),
        ("5.8", (5, 8)),
        ("5.10.0-28-amd64", (5, 10)),
        ("6.18.44-fc-v669", (6, 18)),
        ("10.0-rc1", (10, 0)),
    ],
)
def test_kernel_releases(text, numbers):
    assert release(text) == numbers


def test_a_kernel_release_that_is_not_understood_counts_as_current_and_i386_stays_executable():
    assert judge(make_file(stack=StackHeader.MISSING), kernel="unknown", libc="").reasons == ()
    assert judge(make_file("i386", stack=StackHeader.MISSING), kernel="unknown", libc="").reasons == (
        HEADER_MISSING,
    )


@pytest.mark.parametrize(("kernel", "executable"), [("5.7.0", True), ("5.8.0", False)])
def test_the_release_that_changed_it(kernel, executable):
    assert judge(make_file(stack=StackHeader.MISSING), kernel=kernel, libc="").kernel_executable is executable
