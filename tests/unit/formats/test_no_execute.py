from pathlib import Path

import pytest

from javert.formats.no_execute import no_execute_off

WITH = b"processor\t: 0\nflags\t\t: fpu vme nx lm\n\nprocessor\t: 1\nflags\t\t: fpu vme nx lm\n"
WITHOUT = WITH.replace(b"nx lm\n\n", b"nxy lm\n\n", 1)


@pytest.mark.parametrize(
    ("architecture", "kernel", "cpuinfo", "cmdline", "cause"),
    [
        ("x86_64", "6.1.0", WITH, b"quiet", ""),
        ("x86_64", "6.1.0", WITHOUT, b"quiet", "processor"),
        ("i686", "4.19.0", WITHOUT, b"", "processor"),
        ("x86_64", "5.18.19", WITH, b"ro noexec=off quiet\n", "noexec=off"),
        ("x86_64", "5.19.0", WITH, b"ro noexec=off quiet\n", ""),
        ("x86_64", "5.10.0", WITH, b"noexec=off noexec=on", ""),
        ("x86_64", "5.10.0", WITH, b"noexec=offset xnoexec=off", ""),
        ("x86_64", "", b"", b"noexec=off", ""),
        ("s390x", "6.1.0", b"features : esan3", b"noexec=off", "noexec=off"),
        ("aarch64", "5.10.0", b"Features : fp asimd", b"noexec=off", ""),
    ],
)
def test_why_it_is_off(architecture, kernel, cpuinfo, cmdline, cause):
    assert no_execute_off(architecture=architecture, kernel=kernel, cpuinfo=cpuinfo, cmdline=cmdline) == cause


def test_a_real_processor_is_understood():
    """Every x86-64 processor that Linux distributions still start on has the flag."""
    cpuinfo = Path("/proc/cpuinfo").read_bytes()
    assert no_execute_off(architecture="x86_64", kernel="6.1", cpuinfo=cpuinfo, cmdline=b"") == ""
