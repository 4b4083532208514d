"""Whether the table is true: real clients log in to the servers, in the clear and with TLS.

What Javert finds out without logging in must be what a client finds that does.
"""

import base64
import ftplib
import hmac
import imaplib
import os
import poplib
import smtplib
import ssl
import subprocess
from collections.abc import Callable, Iterator

import pytest
from tests.oracle.servers.place import PASSWORD, USER, Place, Spot
from tests.oracle.servers.records import Acceptance, Server, Service, Where
from tests.oracle.servers.running import running
from tests.oracle.servers.table import SERVERS

pytestmark = [pytest.mark.root, pytest.mark.serial]

WAIT_S = 20


def trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def ftp(place: Place, address: str, port: int, *, tls: bool) -> bool:
    client = ftplib.FTP_TLS(context=trusting(), timeout=WAIT_S) if tls else ftplib.FTP(timeout=WAIT_S)
    client.connect(address, port)
    try:
        return client.login(USER, PASSWORD).startswith("230")
    except ftplib.error_perm as refusal:
        return "anonymous only" in str(refusal) and client.login().startswith("230")
    finally:
        client.close()


def imap(place: Place, address: str, port: int, *, tls: bool) -> bool:
    client = imaplib.IMAP4(address, port, timeout=WAIT_S)
    try:
        if tls:
            client.starttls(trusting())
        if "LOGINDISABLED" in client.capabilities and "AUTH=CRAM-MD5" in client.capabilities:
            return client.login_cram_md5(USER, PASSWORD)[0] == "OK"
        return client.login(USER, PASSWORD)[0] == "OK"
    except imaplib.IMAP4.error:
        return False
    finally:
        client.shutdown()


def pop3(place: Place, address: str, port: int, *, tls: bool) -> bool:
    client = poplib.POP3(address, port, timeout=WAIT_S)
    try:
        if tls:
            client.stls(trusting())
        methods = client.capa().get("SASL", [])
        if "CRAM-MD5" in methods and "PLAIN" not in methods:
            return _pop3_cram_md5(client)
        client.user(USER)
        return client.pass_(PASSWORD).startswith(b"+OK")
    except poplib.error_proto:
        return False
    finally:
        client.close()


def _pop3_cram_md5(client: poplib.POP3) -> bool:
    """RFC 5034 and RFC 2195: poplib has no call for it."""
    challenge = base64.b64decode(client._shortcmd("AUTH CRAM-MD5")[2:])
    digest = hmac.new(PASSWORD.encode(), challenge, "md5").hexdigest()
    return client._shortcmd(base64.b64encode(f"{USER} {digest}".encode()).decode()).startswith(b"+OK")


def smtp(place: Place, address: str, port: int, *, tls: bool) -> bool:
    client = smtplib.SMTP(address, port, timeout=WAIT_S)
    try:
        client.ehlo()
        if tls:
            client.starttls(context=trusting())
            client.ehlo()
        return client.mail("")[0] == 250
    except smtplib.SMTPException:
        return False
    finally:
        client.close()


def ldap(place: Place, address: str, port: int, *, tls: bool) -> bool:
    """With a password or without one: the directory can be read."""
    search = ("ldapsearch", "-x", "-LLL", "-H", f"ldap://{address}:{port}", "-s", "base", "-b", "")
    how = ["-ZZ"] if tls else []
    bind = ("-D", "cn=admin,dc=example", "-w", PASSWORD)
    return any(_succeeds(place, *search, *how, *who, LDAPTLS_REQCERT="never") for who in ((), bind))


def postgresql(place: Place, address: str, port: int, *, tls: bool) -> bool:
    how = f"host={address} port={port} user=postgres dbname=postgres sslmode={'require' if tls else 'disable'}"
    return _succeeds(place, "psql", "-w", "-c", "select 1", how, PGPASSWORD=PASSWORD)


def mysql(place: Place, address: str, port: int, *, tls: bool) -> bool:
    how = "--ssl" if tls else "--skip-ssl"
    who = ("--user=app", f"--password={PASSWORD}")
    connection = (f"--host={address}", f"--port={port}", "--protocol=tcp", how)
    encrypted = "select if(variable_value = '', 'no', 'yes') from information_schema.session_status"
    encrypted += " where variable_name = 'ssl_cipher'"
    done = _run(place, "mariadb", "--no-defaults", "--skip-column-names", *who, *connection, "-e", encrypted)
    return done.returncode == 0 and done.stdout.split() == [b"yes" if tls else b"no"]


def _succeeds(place: Place, *command: str, **environment: str) -> bool:
    return _run(place, *command, **environment).returncode == 0


def _run(place: Place, *command: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        place.command(*command, network=True),
        capture_output=True,
        check=False,
        timeout=WAIT_S,
        env=os.environ | environment,
    )


CLIENTS: dict[str, Callable[..., bool]] = {
    each.__name__: each for each in (ftp, imap, pop3, smtp, ldap, postgresql, mysql)
}
SHOULD = {
    Acceptance.CLEARTEXT_ONLY: (True, False),
    Acceptance.TLS_OPTIONAL: (True, True),
    Acceptance.TLS_REQUIRED: (False, True),
}
"""Whether a session in the clear comes about, and one with TLS."""


def asked(server: Server, service: Service) -> bool:
    """Whether one of the clients can judge it."""
    if server.where is Where.HOST or not isinstance(service.expected, tuple):
        return False
    answer = service.expected[0]
    return (
        answer.protocol in CLIENTS
        and answer.acceptance in SHOULD
        and bool(answer.product or answer.protocol != "smtp")
    )


CASES = [(server, service) for server in SERVERS for service in server.services if asked(server, service)]


@pytest.fixture(scope="module")
def spots(machine: None) -> Iterator[dict[str, Spot]]:
    with running(list(dict.fromkeys(server for server, _service in CASES))) as (_place, all_spots):
        yield {spot.server.slug: spot for spot in all_spots}


@pytest.mark.parametrize(
    ("server", "service"), CASES, ids=[f"{server.slug}-{service.port}" for server, service in CASES]
)
def test_clients_find_what_the_table_says(spots: dict[str, Spot], server: Server, service: Service) -> None:
    assert isinstance(service.expected, tuple)
    spot, answer = spots[server.slug], service.expected[0]
    address = {"0.0.0.0": "127.0.0.3"}.get(spot.address, spot.address)

    def logs_in(*, tls: bool) -> bool:
        return spot.place.inside(lambda: CLIENTS[answer.protocol](spot.place, address, service.port, tls=tls))

    assert (logs_in(tls=False), logs_in(tls=True)) == SHOULD[answer.acceptance]
