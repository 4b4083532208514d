"""Readers of /proc against psutil, on processes of this machine."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from javert.formats.addresses import address_text
from javert.formats.cmdline import split
from javert.formats.procfs import (
    parse_executable_mappings,
    parse_local_ipv4,
    parse_local_ipv6,
    parse_stat,
)


@pytest.fixture
def child() -> Iterator[psutil.Popen]:
    """A process with a name that is awkward, and arguments that are too."""
    program = "import sys; open('/proc/self/comm', 'w').write('a) S (b'); print(flush=True); sys.stdin.read()"
    process = psutil.Popen(
        [sys.executable, "-c", program, "", "a b", "ü"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.communicate()


def stat_of(pid: int):
    return parse_stat(Path(f"/proc/{pid}/stat").read_bytes())


def test_an_awkward_process(child):
    stat = stat_of(child.pid)
    assert stat.name == "a) S (b"
    assert (stat.pid, stat.parent_pid) == (child.pid, os.getpid())
    assert not stat.kernel_thread


def test_the_start_is_when_psutil_says(child):
    booted = psutil.boot_time()
    assert stat_of(child.pid).start / os.sysconf("SC_CLK_TCK") + booted == pytest.approx(child.create_time(), abs=2)


def test_every_process_that_stays_is_told_as_psutil_tells_it():
    compared = 0
    for process in psutil.process_iter():
        try:
            before = process.ppid()
            stat = stat_of(process.pid)
            name = process.name()
            kernel_thread = not process.cmdline() and not process.exe()
        except (psutil.Error, OSError):
            continue  # it ended meanwhile
        assert stat.parent_pid in (before, 1)  # its parent may have ended in between
        if len(name) <= 15:  # psutil completes longer ones from the command line
            assert stat.name == name
        assert stat.kernel_thread <= kernel_thread
        compared += 1
    assert compared > 2


def test_executable_mappings(child):
    found, _ = parse_executable_mappings(Path(f"/proc/{child.pid}/maps").read_bytes())
    theirs = {m.path for m in child.memory_maps(grouped=False) if "x" in m.perms and m.path.startswith("/")}
    assert {mapping.path for mapping in found} == theirs
    executable = next(mapping for mapping in found if mapping.path == child.exe())
    status = Path(child.exe()).stat()
    assert (executable.device, executable.inode) == (status.st_dev, status.st_ino)


def test_the_command_line(child):
    assert split(Path(f"/proc/{child.pid}/cmdline").read_bytes()) == child.cmdline()


def test_the_host_s_own_addresses():
    theirs = {
        address.address.split("%")[0]
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family.name in ("AF_INET", "AF_INET6")
    }
    ipv6 = Path("/proc/net/if_inet6")
    found = {
        *parse_local_ipv4(Path("/proc/net/fib_trie").read_text()),
        *(parse_local_ipv6(ipv6.read_text()) if ipv6.exists() else ()),
    }
    assert found == theirs
    assert address_text(bytes([127, 0, 0, 1])) in found
