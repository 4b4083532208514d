"""What identification takes and gives."""

from enum import Enum, StrEnum

import msgspec

from javert.model.telemetry import Encryption, Transport


class Direction(Enum):
    """Which side sent a segment; the client is the one that opened the flow (or is taken to have)."""

    TO_SERVER = 0
    TO_CLIENT = 1


class Protocol(StrEnum):
    """The names that reports, telemetry and labels use; captures' labels call XMPP ``other``."""

    FTP = "ftp"
    TELNET = "telnet"
    RLOGIN = "rlogin"
    RSH = "rsh"
    REXEC = "rexec"
    HTTP = "http"
    IMAP = "imap"
    POP3 = "pop3"
    SMTP = "smtp"
    SNMPV1 = "snmpv1"
    SNMPV2C = "snmpv2c"
    SNMPV3 = "snmpv3"
    TFTP = "tftp"
    LDAP = "ldap"
    NNTP = "nntp"
    IRC = "irc"
    VNC = "vnc"
    MYSQL = "mysql"
    POSTGRESQL = "postgresql"
    REDIS = "redis"
    MONGODB = "mongodb"
    MQTT = "mqtt"
    AMQP = "amqp"
    SIP = "sip"
    RTSP = "rtsp"
    SYSLOG = "syslog"
    NFS = "nfs"
    SMB1 = "smb1"
    XMPP = "xmpp"
    TLS = "tls"
    SSH = "ssh"
    QUIC = "quic"
    DTLS = "dtls"
    DNS = "dns"
    UNKNOWN = "unknown"


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a flow is, as far as its payload told.

    Attributes:
        protocol: UNKNOWN if nothing fits (yet).
        encryption: FULL for TLS, SSH, QUIC, DTLS and SNMPv3 with privacy; UPGRADED only once TLS really began.
        credentials_exposed: a credential crossed readable. The credential itself is never kept.
        account_login: a real account logged in (FTP: a user other than anonymous or ftp).
        redirect_only: (HTTP) every answer seen redirects to https.
    """

    protocol: Protocol
    encryption: Encryption = Encryption.UNKNOWN
    credentials_exposed: bool = False
    account_login: bool = False
    redirect_only: bool = False


class FlowHint(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a flow besides its payload.

    Attributes:
        server_port: only rsh and rexec, whose payload is the same, may ask for it.
        midstream: the flow was joined after its beginning.
    """

    transport: Transport
    server_port: int = 0
    midstream: bool = False
