"""Event tracing through advapi32.dll; see ``trace_session`` for what is done with it."""

import ctypes
import sys
from ctypes import c_uint8, c_uint32, c_uint64, c_void_p, c_wchar_p

from javert.sensors.windows.trace_structures import KERNEL_NETWORK, Guid, LogFile, Properties, guid

assert sys.platform == "win32"


class Advapi32:
    """The functions, with their types told to ctypes."""

    def __init__(self) -> None:
        library = ctypes.WinDLL("advapi32", use_last_error=True)
        properties, log_file = ctypes.POINTER(Properties), ctypes.POINTER(LogFile)
        self._start = _typed(library.StartTraceW, c_uint32, (ctypes.POINTER(c_uint64), c_wchar_p, properties))
        self._enable = _typed(
            library.EnableTraceEx2,
            c_uint32,
            (c_uint64, ctypes.POINTER(Guid), c_uint32, c_uint8, c_uint64, c_uint64, c_uint32, c_void_p),
        )
        self._control = _typed(library.ControlTraceW, c_uint32, (c_uint64, c_wchar_p, properties, c_uint32))
        self._open = _typed(library.OpenTraceW, c_uint64, (log_file,))
        self._process = _typed(
            library.ProcessTrace, c_uint32, (ctypes.POINTER(c_uint64), c_uint32, c_void_p, c_void_p)
        )
        self._close = _typed(library.CloseTrace, c_uint32, (c_uint64,))

    def start(self, name: str, properties: Properties) -> tuple[int, int]:
        """StartTraceW: status and the session's handle."""
        session = c_uint64()
        status = int(self._start(ctypes.byref(session), name, ctypes.byref(properties)))
        return status, session.value

    def enable(self, session: int, code: int, level: int, keywords: int) -> int:
        """EnableTraceEx2 for Microsoft-Windows-Kernel-Network, events of any of the keywords."""
        provider = guid(KERNEL_NETWORK)
        return int(self._enable(session, ctypes.byref(provider), code, level, keywords, 0, 0, None))

    def control(self, name: str, properties: Properties, code: int) -> int:
        """ControlTraceW on the session of that name."""
        return int(self._control(0, name, ctypes.byref(properties), code))

    def open(self, log_file: LogFile) -> int:
        """OpenTraceW."""
        return int(self._open(ctypes.byref(log_file)))

    def process(self, trace: int) -> int:
        """ProcessTrace."""
        return int(self._process(ctypes.byref(c_uint64(trace)), 1, None, None))

    def close(self, trace: int) -> int:
        """CloseTrace."""
        return int(self._close(trace))

    def last_error(self) -> int:
        """GetLastError, as it was after the last of these calls."""
        return ctypes.get_last_error()

    def words(self, status: int) -> str:
        """What Windows says of a status."""
        return ctypes.FormatError(status)


def _typed(
    function: "ctypes._NamedFuncPointer", result: type["ctypes._SimpleCData[int]"], arguments: tuple[type, ...]
) -> "ctypes._NamedFuncPointer":
    function.restype = result
    function.argtypes = arguments
    return function
