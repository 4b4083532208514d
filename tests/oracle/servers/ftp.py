"""vsftpd and ProFTPD."""

from functools import partial

from tests.oracle.servers.place import Spot
from tests.oracle.servers.records import Acceptance, Expected, Server, Service, answer

VSFTPD = """
background=NO
listen=YES
listen_address=$address
listen_port=$port
anon_root=$directory/empty
secure_chroot_dir=$directory/empty
pam_service_name=vsftpd
xferlog_enable=NO
rsa_cert_file=$certificate
rsa_private_key_file=$key
local_enable=YES
"""

PROFTPD = """
ModulePath /usr/lib/proftpd
LoadModule mod_tls.c
ServerType standalone
UseIPv6 off
DefaultAddress $address
SocketBindTight on
Port $port
User proftpd
Group proftpd
PidFile $directory/pid
ScoreboardFile $directory/scoreboard
DelayEngine off
SystemLog none
WtmpLog off
TLSRSACertificateFile $certificate
TLSRSACertificateKeyFile $directory/key.pem
"""


def _start_vsftpd(settings: str, spot: Spot) -> None:
    (spot.directory / "empty").mkdir()
    spot.start("vsftpd", spot.configure("vsftpd.conf", VSFTPD, settings))


def _start_proftpd(settings: str, spot: Spot) -> None:
    spot.write("key.pem", spot.key.read_text(), mode=0o600)  # it refuses one that others can read
    spot.start("proftpd", "--nodaemon", "--config", spot.configure("proftpd.conf", PROFTPD, settings))


def vsftpd(variant: str, expected: Expected, settings: str, port: int = 21) -> Server:
    return Server("vsftpd", variant, partial(_start_vsftpd, settings), (Service(port, expected),))


def proftpd(variant: str, expected: Expected, settings: str, port: int = 21) -> Server:
    return Server("ProFTPD", variant, partial(_start_proftpd, settings), (Service(port, expected),))


def ftp(acceptance: Acceptance, product: str) -> Expected:
    return (answer("ftp", acceptance, product),)


IMPLICIT = (answer("tls", Acceptance.TLS_ONLY),)

SERVERS = (
    vsftpd("no TLS", ftp(Acceptance.CLEARTEXT_ONLY, "vsftpd"), "anonymous_enable=NO"),
    vsftpd(
        "no TLS, anonymous only", ftp(Acceptance.CLEARTEXT_ONLY, "vsftpd"), "anonymous_enable=YES\nlocal_enable=NO"
    ),
    vsftpd(
        "TLS optional",
        ftp(Acceptance.TLS_OPTIONAL, "vsftpd"),
        "anonymous_enable=NO\nssl_enable=YES\nforce_local_logins_ssl=NO\nforce_local_data_ssl=NO",
    ),
    vsftpd(
        "TLS forced (force_local_logins_ssl)",
        ftp(Acceptance.TLS_REQUIRED, "vsftpd"),
        "anonymous_enable=NO\nssl_enable=YES\nforce_local_logins_ssl=YES\nforce_local_data_ssl=YES",
    ),
    vsftpd(  # until PASS it answers as the one before does: that it lets anonymous in, in the clear, cannot be told
        "TLS forced for local users, anonymous in the clear",
        ftp(Acceptance.TLS_REQUIRED, "vsftpd"),
        "anonymous_enable=YES\nssl_enable=YES\nforce_local_logins_ssl=YES\nforce_local_data_ssl=YES",
    ),
    vsftpd(
        "TLS forced for all",
        ftp(Acceptance.TLS_REQUIRED, "vsftpd"),
        "anonymous_enable=YES\nssl_enable=YES\nallow_anon_ssl=YES\nforce_anon_logins_ssl=YES\nforce_anon_data_ssl=YES",
    ),
    vsftpd("TLS from the first byte", IMPLICIT, "anonymous_enable=NO\nssl_enable=YES\nimplicit_ssl=YES", port=990),
    proftpd("no TLS", ftp(Acceptance.CLEARTEXT_ONLY, "ProFTPD"), "TLSEngine off"),
    proftpd("TLS optional", ftp(Acceptance.TLS_OPTIONAL, "ProFTPD"), "TLSEngine on\nTLSRequired off"),
    proftpd("TLS forced (TLSRequired on)", ftp(Acceptance.TLS_REQUIRED, "ProFTPD"), "TLSEngine on\nTLSRequired on"),
    proftpd(
        "TLS forced for the control channel",
        ftp(Acceptance.TLS_REQUIRED, "ProFTPD"),
        "TLSEngine on\nTLSRequired ctrl",
        port=2121,
    ),
    proftpd(
        "TLS forced for data only",
        ftp(Acceptance.TLS_OPTIONAL, "ProFTPD"),
        "TLSEngine on\nTLSRequired data",
    ),
    proftpd(
        "TLS forced, named otherwise",
        ftp(Acceptance.TLS_REQUIRED, ""),
        'ServerIdent on "files"\nTLSEngine on\nTLSRequired on',
    ),
    proftpd("TLS from the first byte", IMPLICIT, "TLSEngine on\nTLSOptions UseImplicitSSL", port=990),
)
