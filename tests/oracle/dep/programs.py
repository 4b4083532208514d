"""Programs and shared objects of every stack protection, what they say of themselves, and what Javert says."""

import os
import platform
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

from javert.errors import ParseError
from javert.formats import elf
from javert.model.telemetry import ElfFile
from javert.rules.stack_protection import Judgement, judge

PT_NULL, PT_LOAD, PT_NOTE, PT_GNU_STACK = 0, 1, 4, 0x6474E551
PT_GNU_PROPERTY, PT_GNU_EH_FRAME = 0x6474E553, 0x6474E550
SPARE = (PT_GNU_STACK, PT_GNU_PROPERTY, PT_GNU_EH_FRAME, PT_NOTE)

RW, RWX = 6, 7
STACKS = {"none": [], "rw": [RW], "rwx": [RWX], "rw then rwx": [RW, RWX], "rwx then rw": [RWX, RW]}
"""Flags of the PT_GNU_STACK headers of each variant, in order."""

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

LOADER = r"""
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void load(const char *path)
{
    char line[512];
    int stack = 0, segment = 0;
    if (!dlopen(path, RTLD_NOW)) {
        printf("refused %s\n", dlerror());
        return;
    }
    FILE *maps = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof line, maps)) {
        char permissions[5] = "", name[256] = "";
        sscanf(line, "%*s %4s %*s %*s %*s %255s", permissions, name);
        if (!strcmp(name, "[stack]"))
            stack = permissions[2] == 'x';
        else
            segment |= permissions[1] == 'w' && permissions[2] == 'x';
    }
    printf("loaded %d %d\n", stack, segment);
}

int main(void)
{
    char path[4096];
    while (fgets(path, sizeof path, stdin)) {
        int status = 0;
        path[strcspn(path, "\n")] = 0;
        if (!fork()) {
            load(path);
            fflush(stdout);
            _exit(0);
        }
        wait(&status);
        if (status) {
            printf("died %d\n", status);
            fflush(stdout);
        }
    }
    return 0;
}
"""
"""Loads each file that its standard input names into a process of its own, and prints a line of what came of it."""

THREADS = r"""
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
"""Starts a thread and prints its own /proc/self/maps."""

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


ENTER = """
set -e
mount -t proc proc "$1/proc"
mount --bind "$2" "$1/mnt"
root=$1
shift 2
cd /
exec chroot "$root" "$@"
"""


def within(root: Path, directory: Path, *command: str) -> list[str]:
    """The command that runs ``command`` in the system below ``root``, with ``directory`` as /mnt and a /proc.

    Both are mounted in a namespace of its own, which ends with it: the system stays as it is.
    """
    return ["unshare", "--mount", "sh", "-c", ENTER, "sh", str(root), str(directory), *command]


def load_each(loader: Path, libraries: Sequence[Path], root: Path | None = None) -> list[str]:
    """What ``LOADER``, compiled, prints of each library; all are in one directory with it.

    With the C library of this host, or of the system below ``root``.
    """
    place = str(loader.parent) if root is None else "/mnt"
    command = [f"{place}/{loader.name}"]
    names = "".join(f"{place}/{library.name}\n" for library in libraries)
    done = subprocess.run(
        command if root is None else within(root, loader.parent, *command),
        input=names,
        capture_output=True,
        text=True,
        check=True,
        timeout=500,
    )
    return done.stdout.splitlines()


def byte_order(data: bytes) -> str:
    """As ``struct`` has it."""
    return "<" if data[5] == 1 else ">"


def headers(data: bytearray) -> list[tuple[int, int, int]]:
    """Type, place of the type and place of the flags of each program header."""
    wide, mark = data[4] == 2, byte_order(data)
    (table,) = struct.unpack_from(mark + ("Q" if wide else "I"), data, 32 if wide else 28)
    size, count = struct.unpack_from(mark + "HH", data, 54 if wide else 42)
    places = range(table, table + size * count, size)
    return [
        (struct.unpack_from(mark + "I", data, place)[0], place, place + (4 if wide else 24)) for place in places
    ]


def patch(source: Path, target: Path, stacks: Sequence[int], *, lie: bool = False) -> Path:
    """Copy ``source`` with as many PT_GNU_STACK headers as ``stacks`` has flags, in that order.

    Notes and unwind tables give their places up; a program runs without these headers.
    """
    data = bytearray(source.read_bytes())
    word = struct.Struct(byte_order(data) + "I")
    spare = [each for each in headers(data) if each[0] in SPARE]
    for _, place, _ in spare:
        word.pack_into(data, place, PT_NULL)
    assert len(stacks) <= len(spare)
    for flags, (_, place, flags_at) in zip(stacks, spare, strict=False):
        word.pack_into(data, place, PT_GNU_STACK)
        word.pack_into(data, flags_at, flags)
    if lie:
        data[4], data[5] = 3 - data[4], 2
    target.write_bytes(data)
    target.chmod(0o755)
    return target


def judged(
    data: bytes, *, kernel: str = os.uname().release, libc: str = " ".join(platform.libc_ver())
) -> tuple[ElfFile, Judgement | None] | None:
    """What the scan records of a file, and the rule's verdict on it; None for what nothing runs or loads."""

    def read(offset: int, length: int) -> bytes:
        return data[offset : offset + length]

    try:
        image = elf.read_image(data[: elf.HEAD_SIZE], read)
        file = recorded(image, read) if image else None
    except ParseError:
        return None
    return (file, judge(file, kernel=kernel, libc=libc)) if file else None


def recorded(image: elf.ElfImage, read: elf.Read) -> ElfFile | None:
    """The record of an image; None for what nothing runs or loads."""
    kind = elf.kind_of(image, read)
    if kind is None:
        return None
    return ElfFile(
        path="/x",
        device=0,
        inode=0,
        machine=image.machine,
        bits=image.bits,
        byte_order=image.byte_order,
        kind=kind,
        stack=image.stack,
        writable_executable=image.maps_writable_executable(kind),
    )
