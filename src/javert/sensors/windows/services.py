"""Which Windows services run in which process."""

import ctypes
import sys
from collections import defaultdict

assert sys.platform == "win32"

_SC_MANAGER_ENUMERATE_SERVICE = 4
_SC_ENUM_PROCESS_INFO = 0
_SERVICE_WIN32 = 0x30
_SERVICE_ACTIVE = 1
_ERROR_MORE_DATA = 234


class _Status(ctypes.Structure):
    """ENUM_SERVICE_STATUS_PROCESSW of winsvc.h."""

    _fields_ = (
        ("name", ctypes.c_wchar_p),
        ("display", ctypes.c_wchar_p),
        ("status", ctypes.c_uint32 * 7),
        ("pid", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
    )


def running_services() -> dict[int, tuple[str, ...]]:
    """The names of the services in each process, by its id; empty where the service manager does not tell."""
    advapi32 = ctypes.WinDLL("advapi32", use_last_error=True)
    advapi32.OpenSCManagerW.restype = ctypes.c_void_p
    manager = ctypes.c_void_p(advapi32.OpenSCManagerW(None, None, _SC_MANAGER_ENUMERATE_SERVICE))
    if not manager:
        return {}
    try:
        return _list(advapi32, manager)
    finally:
        advapi32.CloseServiceHandle(manager)


def _list(advapi32: ctypes.WinDLL, manager: ctypes.c_void_p) -> dict[int, tuple[str, ...]]:
    needed, count, resume = ctypes.c_uint32(1 << 16), ctypes.c_uint32(), ctypes.c_uint32()
    for _ in range(4):
        buffer = ctypes.create_string_buffer(needed.value)
        resume.value = 0
        done = advapi32.EnumServicesStatusExW(
            manager,
            _SC_ENUM_PROCESS_INFO,
            _SERVICE_WIN32,
            _SERVICE_ACTIVE,
            buffer,
            len(buffer),
            ctypes.byref(needed),
            ctypes.byref(count),
            ctypes.byref(resume),
            None,
        )
        if done:
            break
        if ctypes.get_last_error() != _ERROR_MORE_DATA:
            return {}
        needed.value += len(buffer)
    else:
        return {}
    found: dict[int, list[str]] = defaultdict(list)
    for status in (_Status * count.value).from_buffer(buffer):
        found[status.pid].append(status.name)
    return {pid: tuple(sorted(names)) for pid, names in found.items()}
