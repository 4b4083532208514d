"""Net-SNMP's agent and OpenLDAP."""

import os
from functools import partial

from tests.oracle.servers.place import PASSWORD, Spot
from tests.oracle.servers.records import (
    Acceptance,
    Authentication,
    Expected,
    Server,
    Service,
    Transport,
    answer,
)

GROUPS = "\n".join(
    ("com2sec reader default {0}", "view all included .1", 'access readers "" any noauth exact all none none', "")
)
USER = "createUser careful SHA a-long-password AES a-long-password\n"

SLAPD = """
include /etc/ldap/schema/core.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile $directory/pid
argsfile $directory/arguments
"""
SLAPD_TLS = """
TLSCertificateFile $certificate
TLSCertificateKeyFile $key
"""
SLAPD_END = """
database mdb
suffix "dc=example"
rootdn "cn=admin,dc=example"
rootpw $password
directory $directory
"""


def _start_snmpd(settings: str, transport: str, spot: Spot) -> None:
    listen = f"{transport}:{spot.address}:{spot.port}"
    configuration = spot.configure("snmpd.conf", settings)
    environment = os.environ | {"SNMP_PERSISTENT_DIR": str(spot.directory)}
    spot.start("snmpd", "-f", "-Ln", "-C", "-c", configuration, "-I", "-smux", listen, env=environment)


def _start_slapd(settings: str, scheme: str, spot: Spot) -> None:
    configuration = spot.configure("slapd.conf", SLAPD, settings, SLAPD_END, password=PASSWORD)
    spot.give("openldap")
    listen = f"{scheme}://{spot.address}:{spot.port}/"
    spot.start("slapd", "-d", "0", "-f", configuration, "-h", listen, "-u", "openldap", "-g", "openldap")


def snmpd(
    variant: str, expected: Expected, settings: str, port: int = 161, transport: Transport = Transport.UDP
) -> Server:
    start = partial(_start_snmpd, settings, transport.value)
    return Server("snmpd", variant, start, (Service(port, expected, transport),))


def slapd(variant: str, expected: Expected, settings: str, port: int = 389, scheme: str = "ldap") -> Server:
    return Server("OpenLDAP", variant, partial(_start_slapd, settings, scheme), (Service(port, expected),))


def v1(*communities: str) -> Expected:
    return (answer("snmpv1", Acceptance.SNMP_V1, "Net-SNMP", communities=communities),)


def v2c(*communities: str) -> Expected:
    return (answer("snmpv2c", Acceptance.SNMP_V2C, "Net-SNMP", communities=communities),)


def v3(*, without_privacy: bool = False) -> Expected:
    return (answer("snmpv3", Acceptance.SNMP_V3_ONLY, "Net-SNMP", without_privacy=without_privacy),)


def ldap(acceptance: Acceptance) -> Expected:
    return (answer("ldap", acceptance, "OpenLDAP"),)


CLOSED_LDAP = (answer("ldap", Acceptance.TLS_OPTIONAL, authentication=Authentication.REQUIRED),)


SERVERS = (
    snmpd("v1 and v2c, public", v1("public") + v2c("public"), "rocommunity public"),
    snmpd("v1 and v2c, private", v1("private") + v2c("private"), "rwcommunity private"),
    snmpd(
        "v1 and v2c, public and private",
        v1("public", "private") + v2c("public", "private"),
        "rocommunity public\nrwcommunity private",
    ),
    snmpd("v1 only", v1("public"), GROUPS.format("public") + "group readers v1 reader"),
    snmpd("v2c only", v2c("public"), GROUPS.format("public") + "group readers v2c reader"),
    snmpd("v1 and v2c on another port", v1("public") + v2c("public"), "rocommunity public", port=10161),
    snmpd("v1 and v2c over TCP", v1("public") + v2c("public"), "rocommunity public", transport=Transport.TCP),
    snmpd("another community", v3(), "rocommunity b4d-gu3ss"),
    snmpd("v3 only, authPriv", v3(), f"{USER}rouser careful priv"),
    snmpd("v3 only, authNoPriv", v3(), f"{USER}rouser careful auth"),
    snmpd("v3 only, on another port", v3(), f"{USER}rouser careful priv", port=10161),
    slapd("no TLS", ldap(Acceptance.CLEARTEXT_ONLY), ""),
    slapd("StartTLS optional", ldap(Acceptance.TLS_OPTIONAL), SLAPD_TLS),
    slapd("StartTLS required (security tls=1)", ldap(Acceptance.TLS_REQUIRED), f"{SLAPD_TLS}security tls=1"),
    slapd("StartTLS required (security ssf=128)", ldap(Acceptance.TLS_REQUIRED), f"{SLAPD_TLS}security ssf=128"),
    slapd(
        "StartTLS required for passwords (security simple_bind=128)",
        ldap(Acceptance.TLS_OPTIONAL),
        f"{SLAPD_TLS}security simple_bind=128",
    ),
    slapd(
        "StartTLS optional, no anonymous binds",
        CLOSED_LDAP,
        f"{SLAPD_TLS}disallow bind_anon\nrequire authc",
    ),
    slapd("LDAPS", (answer("tls", Acceptance.TLS_ONLY),), SLAPD_TLS, 636, "ldaps"),
)
