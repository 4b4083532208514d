"""Mosquitto, Prosody and ngIRCd."""

from functools import partial

from tests.oracle.servers.place import Spot
from tests.oracle.servers.records import Acceptance, Authentication, Expected, Server, Service, answer

PROSODY = """
modules_enabled = { "disco", "saslauth", "ping" $modules }
modules_disabled = { "s2s", "posix" }
pidfile = "$directory/pid"
log = { info = "*console" }
data_path = "$directory"
interfaces = { "$address" }
c2s_ports = { $c2s }
c2s_direct_tls_ports = { $direct }
s2s_ports = { }
authentication = "internal_hashed"
"""
PROSODY_TLS = 'ssl = { certificate = "$certificate"; key = "$key" }\n'

NGIRCD = """
[Global]
Name = servers.example
Info = a server of the tests
Listen = $address
ServerUID = irc
ServerGID = irc
AdminInfo1 = tests
"""


def _start_mosquitto(settings: str, spot: Spot) -> None:
    (spot.directory / "users").touch()
    path = spot.configure("mosquitto.conf", "user mosquitto\nlistener $port $address", settings)
    spot.give("mosquitto")
    spot.start("mosquitto", "-c", path)


def _start_prosody(settings: str, domain: str, direct: bool, spot: Spot) -> None:
    values = {"c2s": "" if direct else spot.port, "direct": spot.port if direct else ""}
    values["modules"] = ', "tls"' if "certificate" in settings else ""
    path = spot.configure("prosody.cfg.lua", PROSODY, settings, f'VirtualHost "{domain}"', **values)
    spot.give("prosody")
    identity = ("setpriv", "--reuid=prosody", "--regid=prosody", "--init-groups")
    spot.start(*identity, "prosody", "-F", "--config", path)


def _start_ngircd(settings: str, spot: Spot) -> None:
    spot.start("ngircd", "-n", "-f", spot.configure("ngircd.conf", NGIRCD, settings))


def mosquitto(variant: str, expected: Expected, settings: str, port: int = 1883) -> Server:
    return Server("Mosquitto", variant, partial(_start_mosquitto, settings), (Service(port, expected),))


def prosody(
    variant: str,
    expected: Expected,
    settings: str,
    port: int = 5222,
    *,
    domain: str = "localhost",
    direct: bool = False,
) -> Server:
    start = partial(_start_prosody, settings, domain, direct)
    return Server("Prosody", variant, start, (Service(port, expected),))


def ngircd(variant: str, expected: Expected, settings: str, port: int = 6667) -> Server:
    return Server("ngIRCd", variant, partial(_start_ngircd, settings), (Service(port, expected),))


CLEAR, OPTIONAL, REQUIRED = Acceptance.CLEARTEXT_ONLY, Acceptance.TLS_OPTIONAL, Acceptance.TLS_REQUIRED
TLS = (answer("tls", Acceptance.TLS_ONLY),)
MQTT_TLS = "certfile $certificate\nkeyfile $key\n"

SERVERS = (
    mosquitto("anonymous", (answer("mqtt", CLEAR, authentication=Authentication.NONE),), "allow_anonymous true"),
    mosquitto(
        "with a password",
        (answer("mqtt", CLEAR, authentication=Authentication.REQUIRED),),
        "allow_anonymous false\npassword_file $directory/users",
    ),
    mosquitto("TLS", TLS, f"{MQTT_TLS}allow_anonymous true", 8883),
    mosquitto("TLS on the cleartext port", TLS, f"{MQTT_TLS}allow_anonymous true"),
    prosody("no TLS", (answer("xmpp", CLEAR),), "c2s_require_encryption = false"),
    prosody("STARTTLS optional", (answer("xmpp", OPTIONAL),), f"{PROSODY_TLS}c2s_require_encryption = false"),
    prosody("STARTTLS required", (answer("xmpp", REQUIRED),), f"{PROSODY_TLS}c2s_require_encryption = true"),
    prosody(
        "STARTTLS required, another domain than localhost",
        (answer("xmpp", Acceptance.UNDECIDED),),
        f"{PROSODY_TLS}c2s_require_encryption = true",
        domain="chat.example",
    ),
    prosody("TLS from the first byte", TLS, PROSODY_TLS, 5223, direct=True),
    ngircd("no TLS", (answer("irc", CLEAR),), "Ports = $port"),
    ngircd("with a connection password", (answer("irc", CLEAR),), "Ports = $port\nPassword = not-for-you"),
    ngircd("TLS", TLS, "[SSL]\nCertFile = $certificate\nKeyFile = $key\nPorts = $port", 6697),
)
