"""The kernel and glibc decide: programs in every variant are started and look at their own memory."""

import errno
import platform
import re
import struct
import subprocess
from itertools import product
from pathlib import Path

import pytest
from tests.oracle.dep.programs import LIBRARY, PROGRAM, PT_GNU_STACK, RW, RWX, STACKS, THREADS, judged, patch, run
from tests.oracle.dep.random_images import BARE, BARE_PROGRAM, memory

from javert.model.telemetry import ElfKind
from javert.rules.stack_protection import SEGMENT, STACK_EXECUTABLE

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="builds and runs x86 programs")

KINDS = {
    "position-independent": ["-pie", "-fPIE"],
    "fixed": ["-no-pie"],
    "static": ["-static"],
    "static-pie": ["-static-pie"],
}
COMPILERS = ("gcc", "clang-14")
LOADERS = {64: "/lib64/ld-linux-x86-64.so.2", 32: "/lib/ld-linux.so.2"}


def started(path, *arguments):
    """What it saw; a kernel built without support for 32-bit programs cannot be asked."""
    try:
        return run(path, *arguments)
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
        pytest.skip("this kernel runs no such programs")


def lines_of(*command):
    """Of /proc/self/maps, as a program printed them."""
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.splitlines()


def verdict_on(path):
    return judged(path.read_bytes())[1]


@pytest.fixture(scope="module")
def programs(compile_c):
    return {
        (compiler, bits, name): compile_c(PROGRAM, f"-m{bits}", "-w", *options, compiler=compiler)
        for compiler in COMPILERS
        for bits in (64, 32)
        for name, options in KINDS.items()
    }


