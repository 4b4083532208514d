"""Dovecot for mail that is read, Postfix and Exim for mail that is sent."""

from functools import partial

from tests.oracle.servers.place import PASSWORD, USER, Spot
from tests.oracle.servers.records import Acceptance, Authentication, Expected, Server, Service, Where, answer

DOVECOT = """
protocols = imap pop3
listen = $address
base_dir = /run/$name
state_dir = /run/$name.state
log_path = $directory/dovecot.log
ssl_cert = <$certificate
ssl_key = <$key
passdb {
  driver = static
  args = password=$password
}
userdb {
  driver = static
  args = uid=$user gid=$user home=$directory/mail
}
mail_location = maildir:$directory/mail
service imap-login {
  inet_listener imap {
    port = $imap
  }
  inet_listener imaps {
    port = $imaps
  }
}
service pop3-login {
  inet_listener pop3 {
    port = $pop3
  }
  inet_listener pop3s {
    port = $pop3s
  }
}
"""

POSTFIX_MAIN = """
compatibility_level = 3.6
config_directory = $directory
queue_directory = $directory/queue
data_directory = $directory/data
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
myhostname = servers.example
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
mynetworks = 127.0.0.0/8
inet_interfaces = all
inet_protocols = ipv4
smtpd_tls_chain_files = $key, $certificate
"""

POSTFIX_MASTER = """
$address:$port inet n - n - - smtpd $options
cleanup unix n - n - 0 cleanup
rewrite unix - - n - - trivial-rewrite
tlsmgr unix - - n 1000? 1 tlsmgr
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
"""

EXIM = """
keep_environment =
primary_hostname = servers.example
local_interfaces = $address
daemon_smtp_ports = $port
spool_directory = $directory
log_file_path = $directory/%slog
pid_file_path = $directory/pid
host_lookup =
rfc1413_query_timeout = 0s
tls_certificate = $certificate
tls_privatekey = $directory/key.pem
acl_smtp_rcpt = accept
auth_advertise_hosts = *
"""

EXIM_END = """
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = false
"""


def _start_dovecot(settings: str, spot: Spot) -> None:
    ports = dict.fromkeys(("imap", "imaps", "pop3", "pop3s"), 0)
    names = {143: "imap", 993: "imaps", 110: "pop3", 995: "pop3s", 1143: "imap", 1110: "pop3"}
    ports |= {names[given]: port for given, port in spot.ports.items()}
    name = f"dovecot-{spot.number}"
    mail = spot.directory / "mail"
    mail.mkdir()
    spot.run("chown", USER, mail)
    values = ports | {"name": name, "user": USER, "password": PASSWORD}
    spot.start("dovecot", "-F", "-c", spot.configure("dovecot.conf", DOVECOT, settings, **values))


def _start_postfix(settings: str, options: str, spot: Spot) -> None:
    spot.configure("main.cf", POSTFIX_MAIN, settings)
    spot.configure("master.cf", POSTFIX_MASTER, options=options)
    queues = (
        "active",
        "bounce",
        "corrupt",
        "defer",
        "deferred",
        "flush",
        "hold",
        "incoming",
        "private",
        "saved",
        "trace",
    )
    for name in (
        "data",
        "queue",
        "queue/pid",
        "queue/public",
        "queue/maildrop",
        *(f"queue/{each}" for each in queues),
    ):
        (spot.directory / name).mkdir(mode=0o755)
    inside = [
        spot.directory / "data",
        *(spot.directory / "queue" / each for each in (*queues, "public", "maildrop")),
    ]
    spot.run("chown", "postfix", *inside)
    spot.start("/usr/lib/postfix/sbin/master", "-c", spot.directory, "-s")


def _start_exim(settings: str, spot: Spot) -> None:
    spot.write("key.pem", spot.key.read_text())
    path = spot.configure("exim.conf", EXIM, settings, EXIM_END)
    spot.give("Debian-exim")
    spot.run("chown", "root", path)
    spot.start("exim4", "-bdf", "-C", path)


