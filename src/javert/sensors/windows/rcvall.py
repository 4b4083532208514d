"""Raw sockets that get everything an address sends and receives (SIO_RCVALL)."""

import socket
import sys

assert sys.platform == "win32"

_BUFFER = 8 << 20


def open_socket(address: str) -> socket.socket:
    """A raw socket on a local IPv4 address. Administrators only (mstcpip.h, SIO_RCVALL; RCVALL_ON).

    Raises:
        OSError: Windows refuses: 10013 without the right to it, 10043 or 10045 where there is no such thing.
    """
    made = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_IP)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        made.bind((address, 0))
        made.ioctl(socket.SIO_RCVALL, socket.RCVALL_ON)
    except BaseException:
        made.close()
        raise
    return made
