"""Whether a host can protect memory from execution at all, from ``/proc/cpuinfo`` and ``/proc/cmdline``.

On x86 the processor flag ``nx`` tells (firmware may have switched it off, and ``clearcpuid=`` takes it away). The
kernel parameter ``noexec=off`` (admin-guide/kernel-parameters) switched the protection off on x86 until Linux 5.18,
and does on s390. Other machines in use have the protection always.
"""

import re

PROCESSOR = "processor"
PARAMETER = "noexec=off"

_X86 = frozenset({"x86_64", "i386", "i486", "i586", "i686"})
_FLAGS = re.compile(rb"^flags\s*:(.*)$", re.MULTILINE)


def no_execute_off(*, architecture: str, kernel: str, cpuinfo: bytes, cmdline: bytes) -> str:
    """Why this host has no protection from execution: ``PROCESSOR``, ``PARAMETER``, or "" where it has it.

    Args:
        architecture: as ``uname -m`` prints it.
        kernel: release as ``uname -r`` prints it.
        cpuinfo: contents of ``/proc/cpuinfo``; without flags in it the processor is taken to have the protection.
        cmdline: contents of ``/proc/cmdline``.
    """
    x86 = architecture in _X86
    if x86 and any(b"nx" not in flags.split() for flags in _FLAGS.findall(cpuinfo)):
        return PROCESSOR
    heeded = (x86 and _release(kernel) < (5, 19)) or architecture == "s390x"
    options = [word for word in cmdline.split() if word.startswith(b"noexec=")]
    return PARAMETER if heeded and options[-1:] == [b"noexec=off"] else ""


def _release(kernel: str) -> tuple[int, int]:
    match = re.match(r"(\d+)\.(\d+)", kernel)
    return (int(match[1]), int(match[2])) if match else (5, 19)
