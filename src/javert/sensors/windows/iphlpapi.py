"""Lists sockets and tells who owns them, through iphlpapi.dll."""

import ctypes
import sys

from javert.errors import ParseError, SensorError
from javert.formats.socket_tables import SocketRow, Table, parse_table

assert sys.platform == "win32"

_AF = {Table.TCP4: 2, Table.TCP6: 23, Table.UDP4: 2, Table.UDP6: 23}
_TCP_TABLE_OWNER_MODULE_ALL, _UDP_TABLE_OWNER_MODULE = 8, 2
_OWNER_MODULE_BASIC = 0
_ERROR_INSUFFICIENT_BUFFER, _ERROR_NOT_SUPPORTED = 122, 50
_ATTEMPTS = 8
_OWNER_OF = {
    Table.TCP4: "GetOwnerModuleFromTcpEntry",
    Table.TCP6: "GetOwnerModuleFromTcp6Entry",
    Table.UDP4: "GetOwnerModuleFromUdpEntry",
    Table.UDP6: "GetOwnerModuleFromUdp6Entry",
}


class SocketTables:
    """The host's sockets."""

    def __init__(self) -> None:
        self._library = ctypes.WinDLL("iphlpapi")

    def rows(self, table: Table) -> list[SocketRow]:
        """What is in a table now; nothing where the host has no IPv6.

        Raises:
            SensorError: Windows refuses, or answers nonsense.
        """
        get = self._library.GetExtendedTcpTable if table in _TCP else self._library.GetExtendedUdpTable
        kind = _TCP_TABLE_OWNER_MODULE_ALL if table in _TCP else _UDP_TABLE_OWNER_MODULE
        size = ctypes.c_uint32(1 << 16)
        for _ in range(_ATTEMPTS):
            buffer = ctypes.create_string_buffer(size.value)
            status = int(get(buffer, ctypes.byref(size), 0, _AF[table], kind, 0))
            if status != _ERROR_INSUFFICIENT_BUFFER:
                break
            size.value += 1 << 14  # it grows while it is asked for
        if status == _ERROR_NOT_SUPPORTED and _AF[table] != _AF[Table.TCP4]:
            return []
        if status:
            raise SensorError(f"Windows refuses to list sockets: {ctypes.FormatError(status).strip()}")
        try:
            return parse_table(table, buffer.raw)
        except ParseError as error:
            raise SensorError(f"Windows' list of sockets cannot be read: {error}") from None

    def service(self, table: Table, row: SocketRow) -> str:
        """The service on whose behalf a shared process owns a socket; "" where Windows does not tell."""
        size = ctypes.c_uint32(1 << 12)
        buffer = ctypes.create_string_buffer(size.value)
        ask = getattr(self._library, _OWNER_OF[table])
        if ask(ctypes.create_string_buffer(row.raw), _OWNER_MODULE_BASIC, buffer, ctypes.byref(size)):
            return ""  # ended meanwhile, or no right to know: the process is told without
        return _BasicInfo.from_buffer(buffer).name or ""


class _BasicInfo(ctypes.Structure):
    """TCPIP_OWNER_MODULE_BASIC_INFO of iprtrmib.h; the name is the service's, if a service owns the socket."""

    _fields_ = (("name", ctypes.c_wchar_p), ("path", ctypes.c_wchar_p))


_TCP = (Table.TCP4, Table.TCP6)
