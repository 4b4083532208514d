"""PostgreSQL, MariaDB, Redis and memcached."""

import os
from functools import partial
from pathlib import Path

from tests.oracle.servers.place import PASSWORD, Spot
from tests.oracle.servers.records import Acceptance, Authentication, Expected, Server, Service, Where, answer

FROM_ANYWHERE = f"CREATE USER app@'%' IDENTIFIED BY '{PASSWORD}';\n"
"""It hangs up on a client from whose address nobody may log in."""
FROM_HERE = f"CREATE USER app@localhost IDENTIFIED BY '{PASSWORD}';\n"

POSTGRESQL = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1:]


def _as(user: str) -> tuple[str, ...]:
    return ("setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups")


def _empty_cluster(spot: Spot) -> Path:
    """A PostgreSQL data directory; every server gets a copy."""
    path = spot.place.directory / "postgresql"
    path.mkdir()
    spot.run("chown", "postgres", path)
    initialise = (
        POSTGRESQL[0] / "initdb",
        "--no-sync",
        "--auth=trust",
        "--locale=C",
        "--encoding=UTF8",
        "-D",
        path,
    )
    spot.run(*_as("postgres"), *initialise)
    setting = f"ALTER ROLE postgres PASSWORD '{PASSWORD}'"
    spot.run(*_as("postgres"), POSTGRESQL[0] / "postgres", "--single", "-F", "-D", path, "postgres", input=setting)
    return path


def _start_postgresql(access: str, settings: tuple[str, ...], spot: Spot) -> None:
    data = spot.directory / "data"
    spot.run("cp", "-a", spot.place.once("postgresql", lambda: _empty_cluster(spot)), data)
    (data / "pg_hba.conf").write_text(access)
    key = spot.write("key.pem", spot.key.read_text(), mode=0o600)
    spot.give("postgres")
    network = (f"listen_addresses={spot.address}", f"port={spot.port}", f"unix_socket_directories={spot.directory}")
    files = (f"ssl_cert_file={spot.certificate}", f"ssl_key_file={key}", "fsync=off", "shared_buffers=16MB")
    options = [part for each in (*network, *files, *settings) for part in ("-c", each)]
    command = (*_as("postgres"), POSTGRESQL[0] / "postgres", "-D", data, *options)
    spot.start(*command, cwd=spot.directory)


def _empty_database(spot: Spot) -> Path:
    """A MariaDB data directory; every server gets a copy."""
    path = spot.place.directory / "mariadb"
    path.mkdir()
    spot.run("chown", "mysql", path)
    small = ("--innodb-log-file-size=4M", "--innodb-data-file-path=ibdata1:10M:autoextend")
    spot.run("mariadb-install-db", "--no-defaults", "--skip-test-db", "--user=mysql", f"--datadir={path}", *small)
    return path


def _start_mariadb(users: str, options: tuple[str, ...], spot: Spot) -> None:
    data = spot.directory / "data"
    spot.run("cp", "-a", spot.place.once("mariadb", lambda: _empty_database(spot)), data)
    spot.give("mysql")
    files = {"$certificate": str(spot.certificate), "$key": str(spot.key)}
    filled = [
        option.replace("$certificate", files["$certificate"]).replace("$key", files["$key"]) for option in options
    ]
    spot.start(
        *("mariadbd", "--no-defaults", "--user=mysql", f"--datadir={data}", f"--bind-address={spot.address}"),
        *(f"--port={spot.port}", f"--socket=/run/mariadb-{spot.number}", f"--pid-file={data}/pid"),
        *("--innodb-log-file-size=4M", "--innodb-data-file-path=ibdata1:10M:autoextend"),
        *("--innodb-buffer-pool-size=8M", "--performance-schema=OFF"),
        *(f"--init-file={spot.write('users.sql', users)}", *filled),
    )


def _start_redis(settings: str, spot: Spot) -> None:
    base = "bind $address\ndaemonize no\nsave ''\nappendonly no\ndir $directory\n"
    port = "" if "tls-port" in settings else "port $port\n"
    spot.start("redis-server", spot.configure("redis.conf", base.replace("''", '""') + port, settings))


def _start_memcached(options: tuple[str, ...], spot: Spot) -> None:
    filled = [
        each.replace("$certificate", str(spot.certificate)).replace("$key", str(spot.key)) for each in options
    ]
    spot.write("memcached.conf", "mech_list: plain\n")  # of SASL
    network = ("-l", spot.address, "-p", spot.port, "-U", 0)
    environment = os.environ | {"SASL_CONF_PATH": str(spot.directory)}
    spot.start("memcached", "-u", "memcache", *network, "-m", 8, *filled, env=environment)


def postgresql(
    variant: str, expected: Expected, access: str, *settings: str, where: Where = Where.LOOPBACK
) -> Server:
    return Server(
        "PostgreSQL", variant, partial(_start_postgresql, access, settings), (Service(5432, expected),), where
    )


