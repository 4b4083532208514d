"""A network in which the user *careless* can do all that Javert reports, and *careful* the near miss of each.

The servers are Debian's, with the configurations in etc/. At the address ``careful`` of the second host they serve
the same, but nobody uses them in cleartext there.
"""

import os
import secrets
import shutil
import socket
from pathlib import Path
from string import Template

import pytest

HERE = Path(__file__).parent
DAEMONS = {"telnetd": "telnetd", "rlogind": "in.rlogind", "rshd": "in.rshd"}


@pytest.hookimpl(tryfirst=True)  # before tests are chosen by their markers
def pytest_collection_modifyitems(items):
    """All tests over this network run in one process, so that there is one network, and one run of each kind."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.root)
            item.add_marker(pytest.mark.serial)


@pytest.fixture(scope="session")
def listening(waiting, workplace):
    """Waits until a TCP server listens: ``listening(make_socket, family, address, port)``."""

    def wait(make_socket, family, address, port):
        def connects():
            with make_socket(family, socket.SOCK_STREAM) as client:
                return client.connect_ex((address, port)) == 0

        try:
            waiting(connects, f"something listens at {address}:{port}")
        except AssertionError as error:
            pytest.fail(f"{error}; the servers said: {(workplace / 'servers.log').read_text()[-3000:]}")

    return wait


# ---------------------------------------------------------------- servers


@pytest.fixture(scope="session")
def certificate(workplace, execute):
    path, key = workplace / "certificate.pem", workplace / "key.pem"
    execute(
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
        *("-days", "2", "-subj", "/CN=second.example", "-out", path, "-keyout", key),
    )
    return {"certificate": path, "key": key}


@pytest.fixture(scope="session")
def configure(workplace, certificate, second_host):
    """Writes the configuration ``etc/<name>`` for a server, and gives its path and the server's own directory."""

    def write(name, part="", **values):
        directory = workplace / f"{Path(name).stem}{part}"
        directory.mkdir(mode=0o755)
        path = directory / name
        values = {"run": directory, "there": second_host.there, "careful": second_host.careful} | values
        path.write_text(Template((HERE / "etc" / name).read_text()).substitute(certificate, **values))
        return path, directory

    return write


class Secrets:
    """What was typed, said or written on command lines during the scenario, by what it was for."""

    def __init__(self):
        self.values = {}

    def new(self, purpose):
        # A letter first, so that no server takes it for a number.
        self.values[purpose] = f"q{secrets.token_hex(10)}"
        return self.values[purpose]


@pytest.fixture(scope="session")
def typed():
    return Secrets()


@pytest.fixture(scope="session")
def community(typed):
    return typed.new("snmp community")


@pytest.fixture(scope="session")
def careless(account):
    """Uses cleartext."""
    return account("careless")


@pytest.fixture(scope="session")
def careful(account):
    """Uses encryption: nothing it does is a finding."""
    return account("careful")


@pytest.fixture(scope="session")
def known(account, careless, careful):
    """Has an account on the second host, and trusts the two others there."""
    known = account("known")
    rhosts = known.home / ".rhosts"
    rhosts.write_text(f"+ {careless.name}\n+ root\n")
    rhosts.chmod(0o600)
    shutil.chown(rhosts, known.name, known.name)
    return known


