"""Builds real programs in every variant of stack protection, with gcc and by patching their headers."""

import shutil
import struct
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

PT_NULL, PT_LOAD, PT_NOTE, PT_GNU_STACK = 0, 1, 4, 0x6474E551
PT_GNU_PROPERTY, PT_GNU_EH_FRAME = 0x6474E553, 0x6474E550

PROGRAM = r"""
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    char line[512];
    if (argc > 1 && !dlopen(argv[1], RTLD_NOW)) {
        printf("refused %s\n", dlerror());
        return 0;
    }
    FILE *maps = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof line, maps)) {
        char permissions[5] = "", path[256] = "";
        sscanf(line, "%*s %4s %*s %*s %*s %255s", permissions, path);
        if (!strcmp(path, "[stack]"))
            printf("stack %s\n", permissions);
        if (permissions[1] == 'w' && permissions[2] == 'x' && path[0] == '/')
            printf("segment %s\n", permissions);
    }
    return 0;
}
"""

LIBRARY = "int answer(void) { return 42; }\n"


class Seen(tuple[bool, bool, bool]):
    """What a process said of itself: executable stack, a file mapped writable and executable, dlopen refused."""

    stack = property(lambda self: self[0])
    segment = property(lambda self: self[1])
    refused = property(lambda self: self[2])


def run(program: Path, *arguments: str) -> Seen:
    output = subprocess.run([program, *arguments], capture_output=True, text=True, check=True, timeout=20).stdout
    assert "stack r" in output or "refused" in output, output
    stack = any(line.startswith("stack") and "x" in line for line in output.splitlines())
    return Seen((stack, "segment rwx" in output, "refused" in output))


def headers(data: bytearray) -> list[tuple[int, int, int]]:
    """Type, place of the type and place of the flags of each program header of a little-endian file."""
    wide = data[4] == 2
    (table,) = struct.unpack_from("<Q" if wide else "<I", data, 32 if wide else 28)
    size, count = struct.unpack_from("<HH", data, 54 if wide else 42)
    places = range(table, table + size * count, size)
    return [(struct.unpack_from("<I", data, place)[0], place, place + (4 if wide else 24)) for place in places]


def patch(source: Path, target: Path, stacks: Sequence[int], *, lie: bool = False) -> Path:
    """Copy ``source`` with as many PT_GNU_STACK headers as ``stacks`` has flags, in that order.

    Notes and unwind tables give their places up; a program runs without these headers.
    """
    data = bytearray(source.read_bytes())
    table = headers(data)
    spare = [each for each in table if each[0] in (PT_GNU_STACK, PT_GNU_PROPERTY, PT_NOTE)]
    for _, place, _ in spare:
        struct.pack_into("<I", data, place, PT_NULL)
    assert len(stacks) <= len(spare)
    for flags, (_, place, flags_at) in zip(stacks, spare, strict=False):
        struct.pack_into("<I", data, place, PT_GNU_STACK)
        struct.pack_into("<I", data, flags_at, flags)
    if lie:
        data[4], data[5] = 3 - data[4], 2
    target.write_bytes(data)
    target.chmod(0o755)
    return target


@pytest.fixture(scope="session")
def compile_c(tmp_path_factory) -> Callable[..., Path]:
    """``compile_c(source, *gcc_options)``: the path of what came of it."""
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    directory = tmp_path_factory.mktemp("built")

    def build(source: str, *options: str, compiler: str = "gcc") -> Path:
        target = directory / f"{len(list(directory.iterdir()))}.so"
        command = [compiler, "-x", "c", "-", "-o", str(target), *options]
        subprocess.run(command, input=source, text=True, check=True, capture_output=True, timeout=60)
        return target

    return build


@pytest.fixture(scope="session")
def dep_tools():
    """The functions and sources of this file, for tests of this directory."""

    class Tools:
        program, library = PROGRAM, LIBRARY
        run = staticmethod(run)
        patch = staticmethod(patch)

    return Tools
