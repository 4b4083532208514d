"""The kernel and glibc decide: programs in every variant are started and look at their own memory."""

import os
import platform
import subprocess

import pytest

from javert.formats import elf
from javert.model.telemetry import ElfFile, ElfKind
from javert.rules.stack_protection import SEGMENT, judge

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="builds and runs x86 programs")

RW, RWX = 6, 7
STACKS = {"none": [], "rw": [RW], "rwx": [RWX], "rw then rwx": [RW, RWX], "rwx then rw": [RWX, RW]}
KINDS = {
    "position-independent": ["-pie", "-fPIE"],
    "fixed": ["-no-pie"],
    "static": ["-static"],
    "static-pie": ["-static-pie"],
}


def judged(path):
    data = path.read_bytes()

    def read(offset, length):
        return data[offset : offset + length]

    image = elf.read_image(data[: elf.HEAD_SIZE], read)
    file = ElfFile(
        path=str(path),
        device=0,
        inode=0,
        machine=image.machine,
        bits=image.bits,
        byte_order=image.byte_order,
        kind=elf.kind_of(image, read),
        stack=image.stack,
        writable_executable=image.writable_executable,
    )
    return file, judge(file, kernel=os.uname().release, libc=" ".join(platform.libc_ver()))


@pytest.fixture(scope="module")
def programs(compile_c, dep_tools):
    built = {}
    for bits in (64, 32):
        for name, options in KINDS.items():
            try:
                built[bits, name] = compile_c(dep_tools.program, f"-m{bits}", "-w", *options)
            except subprocess.CalledProcessError:
                continue  # no 32-bit C library here
    assert (64, "position-independent") in built
    return built


@pytest.mark.parametrize("lie", [False, True], ids=["honest", "false class and byte order"])
@pytest.mark.parametrize("stacks", STACKS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bits", [64, 32])
def test_the_verdict_on_a_program_is_the_kernels(programs, dep_tools, tmp_path, bits, kind, stacks, lie):
    if (bits, kind) not in programs:
        pytest.skip("needs the 32-bit C library (gcc-multilib)")
    path = dep_tools.patch(programs[bits, kind], tmp_path / "program", STACKS[stacks], lie=lie)
    file, verdict = judged(path)
    assert file.kind is ElfKind.EXECUTABLE
    try:
        seen = dep_tools.run(path)
    except OSError:
        pytest.skip(f"this kernel runs no {bits}-bit programs")
    assert verdict.kernel_executable == seen.stack
    assert bool(verdict.reasons) == seen.stack


@pytest.mark.parametrize("flag", ["-Wl,-z,execstack", "-Wl,-z,noexecstack"])
def test_the_linkers_own_options_mean_what_they_say(compile_c, dep_tools, flag):
    path = compile_c(dep_tools.program, flag, "-w")
    assert bool(judged(path)[1].reasons) == dep_tools.run(path).stack == (flag == "-Wl,-z,execstack")


def test_an_object_without_a_note_makes_the_program_ask_for_an_executable_stack(compile_c, dep_tools, tmp_path):
    assembly = tmp_path / "bare.s"
    assembly.write_text(".globl nothing\nnothing: ret\n")
    path = compile_c(dep_tools.program, "-w", "-Wl,--no-warn-execstack", "-x", "assembler", str(assembly))
    assert dep_tools.run(path).stack
    assert judged(path)[1].reasons == ("stack-executable",)


@pytest.mark.parametrize("options", [[], ["-static"]], ids=["dynamic", "static"])
def test_a_writable_executable_segment_is_mapped_so(compile_c, dep_tools, options):
    section = '__asm__(".pushsection .patched,\\"awx\\",@progbits; .byte 0xc3; .popsection");'
    path = compile_c(dep_tools.program + section, "-w", *options)
    assert dep_tools.run(path).segment
    assert judged(path)[1].reasons == (SEGMENT,)


@pytest.mark.parametrize("stacks", STACKS)
@pytest.mark.parametrize("bits", [64, 32])
@pytest.mark.parametrize("way", ["needed", "dlopen"])
def test_the_verdict_on_a_shared_object_is_the_loaders(programs, compile_c, dep_tools, tmp_path, bits, stacks, way):
    if (bits, "fixed") not in programs:
        pytest.skip("needs the 32-bit C library (gcc-multilib)")
    plain = compile_c(dep_tools.library, f"-m{bits}", "-shared", "-fPIC", "-Wl,-soname,libanswer.so")
    library = dep_tools.patch(plain, tmp_path / "libanswer.so", STACKS[stacks])
    file, verdict = judged(library)
    assert file.kind is ElfKind.SHARED_OBJECT
    assert not verdict.kernel_executable
    if way == "dlopen":
        seen = dep_tools.run(programs[bits, "position-independent"], str(library))
        assert verdict.loadable == (not seen.refused and not seen.stack)
    else:
        options = ["-Wl,--no-as-needed", f"-L{tmp_path}", "-lanswer", f"-Wl,-rpath,{tmp_path}"]
        seen = dep_tools.run(compile_c(dep_tools.program, f"-m{bits}", "-w", *options))
    assert bool(verdict.reasons) == (seen.stack or seen.refused)


def test_threads_of_a_program_without_a_header_get_executable_stacks_from_glibc(compile_c, dep_tools, tmp_path):
    """Why the page of the rule calls a missing header unwise even where the kernel takes it for protected."""
    source = r"""
        #include <pthread.h>
        #include <stdio.h>
        #include <unistd.h>
        static void *wait_for_ever(void *unused) { pause(); return unused; }
        int main(void)
        {
            pthread_t thread;
            char line[512];
            pthread_create(&thread, 0, wait_for_ever, 0);
            FILE *maps = fopen("/proc/self/maps", "r");
            while (fgets(line, sizeof line, maps)) fputs(line, stdout);
            return 0;
        }
    """
    program = dep_tools.patch(compile_c(source, "-pthread"), tmp_path / "threads", [])
    maps = subprocess.run([program], capture_output=True, text=True, check=True, timeout=20).stdout
    (stack,) = [line for line in maps.splitlines() if line.endswith("[stack]")]
    assert " rw-p " in stack
    assert any(" rwxp " in line for line in maps.splitlines())
