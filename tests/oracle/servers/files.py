"""Samba, with and without the first version of its protocol; and RabbitMQ."""

import os
from functools import partial

from tests.oracle.servers.place import Spot
from tests.oracle.servers.records import Acceptance, Authentication, Expected, Server, Service, answer

SMB = """
[global]
server role = standalone server
interfaces = $address/8
bind interfaces only = yes
smb ports = $port
private dir = $directory
lock directory = $directory
state directory = $directory
cache directory = $directory
pid directory = $directory
ncalrpc dir = $directory/ncalrpc
log file = $directory/smbd.log
disable spoolss = yes
load printers = no
"""


def _start_smbd(settings: str, spot: Spot) -> None:
    (spot.directory / "ncalrpc").mkdir()
    spot.start("smbd", "--foreground", "--no-process-group", "-s", spot.configure("smb.conf", SMB, settings))


def _start_rabbitmq(settings: str, spot: Spot) -> None:
    path = spot.configure("rabbitmq.conf", "log.console = true", settings)
    environment = {
        "HOME": str(spot.directory),
        "RABBITMQ_NODENAME": f"server{spot.number}@localhost",
        "RABBITMQ_CONFIG_FILE": str(path),
        "RABBITMQ_MNESIA_BASE": str(spot.directory),
        "RABBITMQ_LOG_BASE": str(spot.directory),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(spot.directory / "plugins"),
        "RABBITMQ_DIST_PORT": str(25000 + spot.number),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
    }
    spot.give("rabbitmq")
    identity = ("setpriv", "--reuid=rabbitmq", "--regid=rabbitmq", "--init-groups")
    spot.start(*identity, "/usr/lib/rabbitmq/bin/rabbitmq-server", env=os.environ | environment)


def smbd(variant: str, expected: Expected, settings: str) -> Server:
    return Server("Samba", variant, partial(_start_smbd, settings), (Service(445, expected),))


def rabbitmq(variant: str, expected: Expected, settings: str, port: int = 5672) -> Server:
    return Server("RabbitMQ", variant, partial(_start_rabbitmq, settings), (Service(port, expected),))


RABBITMQ_TLS = """
listeners.tcp = none
listeners.ssl.1 = $address:$port
ssl_options.certfile = $certificate
ssl_options.keyfile = $key
"""

SERVERS = (
    smbd("SMB1 accepted", (answer("smb1", Acceptance.CLEARTEXT_ONLY),), "server min protocol = NT1"),
    smbd("SMB2 and 3 only", (answer("smb2", Acceptance.UNDECIDED),), "server min protocol = SMB2"),
    rabbitmq(
        "no TLS",
        (answer("amqp", Acceptance.CLEARTEXT_ONLY, "RabbitMQ", authentication=Authentication.REQUIRED),),
        "listeners.tcp.1 = $address:$port",
    ),
    rabbitmq("TLS", (answer("tls", Acceptance.TLS_ONLY),), RABBITMQ_TLS, 5671),
)
