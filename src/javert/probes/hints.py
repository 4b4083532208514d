"""What a service probably speaks, from what is known before it is asked: it decides the order of questions only."""

from javert.model.ports import PROTOCOLS_BY_PORT
from javert.probes.interface import ServiceHint

_BY_NAME = {
    "apache2": "http",
    "beam.smp": "amqp",
    "caddy": "http",
    "dnsmasq": "dns",
    "dovecot": "imap",
    "ejabberd": "xmpp",
    "exim": "smtp",
    "haproxy": "http",
    "httpd": "http",
    "in.rexecd": "rexec",
    "in.rlogind": "rlogin",
    "in.rshd": "rsh",
    "in.telnetd": "telnet",
    "inspircd": "irc",
    "keydb-server": "redis",
    "lighttpd": "http",
    "mariadb": "mysql",
    "master": "smtp",
    "memcached": "memcached",
    "mongod": "mongodb",
    "mongos": "mongodb",
    "mosquitto": "mqtt",
    "mysqld": "mysql",
    "named": "dns",
    "ngircd": "irc",
    "nginx": "http",
    "pgbouncer": "postgresql",
    "pgpool": "postgresql",
    "postfix": "smtp",
    "postgres": "postgresql",
    "prosody": "xmpp",
    "proftpd": "ftp",
    "pure-ftpd": "ftp",
    "rabbitmq": "amqp",
    "redis": "redis",
    "rexecd": "rexec",
    "rlogind": "rlogin",
    "rpc.": "nfs",
    "rpcbind": "nfs",
    "rshd": "rsh",
    "slapd": "ldap",
    "smbd": "smb1",
    "snmpd": "snmp",
    "sshd": "ssh",
    "telnetd": "telnet",
    "unbound": "dns",
    "unrealircd": "irc",
    "valkey": "redis",
    "vsftpd": "ftp",
    "Xorg": "x11",
    "Xtigervnc": "vnc",
    "Xvfb": "x11",
    "Xvnc": "vnc",
}
"""Beginnings of names of programs and of systemd's units."""


def expected(hint: ServiceHint) -> tuple[str, ...]:
    """The protocols to ask for first, the likeliest first, without repetition."""
    observed = ("snmp" if one.startswith("snmp") else one for one in hint.observed)
    guesses = (*observed, _named(hint.program), PROTOCOLS_BY_PORT.get(hint.port, ""), _named(hint.unit))
    return tuple(dict.fromkeys(guess for guess in guesses if guess))


def _named(name: str) -> str:
    return next((protocol for start, protocol in _BY_NAME.items() if name.startswith(start)), "")
