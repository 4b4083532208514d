"""musl's loader (ldso/dynlink.c, ``map_library`` and ``load_deps``) decides: it never makes a stack executable."""

import platform
import subprocess

import pytest
from tests.oracle.dep.programs import LIBRARY, PROGRAM, STACKS, judged, patch, run

from javert.model.telemetry import ElfKind
from javert.rules.stack_protection import STACK_EXECUTABLE

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="builds and runs x86 programs")

MUSL = "musl 1.2.3"
NOTE = "-Wl,--build-id"  # a header that can give its place to a second PT_GNU_STACK
KINDS = {"position-independent": ["-pie", "-fPIE"], "fixed": ["-no-pie"], "static": ["-static"]}


@pytest.fixture(scope="module")
def programs(compile_c):
    return {kind: compile_c(PROGRAM, "-w", NOTE, *options, compiler="musl-gcc") for kind, options in KINDS.items()}


def test_these_programs_are_musls(programs):
    dynamic = programs["position-independent"]
    said = subprocess.run(["readelf", "-lW", dynamic], capture_output=True, text=True, check=True).stdout
    assert "ld-musl-x86_64.so.1" in said


@pytest.mark.parametrize("stacks", STACKS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_stack_of_a_program_is_the_kernels_matter(programs, tmp_path, kind, stacks):
    path = patch(programs[kind], tmp_path / "program", STACKS[stacks])
    file, verdict = judged(path.read_bytes(), libc=MUSL)
    seen = run(path)
    assert file.kind is ElfKind.EXECUTABLE
    assert verdict.kernel_executable == seen.stack
    assert bool(verdict.reasons) == seen.stack


@pytest.mark.parametrize("stacks", STACKS)
@pytest.mark.parametrize("way", ["needed", "dlopen"])
def test_no_shared_object_makes_the_stack_executable(programs, compile_c, tmp_path, way, stacks):
    plain = compile_c(LIBRARY, "-shared", "-fPIC", NOTE, "-Wl,-soname,libanswer.so", compiler="musl-gcc")
    library = patch(plain, tmp_path / "libanswer.so", STACKS[stacks])
    if way == "dlopen":
        seen = run(programs["position-independent"], str(library))
    else:
        options = ["-Wl,--no-as-needed", f"-L{tmp_path}", "-lanswer", f"-Wl,-rpath,{tmp_path}"]
        seen = run(compile_c(PROGRAM, "-w", *options, compiler="musl-gcc"))
    assert not seen.stack
    assert not seen.refused
    # One that asks for it in so many words is a finding all the same: it does not support DEP, and fails here.
    asks = STACKS[stacks][-1:] == [7]
    assert judged(library.read_bytes(), libc=MUSL)[1].reasons == ((STACK_EXECUTABLE,) if asks else ())


def test_a_shared_objects_writable_executable_segment_is_mapped_so(programs, compile_c):
    section = '__asm__(".pushsection .patched,\\"awx\\",@progbits; .byte 0xc3; .popsection");'
    library = compile_c(LIBRARY + section, "-w", "-shared", "-fPIC", compiler="musl-gcc")
    assert run(programs["position-independent"], str(library)).segment
    assert judged(library.read_bytes(), libc=MUSL)[1].reasons == ("writable-executable-segment",)
