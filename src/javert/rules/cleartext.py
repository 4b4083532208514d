"""Which protocols are insecure, and which of them log in to a machine."""

from javert.model.ports import CLEARTEXT_TCP_PORTS
from javert.model.telemetry import Endpoint, Evidence, ProtocolUse

LOGIN_PROTOCOLS = frozenset({"telnet", "rlogin", "rsh", "rexec", "vnc"})
"""Protocols that are for logging in; FTP is one of them where a real account did."""

OTHER_PROTOCOLS = frozenset(
    {
        "amqp",
        "ftp",
        "http",
        "imap",
        "irc",
        "ldap",
        "mongodb",
        "mqtt",
        "mysql",
        "nfs",
        "nntp",
        "pop3",
        "postgresql",
        "redis",
        "rtsp",
        "sip",
        "smb1",
        "smtp",
        "snmpv1",
        "snmpv2c",
        "syslog",
        "tftp",
        "xmpp",
    }
)

INSECURE_PROTOCOLS = LOGIN_PROTOCOLS | OTHER_PROTOCOLS

SERVED_PROTOCOLS = INSECURE_PROTOCOLS | {"memcached", "x11"}
"""What a service is reported for; two of them are told only by asking it."""


def protocol_of(endpoint: Endpoint, use: ProtocolUse) -> str | None:
    """The insecure protocol that these flows of an endpoint spoke in the clear; None if they did not.

    A port number tells only for flows whose beginning was not seen.
    """
    if use.evidence is Evidence.PORT:
        return CLEARTEXT_TCP_PORTS.get(endpoint.port)
    if use.encryption.cleartext and use.protocol in INSECURE_PROTOCOLS:
        return use.protocol
    return None


def is_login(protocol: str, use: ProtocolUse) -> bool:
    """Whether somebody logged in to a machine by it."""
    return protocol in LOGIN_PROTOCOLS or (protocol == "ftp" and use.account_login)
