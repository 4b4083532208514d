"""Structures of event tracing, as evntrace.h and evntcons.h lay them out in a 64-bit process."""

import ctypes
from ctypes import c_int32, c_int64, c_uint8, c_uint16, c_uint32, c_uint64, c_void_p, c_wchar_p
from uuid import UUID

KERNEL_NETWORK = UUID("7dd42a49-5329-4832-8dfd-43d979153a88")
"""The provider Microsoft-Windows-Kernel-Network."""
WNODE_FLAG_TRACED_GUID = 0x00020000
SYSTEM_TIME = 2
"""WNODE_HEADER.ClientContext: times are those of the system clock."""
EVENT_TRACE_REAL_TIME_MODE = 0x00000100
PROCESS_TRACE_MODE_REAL_TIME = 0x00000100
PROCESS_TRACE_MODE_EVENT_RECORD = 0x10000000
CONTROL_QUERY, CONTROL_STOP = 0, 1
"""EVENT_TRACE_CONTROL_…"""
CONTROL_CODE_DISABLE_PROVIDER, CONTROL_CODE_ENABLE_PROVIDER = 0, 1
TRACE_LEVEL_INFORMATION = 4
INVALID_TRACE = 0xFFFFFFFFFFFFFFFF
"""INVALID_PROCESSTRACE_HANDLE."""
ERROR_SUCCESS, ERROR_ALREADY_EXISTS, ERROR_NOT_FOUND = 0, 183, 4201
"""ERROR_NOT_FOUND stands for ERROR_WMI_INSTANCE_NOT_FOUND: there is no session of that name."""

_NAME_ROOM = 256


class Guid(ctypes.Structure):
    """GUID."""

    _fields_ = (("bytes", c_uint8 * 16),)


def guid(identity: UUID) -> Guid:
    """``identity`` as Windows lays it out."""
    return Guid.from_buffer_copy(identity.bytes_le)


class Properties(ctypes.Structure):
    """EVENT_TRACE_PROPERTIES, with room for the session's name behind it."""

    _fields_ = (
        ("size", c_uint32),
        ("provider_id", c_uint32),
        ("historical_context", c_uint64),
        ("time_stamp", c_int64),
        ("guid", Guid),
        ("client_context", c_uint32),
        ("flags", c_uint32),
        ("buffer_size_kib", c_uint32),
        ("minimum_buffers", c_uint32),
        ("maximum_buffers", c_uint32),
        ("maximum_file_size", c_uint32),
        ("log_file_mode", c_uint32),
        ("flush_timer_s", c_uint32),
        ("enable_flags", c_uint32),
        ("age_limit", c_int32),
        ("number_of_buffers", c_uint32),
        ("free_buffers", c_uint32),
        ("events_lost", c_uint32),
        ("buffers_written", c_uint32),
        ("log_buffers_lost", c_uint32),
        ("real_time_buffers_lost", c_uint32),
        ("logger_thread", c_void_p),
        ("log_file_name_offset", c_uint32),
        ("logger_name_offset", c_uint32),
        ("name", ctypes.c_uint16 * _NAME_ROOM),
    )

    @classmethod
    def make(cls, session: UUID) -> "Properties":
        """Properties of a real-time session of this identity, for its start, a query or its end."""
        made = cls()
        made.size = ctypes.sizeof(cls)
        made.guid = guid(session)
        made.client_context = SYSTEM_TIME
        made.flags = WNODE_FLAG_TRACED_GUID
        made.buffer_size_kib = 256
        made.minimum_buffers = 8
        made.maximum_buffers = 64
        made.log_file_mode = EVENT_TRACE_REAL_TIME_MODE
        made.flush_timer_s = 1
        made.logger_name_offset = cls.name.offset
        return made


class _TimeZone(ctypes.Structure):
    """TIME_ZONE_INFORMATION of timezoneapi.h."""

    _fields_ = (("bytes", c_uint32 * 43),)


class _LogFileHeader(ctypes.Structure):
    """TRACE_LOGFILE_HEADER."""

    _fields_ = (
        ("numbers", c_uint32 * 4),
        ("end_time", c_int64),
        ("limits", c_uint32 * 4),
        ("instance", Guid),
        ("logger_name", c_void_p),
        ("log_file_name", c_void_p),
        ("time_zone", _TimeZone),
        ("boot_time", c_int64),
        ("frequency", c_int64),
        ("start_time", c_int64),
        ("reserved", c_uint32),
        ("buffers_lost", c_uint32),
    )


class _OldEvent(ctypes.Structure):
    """EVENT_TRACE, which carries events of before Windows Vista."""

    _fields_ = (("numbers", c_uint64 * 11),)


class Descriptor(ctypes.Structure):
    """EVENT_DESCRIPTOR."""

    _fields_ = (
        ("id", c_uint16),
        ("version", c_uint8),
        ("channel", c_uint8),
        ("level", c_uint8),
        ("opcode", c_uint8),
        ("task", c_uint16),
        ("keyword", c_uint64),
    )


class EventRecord(ctypes.Structure):
    """EVENT_RECORD with its EVENT_HEADER; ``time_stamp`` counts 100 ns since 1601."""

    _fields_ = (
        ("size", c_uint16),
        ("header_type", c_uint16),
        ("flags", c_uint16),
        ("event_property", c_uint16),
        ("thread", c_uint32),
        ("process", c_uint32),
        ("time_stamp", c_int64),
        ("provider", Guid),
        ("descriptor", Descriptor),
        ("times", c_uint64),
        ("activity", Guid),
        ("buffer_context", c_uint32),
        ("extended_count", c_uint16),
        ("user_data_length", c_uint16),
        ("extended", c_void_p),
        ("user_data", c_void_p),
        ("user_context", c_void_p),
    )


# WINAPI is the only calling convention of a 64-bit process, so that CFUNCTYPE and WINFUNCTYPE are the same.
RecordCallback = ctypes.CFUNCTYPE(None, ctypes.POINTER(EventRecord))
"""PEVENT_RECORD_CALLBACK."""


class LogFile(ctypes.Structure):
    """EVENT_TRACE_LOGFILEW."""

    _fields_ = (
        ("log_file_name", c_wchar_p),
        ("logger_name", c_wchar_p),
        ("current_time", c_int64),
        ("buffers_read", c_uint32),
        ("mode", c_uint32),
        ("current_event", _OldEvent),
        ("header", _LogFileHeader),
        ("buffer_callback", c_void_p),
        ("buffer_size", c_uint32),
        ("filled", c_uint32),
        ("events_lost", c_uint32),
        ("record_callback", RecordCallback),
        ("is_kernel_trace", c_uint32),
        ("context", c_void_p),
    )


_EPOCH = 116_444_736_000_000_000
"""1970 in units of 100 ns since 1601 (FILETIME of minwinbase.h)."""


def epoch(file_time: int) -> float:
    """Seconds since the Unix epoch of a FILETIME."""
    return (file_time - _EPOCH) / 1e7
