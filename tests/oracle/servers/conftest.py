"""What these tests need of the machine."""

import os
import shutil

import pytest
from tests.oracle.servers.place import UNPACKED

PROGRAMS = (
    *(
        "apache2",
        "dovecot",
        "exim4",
        "in.rlogind",
        "in.tftpd",
        "inetutils-inetd",
        "mariadbd",
        "memcached",
        "mosquitto",
    ),
    *("ngircd", "nginx", "openssl", "prosody", "redis-server", "slapd", "snmpd", "sshd", "telnetd", "vsftpd"),
    *("ldapsearch", "mariadb", "psql", "rabbitmq-server", "smbd", "Xtigervnc", "Xvfb", "xauth"),
)


@pytest.fixture(scope="session")
def machine() -> None:
    """Skips, with the reason, where the servers cannot be had."""
    if os.geteuid() != 0:
        pytest.skip("needs root: makes namespaces, and starts servers that want root")
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
    missing = [name for name in PROGRAMS if shutil.which(name, path=path) is None]
    if missing or not UNPACKED.exists():
        pytest.skip(f"needs `make debian-packages`; missing are {', '.join(missing) or UNPACKED}")
    os.environ["PATH"] = path