def dovecot(
    variant: str,
    acceptance: Acceptance,
    settings: str,
    ports: tuple[int, int] = (143, 110),
    where: Where = Where.LOOPBACK,
) -> Server:
    imap, pop3 = ports
    if acceptance is Acceptance.TLS_ONLY:
        services = (Service(imap, TLS), Service(pop3, TLS))
    else:
        services = tuple(
            Service(port, (answer(protocol, acceptance, "Dovecot", authentication=Authentication.REQUIRED),))
            for port, protocol in ((imap, "imap"), (pop3, "pop3"))
        )
    return Server("Dovecot", variant, partial(_start_dovecot, settings), services, where)


def postfix(variant: str, acceptance: Acceptance, settings: str, port: int = 25, options: str = "") -> Server:
    services = (Service(port, smtp(acceptance, "Postfix")),)
    return Server("Postfix", variant, partial(_start_postfix, settings, options), services)


def exim(variant: str, acceptance: Acceptance, settings: str, port: int = 25) -> Server:
    return Server("Exim", variant, partial(_start_exim, settings), (Service(port, smtp(acceptance, "Exim")),))


def smtp(acceptance: Acceptance, product: str) -> Expected:
    return TLS if acceptance is Acceptance.TLS_ONLY else (answer("smtp", acceptance, product),)


TLS = (answer("tls", Acceptance.TLS_ONLY),)
CLEAR = Acceptance.CLEARTEXT_ONLY
OPTIONAL = Acceptance.TLS_OPTIONAL
REQUIRED = Acceptance.TLS_REQUIRED

SERVERS = (
    dovecot("no TLS (ssl = no)", CLEAR, "ssl = no\ndisable_plaintext_auth = no"),
    dovecot("STARTTLS optional", OPTIONAL, "ssl = yes\ndisable_plaintext_auth = no"),
    dovecot("STARTTLS, no passwords before it", REQUIRED, "ssl = yes\ndisable_plaintext_auth = yes"),
    dovecot("STARTTLS required (ssl = required)", REQUIRED, "ssl = required"),
    dovecot(
        "STARTTLS optional, CRAM-MD5 in the clear",
        OPTIONAL,
        "ssl = yes\ndisable_plaintext_auth = yes\nauth_mechanisms = plain cram-md5",
    ),
    dovecot("IMAPS and POP3S", Acceptance.TLS_ONLY, "ssl = required", (993, 995)),
    dovecot("all addresses, STARTTLS required", REQUIRED, "ssl = required", (1143, 1110), Where.ANY),
    dovecot(
        "127.0.0.1 of the machine, STARTTLS optional",
        OPTIONAL,
        "ssl = yes\ndisable_plaintext_auth = no",
        where=Where.HOST,
    ),
    postfix("no TLS", CLEAR, "smtpd_tls_security_level = none"),
    postfix("STARTTLS optional (may)", OPTIONAL, "smtpd_tls_security_level = may"),
    postfix(
        "STARTTLS optional, passwords only after it",
        OPTIONAL,
        "smtpd_tls_security_level = may\nsmtpd_tls_auth_only = yes",
        port=587,
    ),
    postfix("STARTTLS required (encrypt)", REQUIRED, "smtpd_tls_security_level = encrypt"),
    postfix("STARTTLS required, submission", REQUIRED, "", port=587, options="-o smtpd_tls_security_level=encrypt"),
    postfix("TLS from the first byte", Acceptance.TLS_ONLY, "", port=465, options="-o smtpd_tls_wrappermode=yes"),
    exim("no TLS", CLEAR, "tls_advertise_hosts ="),
    exim("STARTTLS optional", OPTIONAL, "tls_advertise_hosts = *"),
    exim(
        "STARTTLS required (acl_smtp_mail)",
        REQUIRED,
        "tls_advertise_hosts = *\nacl_smtp_mail = mail\nbegin acl\nmail:\n"
        "  deny message = TLS is required\n       !encrypted = *\n  accept",
    ),
    exim("TLS from the first byte", Acceptance.TLS_ONLY, "tls_on_connect_ports = 465", port=465),
)
