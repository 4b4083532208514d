"""Lets one thread step back behind everything else that wants the processor or the disk."""

import ctypes
import os
import platform
import threading

_NICENESS = 10
_IOPRIO_WHO_PROCESS = 1
_IOPRIO_LOWEST_BEST_EFFORT = (2 << 13) | 7
_IOPRIO_SET = {
    "x86_64": 251,
    "i686": 289,
    "aarch64": 30,
    "riscv64": 30,
    "loongarch64": 30,
    "armv7l": 314,
    "ppc64": 273,
    "ppc64le": 273,
    "s390x": 282,
}
"""System call numbers (asm/unistd.h); glibc has no wrapper for ioprio_set(2)."""


def step_back() -> None:
    """Give the calling thread nice 10 and the lowest best-effort disk priority, setpriority(2) and ioprio_set(2).

    Not SCHED_IDLE nor the idle disk class: a thread that waits for ever while it holds the interpreter lock would
    keep the sensors from emptying the kernel's buffers. A refusal changes nothing but speed, and is ignored.
    """
    thread = threading.get_native_id()
    try:
        os.setpriority(os.PRIO_PROCESS, thread, _NICENESS)
    except OSError:
        return
    if (number := _IOPRIO_SET.get(platform.machine())) is not None:
        ctypes.CDLL(None).syscall(number, _IOPRIO_WHO_PROCESS, thread, _IOPRIO_LOWEST_BEST_EFFORT)
