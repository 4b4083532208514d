"""Ports of containers that runtimes publish on the host, told by the programs that hold them there.

Most connections never reach these programs, because the kernel sends them on to the container (DNAT).
"""

import ipaddress
from collections.abc import Sequence
from itertools import pairwise

from javert.model.telemetry import PublishedPort

PROXY = "docker-proxy"
"""Holds one port for one of a container: github.com/moby/moby, cmd/docker-proxy."""

MONITOR = "conmon"
"""Watches a container of Podman's and holds its ports (bindPorts() in libpod, github.com/containers/podman)."""

DAEMON = "dockerd"
"""Holds the ports itself where it runs no proxies ("userland-proxy": false)."""


LAUNCHER = "podman"
"""Begins to listen on the ports that it hands to ``conmon``."""


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


def pid_file(arguments: Sequence[str]) -> str:
    """The file in which a ``conmon`` keeps the process id of its container; "" if the arguments do not say.

    Args:
        arguments: its command line, argv[0] first: ``-p PATH`` or ``--container-pidfile PATH`` among others.
    """
    for option, value in pairwise(arguments[1:]):
        if option in ("-p", "--container-pidfile"):
            return value if value.startswith("/") else ""
    return ""


def serves_its_own(arguments: Sequence[str], port: int) -> bool:
    """Whether ``dockerd`` or ``podman`` was told to listen at ``port`` for its own clients.

    Args:
        arguments: ``dockerd -H tcp://ADDRESS:PORT``, or ``podman system service tcp:ADDRESS:PORT``.
        port: to which it listens.
    """
    return any(argument.rsplit("=", 1)[-1].endswith(f":{port}") and "tcp:" in argument for argument in arguments)
