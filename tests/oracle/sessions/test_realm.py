"""Sessions that Kerberos protects: PostgreSQL's GSSENCRequest, and LDAP behind a security layer of SASL."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.oracle.sessions.island import Island, told

from javert.model.telemetry import Encryption
from javert.protocols.interface import Protocol

REALM = """
[libdefaults]
  default_realm = EXAMPLE.ORG
  dns_lookup_kdc = false
  dns_canonicalize_hostname = false
  rdns = false
[realms]
  EXAMPLE.ORG = {{
    kdc = 127.0.0.1:88
  }}
[kdcdefaults]
  kdc_ports = 88
[dbmodules]
  EXAMPLE.ORG = {{
    db_library = db2
    database_name = {directory}/principal
  }}
[domain_realm]
  .example = EXAMPLE.ORG
"""
KDC = "[realms]\n EXAMPLE.ORG = {{\n  key_stash_file = {directory}/stash\n  acl_file = {directory}/acl\n }}\n"


@pytest.fixture(scope="module")
def ticket(island: Island) -> Iterator[dict[str, str]]:
    """The environment of a user who has a ticket, and of servers that have keys."""
    directory = island.directory / "realm"
    directory.mkdir()
    directory.chmod(0o777)
    for name, text in (("krb5.conf", REALM), ("kdc.conf", KDC)):
        (directory / name).write_text(text.format(directory=directory))
    environment = {
        "KRB5_CONFIG": str(directory / "krb5.conf"),
        "KRB5_KDC_PROFILE": str(directory / "kdc.conf"),
        "KRB5_KTNAME": str(directory / "keytab"),
        "KRB5CCNAME": str(directory / "tickets"),
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    }
    steps = [
        ("kdb5_util", "create", "-s", "-P", "master"),
        *(
            ("kadmin.local", "-q", f"addprinc {how} {who}")
            for who, how in (
                ("joe", "-pw secret"),
                ("postgres/island.example", "-randkey"),
                ("ldap/island.example", "-randkey"),
            )
        ),
        ("kadmin.local", "-q", "ktadd postgres/island.example ldap/island.example"),
    ]
    for step in steps:
        done = island.run(*step, env=environment)
        assert done.returncode == 0, done.stderr
    (directory / "keytab").chmod(0o644)
    with island.serve("krb5kdc", "-n", port=88, env=environment):
        done = island.run("kinit", "joe", input="secret\n", env=environment)
        assert done.returncode == 0, done.stderr
        yield environment


def test_postgresql(island: Island, ticket: dict[str, str]) -> None:
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not binaries:
        pytest.skip("postgresql is not installed; see tests/debian-packages.txt")
    data = island.directory / "postgresql"
    data.mkdir()
    shutil.chown(data, "postgres")
    as_user = ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups")
    done = island.run(*as_user, binaries[-1] / "initdb", "-A", "trust", "--no-sync", "-D", data / "cluster")
    assert done.returncode == 0, done.stderr
    (data / "cluster/pg_hba.conf").write_text(
        "hostgssenc all all all gss include_realm=0\nhost all all all trust\n"
    )
    server = (binaries[-1] / "postgres", "-D", data / "cluster", "-k", data, "-h", "*", "-c", "fsync=off", "-c")
    server = (*server, f"krb_server_keyfile={ticket['KRB5_KTNAME']}")
    address = "host=island.example user=joe dbname=postgres sslmode=disable gssencmode={}"
    with island.serve(*as_user, *server, port=5432, env=ticket):
        island.run(*as_user, "psql", "-h", "127.0.0.1", "-c", "create role joe login")
        for mode, expected in (("require", Encryption.UPGRADED), ("disable", Encryption.NONE)):
            with island.record() as recording:
                done = island.run("psql", address.format(mode), "-c", "select 'hello'", env=ticket)
                assert "hello" in done.stdout, done.stderr
            assert recording.of(5432) == [told(Protocol.POSTGRESQL, expected)]


def test_ldap(island: Island, ticket: dict[str, str], directory: Path) -> None:
    (directory / "slapd.conf").write_text(
        "include /etc/ldap/schema/core.schema\nmodulepath /usr/lib/ldap\nmoduleload back_ldif\n"
        f"pidfile {directory}/pid\nsasl-host island.example\nsasl-secprops none\n"
        f"database ldif\ndirectory {directory}\nsuffix dc=example,dc=org\n"
    )
    server = ("slapd", "-h", "ldap://island.example:389", "-f", directory / "slapd.conf", "-d", "0")
    with island.serve(*server, port=389, env=ticket):
        for strength, expected in (("minssf=56", Encryption.UNKNOWN), ("maxssf=0", Encryption.NONE)):
            with island.record() as recording:
                done = island.run(
                    "ldapwhoami", "-Y", "GSSAPI", "-H", "ldap://island.example:389", "-O", strength, env=ticket
                )
                assert "dn:" in done.stdout, done.stderr
            assert recording.of(389) == [told(Protocol.LDAP, expected)]
