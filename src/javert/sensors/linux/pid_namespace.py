"""Whether process ids mean the same to Javert, to /proc and to the kernel programs."""

import os

_INITIAL = 0xEFFFFFFC
"""PROC_PID_INIT_INO of include/linux/proc_ns.h: inode number of the PID namespace that the kernel began with."""


def is_initial() -> bool:
    """Whether Javert runs in the initial PID namespace.

    In any other, as containers have, ids in /proc are not those that kernel programs tell: another process would be
    blamed. Where /proc does not tell, it is taken for the initial one.
    """
    try:
        return os.stat("/proc/self/ns/pid").st_ino == _INITIAL
    except OSError:
        return True  # a kernel without PID namespaces
