"""Ports of containers that Docker publishes on the host, told by the program that holds them there."""

import ipaddress
from collections.abc import Sequence

from javert.model.telemetry import PublishedPort

PROXY = "docker-proxy"
"""Name of the program: github.com/moby/moby, cmd/docker-proxy. It holds the port on the host, but most connections
never reach it, because the kernel sends them on to the container (DNAT)."""


def published_port(arguments: Sequence[str]) -> PublishedPort | None:
    """What a ``docker-proxy`` publishes; None if the arguments do not say.

    Args:
        arguments: its command line, argv[0] first: ``-container-ip IP -container-port N`` among others.
    """
    options = dict(zip(arguments[1::2], arguments[2::2], strict=False))
    try:
        address = str(ipaddress.ip_address(options.get("-container-ip", "")))
        port = int(options.get("-container-port", ""))
    except ValueError:
        return None
    return PublishedPort(address, port) if 0 < port < 65536 else None