def mariadb(
    variant: str,
    expected: Expected,
    *options: str,
    port: int = 3306,
    users: str = FROM_ANYWHERE,
    where: Where = Where.LOOPBACK,
) -> Server:
    return Server("MariaDB", variant, partial(_start_mariadb, users, options), (Service(port, expected),), where)


def redis(
    variant: str, expected: Expected, settings: str, where: Where = Where.LOOPBACK, port: int = 6379
) -> Server:
    return Server("Redis", variant, partial(_start_redis, settings), (Service(port, expected),), where)


def memcached(variant: str, expected: Expected, *options: str) -> Server:
    return Server("memcached", variant, partial(_start_memcached, options), (Service(11211, expected),))


def told(protocol: str, acceptance: Acceptance, authentication: Authentication, product: str = "") -> Expected:
    return (answer(protocol, acceptance, product, authentication=authentication),)


CLEAR, OPTIONAL, REQUIRED = Acceptance.CLEARTEXT_ONLY, Acceptance.TLS_OPTIONAL, Acceptance.TLS_REQUIRED
UNDECIDED = Acceptance.UNDECIDED
OPEN, LOGIN, UNKNOWN = Authentication.NONE, Authentication.REQUIRED, Authentication.UNKNOWN
TLS = (answer("tls", Acceptance.TLS_ONLY),)
ALL_BY_PASSWORD = "host all all 0.0.0.0/0 scram-sha-256\n"
MARIADB_TLS = ("--ssl-cert=$certificate", "--ssl-key=$key")
REDIS_TLS = "tls-port $port\nport 0\ntls-cert-file $certificate\ntls-key-file $key\ntls-ca-cert-file $certificate\n"

SERVERS = (
    postgresql("ssl = off", told("postgresql", CLEAR, LOGIN), ALL_BY_PASSWORD, "ssl=off"),
    postgresql("ssl = on, host", told("postgresql", OPTIONAL, LOGIN), ALL_BY_PASSWORD, "ssl=on"),
    postgresql(
        "ssl = on, hostssl only",
        told("postgresql", REQUIRED, LOGIN),
        "hostssl all all 0.0.0.0/0 scram-sha-256\n",
        "ssl=on",
    ),
    postgresql(
        "ssl = on, host, trust",
        told("postgresql", OPTIONAL, OPEN),
        "host all all all trust\n",
        "ssl=on",
    ),
    postgresql(
        "Debian's own pg_hba.conf, 127.0.0.1 of the machine",
        told("postgresql", OPTIONAL, LOGIN),
        "local all all peer\nhost all all 127.0.0.1/32 scram-sha-256\nhost all all ::1/128 scram-sha-256\n",
        "ssl=on",
        where=Where.HOST,
    ),
    mariadb("no TLS", told("mysql", CLEAR, UNKNOWN, "MariaDB")),
    # It tells whether it requires TLS only after the right password: until then both say the same, byte for byte,
    # so its configuration decides.
    mariadb("TLS optional", told("mysql", OPTIONAL, UNKNOWN, "MariaDB"), *MARIADB_TLS),
    mariadb(
        "TLS required (require_secure_transport)",
        told("mysql", REQUIRED, UNKNOWN, "MariaDB"),
        *MARIADB_TLS,
        "--require-secure-transport=ON",
    ),
    mariadb("no TLS, on another port", told("mysql", CLEAR, UNKNOWN, "MariaDB"), port=13306),
    mariadb(
        "no TLS, users of localhost only",
        told("mysql", CLEAR, UNKNOWN, "MariaDB"),
        users=FROM_HERE,
        where=Where.LOCALHOST,
    ),
    mariadb(
        "no TLS, users of localhost only, elsewhere", told("mysql", CLEAR, UNKNOWN, "MariaDB"), users=FROM_HERE
    ),
    redis("open", told("redis", CLEAR, OPEN), "protected-mode no"),
    redis("with a password", told("redis", CLEAR, LOGIN), "requirepass not-for-you"),
    redis("TLS only", TLS, REDIS_TLS + "tls-auth-clients no\nprotected-mode no"),
    redis("TLS only, client certificate demanded", TLS, REDIS_TLS + "protected-mode no", port=6380),
    redis(
        "protected mode, at an address that it does not serve",
        told("redis", CLEAR, UNKNOWN),
        "protected-mode yes",
        Where.OUTSIDE,
    ),
    redis("protected mode", told("redis", CLEAR, OPEN), "protected-mode yes", Where.LOCALHOST),
    redis("127.0.0.1 of the machine", told("redis", CLEAR, OPEN), "", Where.HOST),
    memcached("open", told("memcached", CLEAR, OPEN)),
    memcached("with SASL", told("memcached", CLEAR, LOGIN), "-S"),
    memcached("TLS only", TLS, "-Z", "-o", "ssl_chain_cert=$certificate,ssl_key=$key"),
)
