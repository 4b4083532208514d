"""A Windows host that the test plays: its events, packets and tables as bytes."""

import struct
from ipaddress import ip_address

HOST, REMOTE = "192.0.2.7", "198.51.100.9"
T0 = 1_795_453_200.0


def ends(local, local_port, remote, remote_port):
    """Whose a packet is, in network order."""
    return ip_address(local).packed + ip_address(remote).packed + struct.pack(">HH", local_port, remote_port)


def event(number, pid, source, source_port, destination, destination_port, size=0):
    """The payload of an event of Microsoft-Windows-Kernel-Network."""
    return (
        struct.pack("<II", pid, size)
        + ip_address(destination).packed
        + ip_address(source).packed
        + struct.pack(">HH", destination_port, source_port)
        + bytes(16)
    )


def tcp(source, source_port, destination, destination_port, data=b"", *, sequence=100, flags=0x18):
    """An IPv4 packet with a TCP segment, from the IP header on, as a raw socket gives it."""
    segment = struct.pack(">HHIIBBHHH", source_port, destination_port, sequence, 0, 0x50, flags, 65535, 0, 0) + data
    header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(segment), 1, 0, 64, 6, 0)
    return header + ip_address(source).packed + ip_address(destination).packed + segment


def row(local, local_port, remote="0.0.0.0", remote_port=0, *, pid, state=5):
    """A row of the table of IPv4's TCP sockets."""
    return (
        struct.pack("<I4s", state, ip_address(local).packed)
        + struct.pack(">Hxx4sHxx", local_port, ip_address(remote).packed, remote_port)
        + struct.pack("<I", pid)
        + bytes(136)
    )