@pytest.mark.parametrize("lie", [False, True], ids=["honest", "false class and byte order"])
@pytest.mark.parametrize("stacks", STACKS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bits", [64, 32])
@pytest.mark.parametrize("compiler", COMPILERS)
def test_the_verdict_on_a_program_is_the_kernels(programs, tmp_path, compiler, bits, kind, stacks, lie):
    path = patch(programs[compiler, bits, kind], tmp_path / "program", STACKS[stacks], lie=lie)
    file, verdict = judged(path.read_bytes())
    assert file.kind is ElfKind.EXECUTABLE
    seen = started(path)
    assert verdict.kernel_executable == seen.stack
    assert bool(verdict.reasons) == seen.stack


@pytest.mark.parametrize("size", [0, 1 << 20, (1 << 64) - 1])
@pytest.mark.parametrize("flags", [0, 1, 2, RW, RWX, RW | 0xFFFFFFF8, RWX | 0xFFFFFFF8])
def test_of_the_header_only_the_execute_flag_counts(programs, tmp_path, flags, size):
    path = patch(programs["gcc", 64, "static"], tmp_path / "program", [flags])
    data = bytearray(path.read_bytes())
    for place in range(64, 64 + 56 * data[56], 56):
        if struct.unpack_from("<I", data, place) == (PT_GNU_STACK,):
            struct.pack_into("<6Q", data, place + 8, size, size, size, size, size, size)
    path.write_bytes(data)
    assert verdict_on(path).kernel_executable == started(path).stack == bool(flags & 1)


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("flag", ["-Wl,-z,execstack", "-Wl,-z,noexecstack", "-Wl,-z,stack-size=1048576"])
def test_the_linkers_own_options_mean_what_they_say(compile_c, compiler, flag):
    path = compile_c(PROGRAM, flag, "-w", compiler=compiler)
    assert bool(verdict_on(path).reasons) == started(path).stack == (flag == "-Wl,-z,execstack")


@pytest.mark.parametrize("bits", [64, 32])
def test_an_object_without_a_note_makes_the_program_ask_for_an_executable_stack(compile_c, tmp_path, bits):
    assembly = tmp_path / "bare.s"
    assembly.write_text(".globl nothing\nnothing: ret\n")
    options = (f"-m{bits}", "-w", "-Wl,--no-warn-execstack", "-x", "assembler", str(assembly))
    path = compile_c(PROGRAM, *options)
    assert started(path).stack
    assert verdict_on(path).reasons == (STACK_EXECUTABLE,)


def test_a_nested_function_whose_address_is_taken_makes_gcc_ask_for_an_executable_stack(compile_c):
    nested = "int hook(int (*call)(void)); int outer(int x) { int inner(void) { return x; } return hook(inner); }"
    path = compile_c(PROGRAM + nested + "int hook(int (*call)(void)) { return call(); }", "-w", "-O0")
    assert started(path).stack
    assert verdict_on(path).reasons == (STACK_EXECUTABLE,)


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("bits", [64, 32])
@pytest.mark.parametrize("kind", ["position-independent", "static"])
def test_a_writable_executable_segment_is_mapped_so(compile_c, compiler, bits, kind):
    section = '__asm__(".pushsection .patched,\\"awx\\",@progbits; .byte 0xc3; .popsection");'
    path = compile_c(PROGRAM + section, f"-m{bits}", "-w", *KINDS[kind], compiler=compiler)
    assert started(path).segment
    assert verdict_on(path).reasons == (SEGMENT,)


@pytest.mark.parametrize("bits", [64, 32])
def test_a_program_linked_with_omagic_is_one_writable_executable_segment(compile_c, bits):
    path = compile_c(BARE_PROGRAM, f"-m{bits}", "-w", *BARE, "-static", "-Wl,--omagic")
    assert memory("\n".join(lines_of(path))) == (False, True)
    assert verdict_on(path).reasons == (SEGMENT,)


@pytest.mark.parametrize("stacks", STACKS)
def test_x32_programs_are_known_as_such(compile_c, tmp_path, stacks):
    path = patch(compile_c(PROGRAM, "-mx32", "-w", "-static"), tmp_path / "program", STACKS[stacks])
    file, verdict = judged(path.read_bytes())
    assert (file.machine, file.bits, file.kind) == ("x32", 32, ElfKind.EXECUTABLE)
    seen = started(path)
    assert verdict is not None
    assert verdict.kernel_executable == seen.stack


@pytest.mark.parametrize("stacks", STACKS)
@pytest.mark.parametrize("bits", [64, 32])
@pytest.mark.parametrize("way", ["needed", "dlopen"])
def test_the_verdict_on_a_shared_object_is_the_loaders(programs, compile_c, tmp_path, bits, stacks, way):
    plain = compile_c(LIBRARY, f"-m{bits}", "-shared", "-fPIC", "-Wl,-soname,libanswer.so")
    library = patch(plain, tmp_path / "libanswer.so", STACKS[stacks])
    file, verdict = judged(library.read_bytes())
    assert file.kind is ElfKind.SHARED_OBJECT
    assert not verdict.kernel_executable
    if way == "dlopen":
        seen = started(programs["gcc", bits, "position-independent"], str(library))
        assert verdict.loadable == (not seen.refused and not seen.stack)
    else:
        options = ["-Wl,--no-as-needed", f"-L{tmp_path}", "-lanswer", f"-Wl,-rpath,{tmp_path}"]
        seen = started(compile_c(PROGRAM, f"-m{bits}", "-w", *options))
    assert bool(verdict.reasons) == (seen.stack or seen.refused)


@pytest.mark.parametrize("bits", [64, 32])
def test_glibc_reads_65535_headers_whatever_the_first_section_says(programs, compile_c, tmp_path, bits):
    """PN_XNUM: the ABI would have the last header of this file, an executable stack, be none."""
    plain = compile_c(LIBRARY, f"-m{bits}", "-shared", "-fPIC", "-Wl,-z,noexecstack")
    data = bytearray(plain.read_bytes())
    entry, word, table_at, sections_at, count_at = (56, "<Q", 32, 40, 56) if bits == 64 else (32, "<I", 28, 32, 44)
    (table,) = struct.unpack_from(word, data, table_at)
    headers = bytes(data[table : table + entry * data[count_at]])
    stack = (
        struct.pack("<2I6Q", PT_GNU_STACK, RWX, *[0] * 6)
        if bits == 64
        else struct.pack("<8I", PT_GNU_STACK, *[0] * 5, RWX, 0)
    )
    new = len(data)
    data += headers + bytes(entry * 0xFFFF - len(headers) - entry) + stack
    struct.pack_into(word, data, table_at, new)
    struct.pack_into(word, data, sections_at, len(data))
    data += bytes(44 if bits == 64 else 28) + struct.pack("<I", len(headers) // entry) + bytes(16)
    struct.pack_into("<H", data, count_at, 0xFFFF)
    library = tmp_path / "libanswer.so"
    library.write_bytes(data)
    said = subprocess.run(["readelf", "-lW", library], capture_output=True, text=True, check=False).stdout
    assert re.findall(r"GNU_STACK.* (RWE?) ", said) == ["RW"], "readelf follows the ABI"
    assert started(programs["gcc", bits, "position-independent"], str(library)).stack
    assert verdict_on(library).reasons == (STACK_EXECUTABLE,)


def test_the_kernel_runs_no_program_with_headers_of_more_than_64_kibibytes(compile_c, tmp_path):
    """So that what Javert says of one does not matter; and it says what glibc would do."""
    data = bytearray(compile_c(BARE_PROGRAM, "-m64", "-w", *BARE, "-static").read_bytes())
    (table,) = struct.unpack_from("<Q", data, 32)
    headers = bytes(data[table : table + 56 * data[56]])
    struct.pack_into("<Q", data, 32, len(data))
    path = tmp_path / "program"
    most = 65536 // 56
    for number in (most, most + 1):
        struct.pack_into("<H", data, 56, number)
        path.unlink(missing_ok=True)
        path.write_bytes(data + headers.ljust(56 * number, b"\0"))
        path.chmod(0o755)
        assert verdict_on(path) == ((), False, True)
        if number == most:
            assert memory("\n".join(lines_of(path))) == (False, False)
        else:
            with pytest.raises(OSError, match="Exec format error"):
                run(path)


CUTTERS = {
    "objcopy": ["objcopy", "--only-keep-debug"],
    "llvm-objcopy": ["llvm-objcopy-14", "--only-keep-debug"],  # which refuses static programs of glibc
    "eu-strip": ["eu-strip", "-f"],
}


@pytest.mark.parametrize("bits", [64, 32])
@pytest.mark.parametrize(
    ("cutter", "kind"),
    [pair for pair in product(CUTTERS, [*KINDS, "shared"]) if pair != ("llvm-objcopy", "static")],
)
def test_separate_debug_information_is_nothing_that_runs(compile_c, tmp_path, bits, kind, cutter):
    options = KINDS.get(kind, ["-shared", "-fPIC"])
    path = compile_c(PROGRAM, f"-m{bits}", "-w", "-g", "-Wl,-z,execstack", *options)
    debug = tmp_path / "debug"
    ends = (debug, "-o", tmp_path / "rest", path) if cutter == "eu-strip" else (path, debug)
    subprocess.run([*CUTTERS[cutter], *ends], check=True)
    debug.chmod(0o755)
    with pytest.raises((OSError, subprocess.CalledProcessError)):
        run(debug)
    assert verdict_on(path).reasons == (STACK_EXECUTABLE,)
    assert judged(debug.read_bytes()) is None


def test_threads_of_a_program_without_a_header_get_executable_stacks_from_glibc(compile_c, tmp_path):
    """Why the page of the rule calls a missing header unwise even where the kernel takes it for protected."""
    program = patch(compile_c(THREADS, "-pthread"), tmp_path / "threads", [])
    maps = lines_of(program)
    (stack,) = [line for line in maps if line.endswith("[stack]")]
    assert " rw-p " in stack
    assert any(" rwxp " in line for line in maps)


@pytest.mark.parametrize("bits", [64, 32])
@pytest.mark.parametrize("stacks", STACKS)
def test_a_program_started_through_the_loader_is_judged_like_a_shared_object(programs, tmp_path, bits, stacks):
    """``/lib64/ld-linux-x86-64.so.2 PROGRAM``: the kernel sees only the loader, which has its own default."""
    path = patch(programs["gcc", bits, "position-independent"], tmp_path / "program", STACKS[stacks])
    seen = started(Path(LOADERS[bits]), str(path))
    assert seen.stack == (STACKS[stacks][-1:] != [RW])
