"""Sends the first segment of a TCP handshake, as a scan does: half_open.py FROM TO PORT... (to be run as root).

If FROM is an address of this machine, its kernel resets what is answered; if it is nobody's, nothing answers.
"""

import random
import socket
import struct
import sys


def checksum(data):
    """RFC 1071."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def syn(source, target, port):
    """An IPv4 packet, RFC 791, with a TCP SYN, RFC 9293; the kernel fills in the IP checksum and length."""
    ends = socket.inet_aton(source) + socket.inet_aton(target)
    tcp = struct.pack("!HHIIBBHHH", random.randrange(40000, 60000), port, 1, 0, 5 << 4, 2, 1024, 0, 0)
    check = checksum(ends + struct.pack("!HH", socket.IPPROTO_TCP, len(tcp)) + tcp)
    tcp = tcp[:16] + struct.pack("!H", check) + tcp[18:]
    return struct.pack("!BBHHHBBH", 4 << 4 | 5, 0, 0, 0, 0, 64, socket.IPPROTO_TCP, 0) + ends + tcp


source, target, *ports = sys.argv[1:]
with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
    for port in map(int, ports):
        raw.sendto(syn(source, target, port), (target, 0))