@pytest.fixture(scope="session")
def key_pair(careful, execute):
    """An SSH key of the careful user."""
    path = careful.home / "id"
    execute("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path, **careful.identity)
    return path


@pytest.fixture(scope="session")
def serve(lasting_children, workplace):
    """Starts a server that lasts as long as the session."""

    def start(*command, **options):
        with (workplace / "servers.log").open("a") as log:
            return lasting_children.start(*command, stdout=log, **options)

    return start


@pytest.fixture(scope="session")
def own_directory():
    """Makes an empty directory that a server insists on; Debian's packages make it when their service starts."""
    made = []

    def make(name):
        path = Path(name)
        if not path.exists():
            made.extend(parent for parent in (path, *path.parents) if not parent.exists())
            path.mkdir(parents=True, mode=0o755)

    yield make
    for path in made:
        path.rmdir()


@pytest.fixture(scope="session")
def web_server(serve, configure, second_host):
    """nginx on the second host: cleartext also at a port that is often TLS, and TLS also at port 80."""
    there, careful = second_host.there, second_host.careful
    path, _run = configure(
        "nginx.conf",
        plain=f"listen {there}:80; listen {there}:8443; listen [{second_host.there6}]:80;",
        redirecting=f"listen {there}:8081;",
        encrypted=f"listen {there}:443 ssl; listen {careful}:80 ssl;",
    )
    serve(*second_host.command("nginx", "-c", path))


@pytest.fixture(scope="session")
def file_servers(serve, own_directory, configure, second_host):
    """vsftpd at both addresses."""
    own_directory("/run/vsftpd/empty")
    for address in (second_host.there, second_host.careful):
        path, _run = configure("vsftpd.conf", part=f"-{address}", address=address)
        serve(*second_host.command("vsftpd", path))


@pytest.fixture(scope="session")
def mail_servers(serve, configure, second_host, certificate, known):
    """Dovecot for mail that is read, Exim for mail that is sent: both offer TLS and insist on nothing."""
    path, run = configure("dovecot.conf", uid=known.uid, gid=known.gid)
    (run / "mail").mkdir()
    shutil.chown(run / "mail", known.name, known.name)
    serve(*second_host.command("dovecot", "-F", "-c", path))
    path, run = configure("exim.conf")
    shutil.copy(certificate["key"], run / "key.pem")
    for mine in (run, run / "key.pem"):
        shutil.chown(mine, "Debian-exim", "Debian-exim")  # the daemon's own user reads its key and writes its log
    serve(*second_host.command("exim4", "-bdf", "-C", path))


@pytest.fixture(scope="session")
def snmp_password(serve, configure, second_host, community):
    """snmpd at both addresses; the password is that of its SNMPv3 user."""
    password = secrets.token_hex(8)
    path, run = configure("snmpd.conf", community=community, password=password)
    agent = ("snmpd", "-f", "-Ln", "-C", "-c", path, "-I", "-smux")
    places = [f"udp:{address}:161" for address in (second_host.there, second_host.careful)]
    serve(*second_host.command(*agent, *places), env=os.environ | {"SNMP_PERSISTENT_DIR": str(run)})
    return password


@pytest.fixture(scope="session")
def login_servers(serve, own_directory, configure, second_host, key_pair, execute):
    """telnetd, rlogind and rshd behind inetd; sshd also at telnet's port."""
    path, run = configure("sshd.conf")
    own_directory("/run/sshd")
    execute("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", run / "host_key")
    shutil.copy(key_pair.with_suffix(".pub"), run / "authorized_keys")
    serve(*second_host.command(shutil.which("sshd"), "-D", "-e", "-f", path))
    daemons = {name: shutil.which(program) for name, program in DAEMONS.items()}
    path, run = configure("inetd.conf", **daemons)
    # rshd serves nobody whose address has no name; only inetd and what it starts see this list of names.
    (run / "hosts").write_text(f"{second_host.here} first.example\n{second_host.there} second.example\n")
    names = ("unshare", "--mount", "sh", "-c", 'mount --bind "$1" /etc/hosts && shift && exec "$@"', "sh")
    inetd = ("inetutils-inetd", "-d", f"--pidfile={run / 'pid'}", path)
    serve(*second_host.command(*names, run / "hosts", *inetd))


@pytest.fixture(scope="session")
def remote_servers(web_server, file_servers, mail_servers, snmp_password, login_servers, second_host, listening):
    """All servers of the second host, when they answer."""
    ports = {
        second_host.there: (21, 22, 23, 25, 80, 110, 143, 443, 513, 514, 8081, 8443),
        second_host.careful: (21, 23, 25, 80, 110, 143),
    }
    for address, at in ports.items():
        for port in at:
            listening(second_host.socket, socket.AF_INET, address, port)
