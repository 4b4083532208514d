"""Which software a service is: by its own greeting, or by the name of the program that serves it."""

from javert.catalogue.server_software import LOOPBACK, SOFTWARE
from javert.formats.program_names import program_name
from javert.model.telemetry import Process
from javert.rules.services import Spoken

_BY_PROGRAM = {
    "apache2": "Apache",
    "dovecot": "Dovecot",
    "exim": "Exim",
    "exim4": "Exim",
    "httpd": "Apache",
    "imap-login": "Dovecot",
    "inetutils-ftpd": "inetutils",
    "inetutils-inetd": "inetutils",
    "inetutils-syslogd": "inetutils",
    "mariadbd": "MySQL",
    "mosquitto": "Mosquitto",
    "mysqld": "MySQL",
    "nginx": "nginx",
    "pop3-login": "Dovecot",
    "postgres": "PostgreSQL",
    "proftpd": "ProFTPD",
    "redis-server": "Redis",
    "slapd": "OpenLDAP",
    "snmpd": "Net-SNMP",
    "vsftpd": "vsftpd",
}
_BY_PATH = {
    "/postfix/": "Postfix",
    "/inetutils-": "inetutils",
    "/dovecot/": "Dovecot",
    "/postgresql/": "PostgreSQL",
}
_TOLD_HOW = frozenset({"memcached", "mqtt", "vnc"})
"""The general advice of these tells already how to bind them to loopback."""
_SAME_ADVICE = {"MariaDB": "MySQL"}


def advice_for(one: Spoken, protocol: str, process: Process | None) -> str:
    """Key of the advice for the very software, as the catalogue has it; "" where it has none.

    Args:
        one: what is known of the service; what it calls itself comes first.
        protocol: which it serves.
        process: who serves it, where that is known.
    """
    starts = one.listener.starts if one.listener else ""
    names = [answer.product for answer in one.answers]
    names.append(_of_program(starts))
    if process is not None:  # by its name too: Debian's redis-server is a link to another program
        names += [_of_program(process.exe), _of_program(process.name)]
    for name in names:
        known = _SAME_ADVICE.get(name, name)
        if (known, protocol) in SOFTWARE:
            return f"{known}.{protocol}"
    return ""


def binding_for(very: str, protocol: str) -> tuple[str, ...]:
    """Keys of what binds the software to loopback: ``very`` is what ``advice_for`` gave."""
    if not very:
        return () if protocol in _TOLD_HOW else ("bind",)
    return (f"bind.{very}",) if very in LOOPBACK else ()


def _of_program(path: str) -> str:
    name = program_name(path)
    return _BY_PROGRAM.get(name) or next((software for part, software in _BY_PATH.items() if part in path), "")
