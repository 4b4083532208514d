"""Sessions between Debian's own clients and servers, read by a recorder that stands between the two."""

import ftplib
import imaplib
import os
import poplib
import shutil
import smtplib
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from javert.model.telemetry import Encryption, Transport
from javert.protocols.interface import Direction, FlowHint, Protocol, Verdict
from javert.protocols.session import Session

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="starts servers of Debian's that want root"),
    pytest.mark.serial,
]
UP, DOWN = Direction.TO_SERVER, Direction.TO_CLIENT
SECRET = "S3cret-word"


class Recorder:
    """Forwards one address of loopback to a server and feeds a session a connection."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.sessions: list[Session] = []
        self._sockets = [self._listener]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self._sockets.append(near)
                far = socket.create_connection(("127.0.0.1", self._server_port))
                self._sockets.append(far)
                session = Session(FlowHint(transport=Transport.TCP))
                self.sessions.append(session)
                lock = threading.Lock()
                for pump in ((near, far, UP), (far, near, DOWN)):
                    thread = threading.Thread(target=self._pump, args=(*pump, session, lock), daemon=True)
                    self._threads.append(thread)
                    thread.start()

    @staticmethod
    def _pump(
        source: socket.socket, sink: socket.socket, direction: Direction, session: Session, lock: threading.Lock
    ) -> None:
        offset = 0
        with suppress(OSError):
            while data := source.recv(65536):
                with lock:
                    session.segment(direction, offset, data, len(data))
                offset += len(data)
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def verdict(self) -> Verdict:
        """Of the first connection, once all are over."""
        self.close()
        return self.sessions[0].verdict()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        for thread in self._threads:
            thread.join(timeout=5)
        for each in self._sockets:
            each.close()


def program(name: str, *elsewhere: str) -> str:
    found = shutil.which(name, path=os.pathsep.join((os.environ["PATH"], "/usr/sbin", *elsewhere)))
    if found is None:
        pytest.skip(f"{name} is not installed; see tests/debian-packages.txt")
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@contextmanager
def running(port: int, *command: str, **options: object) -> Iterator[None]:
    """A server that listens on ``port`` while the block runs."""
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options
    )
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, f"{command[0]} ended with {process.returncode}"
                assert time.monotonic() < deadline, f"{command[0]} does not listen"
                time.sleep(0.05)
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture
def record() -> Iterator[Callable[[int], Recorder]]:
    recorders: list[Recorder] = []

    def start(port: int) -> Recorder:
        recorders.append(Recorder(port))
        return recorders[-1]

    yield start
    for recorder in recorders:
        recorder.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and a certificate for localhost."""
    path = tmp_path_factory.mktemp("certificate") / "both.pem"
    request = [program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    files = ["-subj", "/CN=localhost", "-keyout", os.fspath(path), "-out", os.fspath(path) + ".crt"]
    subprocess.run([*request, *files], check=True, capture_output=True)
    with path.open("a") as both:
        both.write(Path(os.fspath(path) + ".crt").read_text())
    path.chmod(0o644)
    for directory in list(path.parents)[:3]:
        directory.chmod(directory.stat().st_mode | 0o055)
    return path


@pytest.fixture(scope="session")
def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def run(*command: str, **options: object) -> None:
    subprocess.run(command, capture_output=True, timeout=30, check=False, **options)


def shown(verdict: Verdict) -> tuple[Protocol, Encryption, bool]:
    return verdict.protocol, verdict.encryption, verdict.credentials_exposed


@pytest.mark.parametrize(("password", "exposed"), [((), False), (("-a", SECRET), True)])
def test_redis(record: Callable[[int], Recorder], tmp_path: Path, password: tuple[str, ...], exposed: bool) -> None:
    port = free_port()
    command = [program("redis-server"), "--port", str(port), "--save", "", "--bind", "127.0.0.1"]
    with running(port, *command, "--requirepass", SECRET, cwd=tmp_path):
        recorder = record(port)
        run(program("redis-cli"), "-p", str(recorder.port), *password, "PING")
        assert shown(recorder.verdict()) == (Protocol.REDIS, Encryption.NONE, exposed)


@pytest.mark.parametrize(("user", "exposed"), [((), False), (("-u", "joe", "-P", SECRET), True)])
@pytest.mark.parametrize("version", ["mqttv31", "mqttv311", "mqttv5"])
def test_mqtt(
    record: Callable[[int], Recorder], tmp_path: Path, user: tuple[str, ...], exposed: bool, version: str
) -> None:
    port = free_port()
    configuration = tmp_path / "mosquitto.conf"
    configuration.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nuser root\n")
    with running(port, program("mosquitto"), "-c", os.fspath(configuration)):
        recorder = record(port)
        client = [program("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(recorder.port), "-V", version]
        run(*client, *user, "-t", "a", "-m", "b")
        assert shown(recorder.verdict()) == (Protocol.MQTT, Encryption.NONE, exposed)


@pytest.mark.parametrize(
    ("options", "encryption", "exposed"),
    [
        (("-D", "cn=admin,dc=example,dc=org", "-w", SECRET), Encryption.NONE, True),
        ((), Encryption.NONE, False),
        (("-ZZ", "-D", "cn=admin,dc=example,dc=org", "-w", SECRET), Encryption.UPGRADED, False),
    ],
)
def test_ldap(
    record: Callable[[int], Recorder],
    tmp_path: Path,
    certificate: Path,
    options: tuple[str, ...],
    encryption: Encryption,
    exposed: bool,
) -> None:
    port = free_port()
    configuration = tmp_path / "slapd.conf"
    configuration.write_text(
        "include /etc/ldap/schema/core.schema\nmodulepath /usr/lib/ldap\nmoduleload back_ldif\n"
        f"pidfile {tmp_path}/pid\nTLSCertificateFile {certificate}\nTLSCertificateKeyFile {certificate}\n"
        f"database ldif\ndirectory {tmp_path}\nsuffix dc=example,dc=org\n"
        f"rootdn cn=admin,dc=example,dc=org\nrootpw {SECRET}\n"
    )
    with running(
        port, program("slapd"), "-h", f"ldap://127.0.0.1:{port}", "-f", os.fspath(configuration), "-d", "0"
    ):
        recorder = record(port)
        environment = {**os.environ, "LDAPTLS_REQCERT": "never"}
        client = [program("ldapwhoami"), "-x", "-H", f"ldap://127.0.0.1:{recorder.port}"]
        run(*client, *options, env=environment)
        assert shown(recorder.verdict()) == (Protocol.LDAP, encryption, exposed)


@pytest.fixture(scope="module")
def postgresql(tmp_path_factory: pytest.TempPathFactory, certificate: Path) -> list[str]:
    """The command of a server that asks for passwords in the clear; its port and ``ssl`` are to follow."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not binaries:
        pytest.skip("postgresql is not installed; see tests/debian-packages.txt")
    data = tmp_path_factory.mktemp("postgresql")
    for parent in [data, *list(data.parents)[:3]]:
        parent.chmod(parent.stat().st_mode | 0o055)
    key, word, cluster = data / "key.pem", data / "word", data / "cluster"
    word.write_text(SECRET)
    word.chmod(0o644)
    shutil.copy(certificate, key)
    key.chmod(0o600)
    for path in (data, key):
        shutil.chown(path, "postgres")
    as_user = [program("setpriv"), "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    initdb = [os.fspath(binaries[-1] / "initdb"), "-A", "password", "--no-sync"]
    subprocess.run(
        [*as_user, *initdb, "--pwfile", os.fspath(word), "-D", os.fspath(cluster)],
        check=True,
        capture_output=True,
        cwd="/",
    )
    server = [os.fspath(binaries[-1] / "postgres"), "-D", os.fspath(cluster), "-k", os.fspath(data)]
    files = ["-c", f"ssl_cert_file={key}", "-c", f"ssl_key_file={key}"]
    return [*as_user, *server, "-h", "127.0.0.1", *files]


def psql(port: int, mode: str) -> None:
    run(
        program("psql"),
        f"host=127.0.0.1 port={port} user=postgres dbname=postgres sslmode={mode} gssencmode=disable",
        "-c",
        "select 1",
        env={**os.environ, "PGPASSWORD": SECRET},
    )


@pytest.mark.parametrize(
    ("ssl_of_server", "mode", "encryption", "exposed"),
    [
        ("off", "disable", Encryption.NONE, True),
        ("off", "prefer", Encryption.REFUSED, True),
        ("on", "require", Encryption.UPGRADED, False),
    ],
)
def test_postgresql(
    record: Callable[[int], Recorder],
    postgresql: list[str],
    ssl_of_server: str,
    mode: str,
    encryption: Encryption,
    exposed: bool,
) -> None:
    port = free_port()
    with running(port, *postgresql, "-p", str(port), "-c", f"ssl={ssl_of_server}", cwd="/"):
        recorder = record(port)
        psql(recorder.port, mode)
        assert shown(recorder.verdict()) == (Protocol.POSTGRESQL, encryption, exposed)


@pytest.fixture(scope="module")
def dovecot(tmp_path_factory: pytest.TempPathFactory, certificate: Path) -> Iterator[dict[str, int]]:
    directory = tmp_path_factory.mktemp("dovecot")
    for parent in [directory, *list(directory.parents)[:3]]:
        parent.chmod(parent.stat().st_mode | 0o055)
    ports = {"imap": free_port(), "pop3": free_port()}
    configuration = directory / "dovecot.conf"
    listeners = "".join(
        f"service {name}-login {{\n inet_listener {name} {{\n  port = {port}\n }}\n"
        f" inet_listener {name}s {{\n  port = 0\n }}\n}}\n"
        for name, port in ports.items()
    )
    configuration.write_text(
        f"protocols = imap pop3\nlisten = 127.0.0.1\nbase_dir = {directory}/run\nlog_path = {directory}/log\n"
        f"state_dir = {directory}/state\nssl = yes\nssl_cert = <{certificate}\nssl_key = <{certificate}\n"
        "disable_plaintext_auth = no\n"
        f"passdb {{\n driver = static\n args = password={SECRET}\n}}\n"
        f"userdb {{\n driver = static\n args = uid=nobody gid=nogroup home={directory}/home\n}}\n"
        f"mail_location = maildir:{directory}/home/mail\n" + listeners
    )
    home = directory / "home"
    home.mkdir()
    shutil.chown(home, "nobody")
    with running(ports["imap"], program("dovecot"), "-F", "-c", os.fspath(configuration)):
        yield ports


def test_imap_with_a_password_in_the_clear(record: Callable[[int], Recorder], dovecot: dict[str, int]) -> None:
    recorder = record(dovecot["imap"])
    with imaplib.IMAP4("127.0.0.1", recorder.port) as client:
        client.login("joe", SECRET)
    assert shown(recorder.verdict()) == (Protocol.IMAP, Encryption.OFFERED_NOT_USED, True)


def test_imap_with_starttls(
    record: Callable[[int], Recorder], dovecot: dict[str, int], trusting: ssl.SSLContext
) -> None:
    recorder = record(dovecot["imap"])
    with imaplib.IMAP4("127.0.0.1", recorder.port) as client:
        client.starttls(trusting)
        client.login("joe", SECRET)
    assert shown(recorder.verdict()) == (Protocol.IMAP, Encryption.UPGRADED, False)


def test_pop3_with_a_password_in_the_clear(record: Callable[[int], Recorder], dovecot: dict[str, int]) -> None:
    recorder = record(dovecot["pop3"])
    client = poplib.POP3("127.0.0.1", recorder.port)
    client.capa()
    client.user("joe")
    client.pass_(SECRET)
    client.quit()
    assert shown(recorder.verdict()) == (Protocol.POP3, Encryption.OFFERED_NOT_USED, True)


def test_pop3_with_stls(
    record: Callable[[int], Recorder], dovecot: dict[str, int], trusting: ssl.SSLContext
) -> None:
    recorder = record(dovecot["pop3"])
    client = poplib.POP3("127.0.0.1", recorder.port)
    client.stls(trusting)
    client.user("joe")
    client.pass_(SECRET)
    client.quit()
    assert shown(recorder.verdict()) == (Protocol.POP3, Encryption.UPGRADED, False)


@pytest.fixture(scope="module")
def exim(tmp_path_factory: pytest.TempPathFactory, certificate: Path) -> Iterator[int]:
    directory = tmp_path_factory.mktemp("exim")
    for parent in [directory, *list(directory.parents)[:3]]:
        parent.chmod(parent.stat().st_mode | 0o055)
    directory.chmod(0o777)
    configuration = directory / "exim.conf"
    configuration.write_text(
        f"primary_hostname = mail.example.org\nspool_directory = {directory}\nlog_file_path = {directory}/%slog\n"
        "tls_advertise_hosts = *\ndaemon_smtp_ports = 0\nacl_smtp_rcpt = accept\nkeep_environment =\n"
        f"tls_certificate = {certificate}\ntls_privatekey = {certificate}\nbegin acl\nbegin routers\n"
        "begin transports\nbegin authenticators\nplain:\n driver = plaintext\n public_name = PLAIN\n"
        " server_condition = true\n server_set_id = $auth2\n"
    )
    shutil.chown(configuration, "root", "root")
    configuration.chmod(0o644)
    port = free_port()
    command = [program("exim4"), "-bdf", "-oX", f"127.0.0.1.{port}", "-oP", os.fspath(directory / "pid")]
    with running(port, *command, "-C", os.fspath(configuration)):
        yield port


def test_smtp_with_a_password_in_the_clear(record: Callable[[int], Recorder], exim: int) -> None:
    recorder = record(exim)
    with smtplib.SMTP("127.0.0.1", recorder.port) as client:
        client.login("joe", SECRET)
    assert shown(recorder.verdict()) == (Protocol.SMTP, Encryption.OFFERED_NOT_USED, True)


def test_smtp_with_starttls(record: Callable[[int], Recorder], exim: int, trusting: ssl.SSLContext) -> None:
    recorder = record(exim)
    with smtplib.SMTP("127.0.0.1", recorder.port) as client:
        client.starttls(context=trusting)
        client.login("joe", SECRET)
    assert shown(recorder.verdict()) == (Protocol.SMTP, Encryption.UPGRADED, False)


@pytest.fixture(scope="module")
def vsftpd(tmp_path_factory: pytest.TempPathFactory, certificate: Path) -> Iterator[int]:
    directory = tmp_path_factory.mktemp("vsftpd")
    root = directory / "root"
    empty = directory / "empty"
    root.mkdir()
    empty.mkdir()
    for parent in [directory, *list(directory.parents)[:3]]:
        parent.chmod(parent.stat().st_mode | 0o055)
    port = free_port()
    configuration = directory / "vsftpd.conf"
    configuration.write_text(
        f"listen=YES\nlisten_port={port}\nlisten_address=127.0.0.1\nanonymous_enable=YES\nlocal_enable=YES\n"
        f"anon_root={root}\nsecure_chroot_dir={empty}\nseccomp_sandbox=NO\nbackground=NO\nssl_enable=YES\n"
        f"allow_anon_ssl=YES\nforce_local_logins_ssl=NO\nforce_local_data_ssl=NO\nrsa_cert_file={certificate}\n"
        f"rsa_private_key_file={certificate}\n"
    )
    shutil.chown(configuration, "root")
    with running(port, program("vsftpd"), os.fspath(configuration)):
        yield port


def test_ftp_anonymous(record: Callable[[int], Recorder], vsftpd: int) -> None:
    recorder = record(vsftpd)
    client = ftplib.FTP()
    client.connect("127.0.0.1", recorder.port)
    client.login()
    client.quit()
    verdict = recorder.verdict()
    assert shown(verdict) == (Protocol.FTP, Encryption.NONE, False)
    assert not verdict.account_login


def test_ftp_with_a_wrong_password(record: Callable[[int], Recorder], vsftpd: int) -> None:
    recorder = record(vsftpd)
    client = ftplib.FTP()
    client.connect("127.0.0.1", recorder.port)
    client.sendcmd("FEAT")
    with pytest.raises(ftplib.error_perm):
        client.login("nobody-here", SECRET)
    client.close()
    verdict = recorder.verdict()
    assert shown(verdict) == (Protocol.FTP, Encryption.OFFERED_NOT_USED, True)
    assert not verdict.account_login


def test_ftp_with_auth_tls(record: Callable[[int], Recorder], vsftpd: int, trusting: ssl.SSLContext) -> None:
    recorder = record(vsftpd)
    client = ftplib.FTP_TLS(context=trusting)
    client.connect("127.0.0.1", recorder.port)
    client.login()
    with suppress(OSError, EOFError):
        client.quit()
    assert shown(recorder.verdict()) == (Protocol.FTP, Encryption.UPGRADED, False)


def test_ssh(record: Callable[[int], Recorder], tmp_path: Path) -> None:
    key = tmp_path / "key"
    run(program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", os.fspath(key))
    Path("/run/sshd").mkdir(exist_ok=True)
    port = free_port()
    options = [
        "-D",
        "-e",
        "-f",
        "/dev/null",
        "-h",
        os.fspath(key),
        "-p",
        str(port),
        "-o",
        "ListenAddress=127.0.0.1",
    ]
    with running(port, program("sshd"), *options):
        recorder = record(port)
        run(program("ssh-keyscan"), "-p", str(recorder.port), "127.0.0.1")
        assert shown(recorder.verdict()) == (Protocol.SSH, Encryption.FULL, False)


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_tls(record: Callable[[int], Recorder], certificate: Path, version: str) -> None:
    port = free_port()
    server = [program("openssl"), "s_server", "-accept", str(port), "-cert", os.fspath(certificate), "-www"]
    with running(port, *server):
        recorder = record(port)
        client = [program("openssl"), "s_client", "-connect", f"127.0.0.1:{recorder.port}", version]
        run(*client, stdin=subprocess.DEVNULL)
        assert shown(recorder.verdict()) == (Protocol.TLS, Encryption.FULL, False)


@pytest.mark.parametrize(
    ("options", "exposed"),
    [((), False), (("-u", f"joe:{SECRET}"), True), (("--http0.9",), False), (("--http2-prior-knowledge",), False)],
)
def test_http(record: Callable[[int], Recorder], tmp_path: Path, options: tuple[str, ...], exposed: bool) -> None:
    port = free_port()
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(
        f"daemon off; user root; pid {tmp_path}/pid; error_log {tmp_path}/log;\nevents {{}}\n"
        f"http {{ access_log off; server {{ listen 127.0.0.1:{port}; return 301 https://example.org/; }} }}\n"
    )
    with running(port, program("nginx"), "-c", os.fspath(configuration)):
        recorder = record(port)
        run(program("curl"), "-s", *options, f"http://127.0.0.1:{recorder.port}/")
        verdict = recorder.verdict()
        assert shown(verdict) == (Protocol.HTTP, Encryption.NONE, exposed)
        assert verdict.redirect_only == ("--http2-prior-knowledge" not in options)


def test_syslog_over_both_transports(tmp_path: Path) -> None:
    for transport, option in ((Transport.UDP, "--udp"), (Transport.TCP, "--tcp")):
        kind = socket.SOCK_DGRAM if transport is Transport.UDP else socket.SOCK_STREAM
        with socket.socket(socket.AF_INET, kind) as sink:
            sink.bind(("127.0.0.1", 0))
            sink.settimeout(10)
            if transport is Transport.TCP:
                sink.listen()
            port = str(sink.getsockname()[1])
            run(program("logger"), option, "--server", "127.0.0.1", "--port", port, "hello from the test")
            peer = sink.accept()[0] if transport is Transport.TCP else sink
            data = peer.recv(2000)
            peer.close()
        session = Session(FlowHint(transport=transport))
        if transport is Transport.TCP:
            session.segment(UP, 0, data, len(data))
        else:
            session.datagram(UP, data, len(data))
        assert shown(session.verdict()) == (Protocol.SYSLOG, Encryption.NONE, False)
