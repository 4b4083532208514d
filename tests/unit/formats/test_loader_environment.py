"""The loader's variables and AT_SECURE, made up and of real processes."""

import os
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from javert.formats.loader_environment import LoaderVariables, ignores_environment, loader_variables


def test_only_the_three_variables_are_looked_at():
    environ = (
        b"PASSWORD=/secret\0LD_PRELOAD=/a.so b.so:/c.so\0LD_LIBRARY_PATH=/x:$ORIGIN/y;/x::lib\0LD_DEBUG=/all\0"
    )
    assert loader_variables(environ + b"LD_AUDIT=/d.so:e\0") == LoaderVariables(
        preload=("/a.so", "/c.so"), audit=("/d.so",), library_path=("/x", "$ORIGIN/y")
    )


@pytest.mark.parametrize(
    "environ",
    [b"", b"LD_PRELOAD\0", b"xLD_PRELOAD=/a\0", b"LD_PRELOAD=\0LD_PRELOAD=/a\0"],
)
def test_what_tells_nothing(environ):
    assert loader_variables(environ) == LoaderVariables()


@pytest.mark.parametrize("word", ["Q", "I"])
@pytest.mark.parametrize("secure", [0, 1])
def test_secure_programs_of_either_size(word, secure):
    auxv = struct.pack(f"={word * 6}", 6, 4096, 23, secure, 0, 0)
    assert ignores_environment(auxv) == bool(secure)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to start a set-user-ID program as another user")
def test_a_set_user_id_program_of_this_machine(tmp_path):
    program = Path("/opt") / f"javert-test-{os.getpid()}"
    program.write_bytes(Path("/bin/sleep").read_bytes())
    try:
        program.chmod(0o4755)
        for user, secure in ((65534, True), (0, False)):
            process = subprocess.Popen([program, "300"], user=user)
            auxv = Path(f"/proc/{process.pid}/auxv").read_bytes()
            process.kill()
            process.wait()
            assert ignores_environment(auxv) == secure
    finally:
        program.unlink()


@given(st.binary(max_size=100) | st.binary(max_size=60).map(lambda value: b"LD_PRELOAD=" + value))
def test_any_bytes_give_variables(environ):
    found = loader_variables(environ)
    assert all(path.startswith(("/", "$")) for path in (*found.preload, *found.audit, *found.library_path))
    assert ignores_environment(environ) in (True, False)
