"""Every server of the matrix, in the order in which the docs show them."""

from tests.oracle.servers import (
    databases,
    displays,
    files,
    ftp,
    mail,
    management,
    messaging,
    misbehaving,
    shells,
    web,
)
from tests.oracle.servers.records import Server

SERVERS: tuple[Server, ...] = (
    *ftp.SERVERS,
    *shells.SERVERS,
    *web.SERVERS,
    *mail.SERVERS,
    *management.SERVERS,
    *databases.SERVERS,
    *messaging.SERVERS,
    *displays.SERVERS,
    *files.SERVERS,
    *misbehaving.SERVERS,
)
