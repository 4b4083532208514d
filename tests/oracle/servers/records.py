"""What the matrix is made of."""

import re
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer, ProbeOutcome, Transport

if TYPE_CHECKING:
    from tests.oracle.servers.place import Spot

__all__ = [
    "Acceptance",
    "Authentication",
    "Expected",
    "ProbeAnswer",
    "ProbeOutcome",
    "Server",
    "Service",
    "Transport",
    "Where",
]

Expected = tuple[ProbeAnswer, ...] | ProbeOutcome | frozenset[ProbeOutcome]
"""What the service accepts; or, where it is not for anybody to tell, what comes of asking it: this, or one of these
where it depends on how fast the service is, or on how much of what it sends happens to come at once."""


class Where(Enum):
    """Where a server listens.

    LOOPBACK: an address of its own in 127.77.0.0/16, in the place. LOCALHOST: 127.0.0.1 of the place, which has a
    name. ANY: all addresses of the place. OUTSIDE: the place's address that is not loopback. HOST: 127.0.0.1 of
    the machine itself, at a free port.
    """

    LOOPBACK = "loopback"
    LOCALHOST = "localhost"
    ANY = "any"
    OUTSIDE = "outside"
    HOST = "host"


class Service(NamedTuple):
    """One port of a server."""

    port: int
    expected: Expected
    transport: Transport = Transport.TCP


class Server(NamedTuple):
    """A server in one of its variants.

    Attributes:
        software: its name, as people say it.
        variant: the configuration, in the words of its documentation.
        start: starts it. It need not listen yet when ``start`` returns.
    """

    software: str
    variant: str
    start: "Callable[[Spot], None]"
    services: tuple[Service, ...]
    where: Where = Where.LOOPBACK

    @property
    def program(self) -> str:
        """The program that listens, as the kernel names its executable."""
        return PROGRAMS.get(self.software, self.software.lower())

    @property
    def name(self) -> str:
        return f"{self.software}, {self.variant}"

    @property
    def slug(self) -> str:
        return re.sub("[^a-z0-9]+", "-", self.name.lower()).strip("-")


PROGRAMS = {
    "inetutils-telnetd": "inetutils-inetd",
    "rsh-redone": "inetutils-inetd",
    "netkit rsh-server": "inetutils-inetd",
    "inetd's own services": "inetutils-inetd",
    "OpenSSH": "sshd",
    "Apache": "apache2",
    "Postfix": "master",
    "Exim": "exim4",
    "OpenLDAP": "slapd",
    "PostgreSQL": "postgres",
    "MariaDB": "mariadbd",
    "Redis": "redis-check-rdb",
    "Samba": "smbd",
    "RabbitMQ": "beam.smp",
    "Prosody": "lua5.4",
    "TigerVNC": "Xtigervnc",
    "Xvfb": "Xvfb",
    "tftpd-hpa": "in.tftpd",
    "OpenSSL s_server": "openssl",
    "a test server": "python3.11",
}


def answer(protocol: str, acceptance: Acceptance, product: str = "", **more: object) -> ProbeAnswer:
    """A ``ProbeAnswer``, for instance ``answer("ftp", Acceptance.CLEARTEXT_ONLY, "vsftpd")``."""
    return ProbeAnswer(protocol=protocol, acceptance=acceptance, product=product, **more)  # type: ignore[arg-type]
