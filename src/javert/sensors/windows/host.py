"""Describes the host itself."""

import ipaddress
import platform
import socket

import psutil

from javert.model.telemetry import Host, NetworkNamespace
from javert.sensors.windows.place import NETWORK


def describe() -> Host:
    """The host Javert runs on."""
    system = platform.uname()
    return Host(
        hostname=system.node,
        os="windows",
        kernel=system.version,
        architecture=system.machine,
        os_name=" ".join(part for part in ("Windows", system.release, platform.win32_edition()) if part),
    )


def network() -> NetworkNamespace:
    """The addresses of the host, loopback among them."""
    addresses = {
        str(ipaddress.ip_address(one.address.partition("%")[0]))
        for interface in psutil.net_if_addrs().values()
        for one in interface
        if one.family in (socket.AF_INET, socket.AF_INET6)
    }
    return NetworkNamespace(inode=NETWORK, initial=True, addresses=tuple(sorted(addresses)))
