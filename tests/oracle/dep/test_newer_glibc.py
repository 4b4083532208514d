"""glibc 2.41 of Debian 13 decides what ``loadable_by_glibc`` says, in a system of its own."""

import os
import platform
import re
import subprocess

import pytest
from tests.debian_root import debian_root
from tests.oracle.dep.programs import LIBRARY, LOADER, PROGRAM, STACKS, THREADS, judged, load_each, patch, within
from tests.oracle.dep.random_images import loader

pytestmark = [
    pytest.mark.slow,
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to enter another system"),
    pytest.mark.skipif(platform.machine() != "x86_64", reason="builds and runs x86 programs"),
]

IMAGES = int(os.environ.get("JAVERT_IMAGES", "1500"))
BITS = (64, 32)


@pytest.fixture(scope="module")
def trixie():
    return debian_root("trixie", ["libc6-i386"])


@pytest.fixture
def build(tmp_path, compile_c):
    """Compiles into one directory, which the other system sees as /mnt."""

    def into(name, source, *options):
        return compile_c(source, "-w", *options).rename(tmp_path / name)

    return into


def maps_within(root, program, *arguments):
    """The permissions of its stack, as ``PROGRAM`` printed them there, or how it ended."""
    command = within(root, program.parent, f"/mnt/{program.name}", *arguments)
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.stdout + done.stderr


def test_that_system_has_a_glibc_that_refuses(trixie, tmp_path):
    done = subprocess.run(
        within(trixie, tmp_path, "ldd", "--version"), capture_output=True, text=True, check=True
    ).stdout
    assert tuple(map(int, re.search(r" (\d+)\.(\d+)$", done, re.MULTILINE).groups())) >= (2, 41)


@pytest.mark.parametrize("bits", BITS)
def test_dlopen_refuses_exactly_what_javert_calls_not_loadable(trixie, build, tmp_path, bits):
    loader_ = build("loader", LOADER, f"-m{bits}")
    plain = build("plain.so", LIBRARY, f"-m{bits}", "-shared", "-fPIC")
    libraries = [patch(plain, tmp_path / f"{stacks.replace(' ', '-')}.so", STACKS[stacks]) for stacks in STACKS]
    seen = load_each(loader_, libraries, trixie)
    assert [line == "loaded 0 0" for line in seen] == [
        judged(library.read_bytes())[1].loadable for library in libraries
    ], seen
    assert sum("cannot enable executable stack" in line for line in seen) == 3


def test_dlopen_over_random_images(trixie, tmp_path):
    *differences, totals = loader(IMAGES, 1, tmp_path, trixie)
    assert differences == []
    assert totals["refused for its stack"] > IMAGES / 8, "the images tell nothing"
    assert totals["64 loaded"] > IMAGES / 20
    assert totals["executable stacks"] == 0


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("stacks", STACKS)
def test_what_a_program_is_linked_with_is_still_obeyed(trixie, build, tmp_path, bits, stacks):
    plain = build("plain.so", LIBRARY, f"-m{bits}", "-shared", "-fPIC", "-Wl,-soname,libanswer.so")
    library = patch(plain, tmp_path / "libanswer.so", STACKS[stacks])
    options = ["-Wl,--no-as-needed", f"-L{tmp_path}", "-lanswer", "-Wl,-rpath,/mnt"]
    said = maps_within(trixie, build("program", PROGRAM, f"-m{bits}", *options))
    assert ("stack rwxp" in said) == bool(judged(library.read_bytes())[1].reasons), said
    assert "stack rw" in said


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("stacks", STACKS)
def test_programs_are_judged_the_same_there(trixie, build, tmp_path, bits, stacks):
    """The kernel's rule does not depend on the C library."""
    path = patch(build("plain", PROGRAM, f"-m{bits}"), tmp_path / "program", STACKS[stacks])
    said = maps_within(trixie, path)
    assert ("stack rwxp" in said) == judged(path.read_bytes())[1].kernel_executable, said
    assert "stack rw" in said


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("stacks", ["rwx", "none"])
def test_a_program_whose_stack_is_executable_anyway_is_refused_nothing(trixie, build, tmp_path, bits, stacks):
    """``loadable_by_glibc`` is about programs that are protected themselves."""
    path = patch(build("plain", PROGRAM, f"-m{bits}"), tmp_path / "program", STACKS[stacks])
    plain = build("plain.so", LIBRARY, f"-m{bits}", "-shared", "-fPIC")
    patch(plain, tmp_path / "libanswer.so", STACKS["rwx"])
    said = maps_within(trixie, path, "/mnt/libanswer.so")
    assert "refused" not in said
    assert "stack rw" in said


@pytest.mark.parametrize("stacks", STACKS)
def test_threads_of_a_program_without_a_header_still_get_executable_stacks(trixie, build, tmp_path, stacks):
    """As with glibc 2.36, see test_kernel.py; a header that is there is heeded."""
    said = maps_within(trixie, patch(build("plain", THREADS, "-pthread"), tmp_path / "threads", STACKS[stacks]))
    (stack,) = [line for line in said.splitlines() if line.endswith("[stack]")]
    others = [line for line in said.splitlines() if " rwxp " in line and line != stack]
    assert (" rwxp " in stack) == (STACKS[stacks][-1:] == [7])
    assert bool(others) == (STACKS[stacks][-1:] != [6])
