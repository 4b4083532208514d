"""The protocols that rules report: their names, and what to use instead, for clients and for servers."""

from typing import NamedTuple

from javert.catalogue.lookup import Text


class ProtocolText(NamedTuple):
    """A protocol's name, the advice for who uses it, and the advice for who serves it."""

    name: str
    client: Text
    server: Text


_SSH_CLIENT = Text(
    "Use ssh instead (for copying files scp, sftp or rsync over ssh), and uninstall the {process} client.",
    "代わりに ssh を使用し (ファイル転送には scp、sftp、または ssh 経由の rsync)、{process} クライアントは"
    "アンインストールしてください。",
)
_SSH_SERVER = Text(
    "Let users log in with OpenSSH, then stop this service and uninstall it.",
    "OpenSSH でログインするように移行し、このサービスを停止してアンインストールしてください。",
)


def _tls(client: tuple[str, str], server: tuple[str, str]) -> tuple[Text, Text]:
    return Text(*client), Text(*server)


PROTOCOLS: dict[str, ProtocolText] = {
    "telnet": ProtocolText("Telnet", _SSH_CLIENT, _SSH_SERVER),
    "rlogin": ProtocolText("rlogin", _SSH_CLIENT, _SSH_SERVER),
    "rsh": ProtocolText("rsh", _SSH_CLIENT, _SSH_SERVER),
    "rexec": ProtocolText("rexec", _SSH_CLIENT, _SSH_SERVER),
    "vnc": ProtocolText(
        "VNC",
        *_tls(
            (
                "Connect through an ssh tunnel (ssh -L 5901:localhost:5901 HOST) or use a viewer and server with TLS "
                "(VeNCrypt).",
                "ssh トンネル (ssh -L 5901:localhost:5901 HOST) を経由するか、TLS (VeNCrypt) に対応したビューアとサーバーを"
                "使用してください。",
            ),
            (
                "Bind it to loopback (-localhost) and reach it through ssh, or require VeNCrypt with X509 certificates.",
                "ループバックだけにバインドして (-localhost) ssh 経由で接続するか、X509 証明書による VeNCrypt を必須にしてください。",
            ),
        ),
    ),
    "ftp": ProtocolText(
        "FTP",
        *_tls(
            (
                "Use sftp (or FTP with TLS: lftp with ftp:ssl-force true; curl with --ssl-reqd).",
                "sftp を使用してください (または TLS 付き FTP: lftp では ftp:ssl-force true、curl では --ssl-reqd)。",
            ),
            (
                "Offer sftp instead, or require TLS: vsftpd ssl_enable=YES, force_local_logins_ssl=YES and "
                "force_local_data_ssl=YES; ProFTPD TLSEngine on and TLSRequired on.",
                "代わりに sftp を提供するか、TLS を必須にしてください。vsftpd: ssl_enable=YES、force_local_logins_ssl=YES、"
                "force_local_data_ssl=YES。ProFTPD: TLSEngine on、TLSRequired on。",
            ),
        ),
    ),
    "http": ProtocolText(
        "HTTP",
        *_tls(
            (
                "Use https:// addresses; for package mirrors and APIs change the scheme in the configuration.",
                "https:// のアドレスを使用してください。パッケージのミラーや API では設定のスキームを変更してください。",
            ),
            (
                "Serve it over TLS and let plain HTTP only redirect: nginx `listen 443 ssl` and `return 301 "
                "https://$host$request_uri;`, Apache `SSLEngine on` and `Redirect permanent / https://…`.",
                "TLS で提供し、平文の HTTP はリダイレクトだけにしてください。nginx: `listen 443 ssl` と `return 301 "
                "https://$host$request_uri;`、Apache: `SSLEngine on` と `Redirect permanent / https://…`。",
            ),
        ),
    ),
    "imap": ProtocolText(
        "IMAP",
        *_tls(
            (
                "Set the mail client to IMAPS (port 993) or to require STARTTLS.",
                "メールクライアントで IMAPS (ポート 993) を使用するか、STARTTLS を必須に設定してください。",
            ),
            (
                "Require TLS: Dovecot ssl = required and disable_plaintext_auth = yes.",
                "TLS を必須にしてください。Dovecot: ssl = required、disable_plaintext_auth = yes。",
            ),
        ),
    ),
    "pop3": ProtocolText(
        "POP3",
        *_tls(
            (
                "Set the mail client to POP3S (port 995) or to require STLS.",
                "メールクライアントで POP3S (ポート 995) を使用するか、STLS を必須に設定してください。",
            ),
            (
                "Require TLS: Dovecot ssl = required and disable_plaintext_auth = yes.",
                "TLS を必須にしてください。Dovecot: ssl = required、disable_plaintext_auth = yes。",
            ),
        ),
    ),
    "smtp": ProtocolText(
        "SMTP",
        *_tls(
            (
                "Require TLS towards this server: Postfix smtp_tls_security_level = encrypt (or a tls_policy map), Exim "
                "hosts_require_tls, msmtp tls on; for submission use port 465 or STARTTLS on 587.",
                "このサーバーへの TLS を必須にしてください。Postfix: smtp_tls_security_level = encrypt (または tls_policy "
                "マップ)、Exim: hosts_require_tls、msmtp: tls on。投稿にはポート 465 か 587 の STARTTLS を使用してください。",
            ),
            (
                "Offer STARTTLS (Postfix smtpd_tls_security_level = may with a certificate; Exim tls_advertise_hosts = *), "
                "and require it where users log in (smtpd_tls_auth_only = yes, or encrypt on the submission port).",
                "STARTTLS を提供し (Postfix: 証明書と smtpd_tls_security_level = may、Exim: tls_advertise_hosts = *)、ユーザーが"
                "認証するところでは必須にしてください (smtpd_tls_auth_only = yes、または submission ポートで encrypt)。",
            ),
        ),
    ),
    "snmpv1": ProtocolText(
        "SNMPv1",
        *_tls(
            (
                "Poll with SNMPv3 and privacy: snmpget -v3 -l authPriv -u USER -a SHA-256 -x AES …",
                "プライバシー付きの SNMPv3 で取得してください: snmpget -v3 -l authPriv -u USER -a SHA-256 -x AES …",
            ),
            (
                "Accept SNMPv3 only: in snmpd.conf remove rocommunity, rwcommunity and com2sec lines, create a user with "
                "net-snmp-create-v3-user and allow it with `rouser USER priv`.",
                "SNMPv3 だけを受け付けてください。snmpd.conf から rocommunity、rwcommunity、com2sec の行を削除し、"
                "net-snmp-create-v3-user でユーザーを作成して `rouser USER priv` で許可します。",
            ),
        ),
    ),
    "tftp": ProtocolText(
        "TFTP",
        *_tls(
            (
                "Fetch files over https or sftp where the device can; else keep TFTP within a network of its own.",
                "機器が対応していれば https か sftp を使用し、対応していなければ TFTP を専用のネットワーク内に限定してください。",
            ),
            (
                "Stop it if nothing boots from it; else let only the boot network reach it.",
                "これを使って起動する機器がなければ停止し、あれば起動用のネットワークからだけ到達できるようにしてください。",
            ),
        ),
    ),
    "ldap": ProtocolText(
        "LDAP",
        *_tls(
            (
                "Use ldaps:// or require StartTLS: in ldap.conf TLS_REQCERT demand, ldapsearch -ZZ, sssd "
                "ldap_id_use_start_tls = true.",
                "ldaps:// を使用するか StartTLS を必須にしてください。ldap.conf: TLS_REQCERT demand、ldapsearch -ZZ、sssd: "
                "ldap_id_use_start_tls = true。",
            ),
            (
                "Require encryption: OpenLDAP olcSecurity: tls=1 (slapd.conf: security tls=1).",
                "暗号化を必須にしてください。OpenLDAP: olcSecurity: tls=1 (slapd.conf: security tls=1)。",
            ),
        ),
    ),
    "nntp": ProtocolText(
        "NNTP",
        *_tls(
            (
                "Use NNTPS (port 563) or STARTTLS.",
                "NNTPS (ポート 563) または STARTTLS を使用してください。",
            ),
            (
                "Offer NNTPS and let users authenticate only over TLS.",
                "NNTPS を提供し、認証は TLS 上だけで許可してください。",
            ),
        ),
    ),
    "irc": ProtocolText(
        "IRC",
        *_tls(
            ("Use the server's TLS port (6697).", "サーバーの TLS ポート (6697) を使用してください。"),
            (
                "Offer TLS on port 6697 and close the plain port.",
                "ポート 6697 で TLS を提供し、平文のポートを閉じてください。",
            ),
        ),
    ),
    "mysql": ProtocolText(
        "MySQL",
        *_tls(
            (
                "Connect with --ssl-mode=VERIFY_IDENTITY (MariaDB: --ssl-verify-server-cert), or the same option of the "
                "driver.",
                "--ssl-mode=VERIFY_IDENTITY (MariaDB: --ssl-verify-server-cert)、またはドライバーの同等のオプションで"
                "接続してください。",
            ),
            (
                "Set require_secure_transport = ON with ssl_cert and ssl_key in my.cnf.",
                "my.cnf に ssl_cert と ssl_key を指定し、require_secure_transport = ON を設定してください。",
            ),
        ),
    ),
    "postgresql": ProtocolText(
        "PostgreSQL",
        *_tls(
            (
                "Connect with sslmode=verify-full.",
                "sslmode=verify-full で接続してください。",
            ),
            (
                "Set ssl = on in postgresql.conf and use hostssl lines (no host lines) in pg_hba.conf.",
                "postgresql.conf で ssl = on を設定し、pg_hba.conf では host 行ではなく hostssl 行を使用してください。",
            ),
        ),
    ),
    "redis": ProtocolText(
        "Redis",
        *_tls(
            (
                "Connect with TLS (redis-cli --tls, rediss://).",
                "TLS で接続してください (redis-cli --tls、rediss://)。",
            ),
            (
                "Set tls-port 6379 and port 0, with tls-cert-file and tls-key-file.",
                "tls-cert-file と tls-key-file を指定し、tls-port 6379 と port 0 を設定してください。",
            ),
        ),
    ),
    "mongodb": ProtocolText(
        "MongoDB",
        *_tls(
            ("Connect with tls=true.", "tls=true で接続してください。"),
            (
                "Set net.tls.mode: requireTLS in mongod.conf.",
                "mongod.conf で net.tls.mode: requireTLS を設定してください。",
            ),
        ),
    ),
    "mqtt": ProtocolText(
        "MQTT",
        *_tls(
            ("Connect with TLS (port 8883).", "TLS (ポート 8883) で接続してください。"),
            (
                "Mosquitto: listener 8883 with certfile and keyfile, and no listener 1883 but on 127.0.0.1.",
                "Mosquitto: certfile と keyfile を指定した listener 8883 を使用し、listener 1883 は 127.0.0.1 だけにしてください。",
            ),
        ),
    ),
    "amqp": ProtocolText(
        "AMQP",
        *_tls(
            ("Connect with amqps:// (port 5671).", "amqps:// (ポート 5671) で接続してください。"),
            (
                "RabbitMQ: listeners.ssl.default = 5671 and listeners.tcp = none.",
                "RabbitMQ: listeners.ssl.default = 5671、listeners.tcp = none。",
            ),
        ),
    ),
    "sip": ProtocolText(
        "SIP",
        *_tls(
            (
                "Register over TLS (sips:, port 5061) and encrypt media with SRTP.",
                "TLS (sips:、ポート 5061) で登録し、メディアは SRTP で暗号化してください。",
            ),
            (
                "Offer TLS on 5061, require it of phones, and require SRTP.",
                "5061 で TLS を提供して電話機に必須とし、SRTP も必須にしてください。",
            ),
        ),
    ),
    "rtsp": ProtocolText(
        "RTSP",
        *_tls(
            (
                "Use rtsps:// where the camera offers it; else keep it within a network of its own.",
                "カメラが対応していれば rtsps:// を使用し、対応していなければ専用のネットワーク内に限定してください。",
            ),
            ("Offer RTSP over TLS.", "TLS 上の RTSP を提供してください。"),
        ),
    ),
    "syslog": ProtocolText(
        "syslog",
        *_tls(
            (
                'Send logs over TLS (RFC 5425): rsyslog StreamDriver="gtls" StreamDriverMode="1", port 6514.',
                'ログは TLS (RFC 5425) で送信してください: rsyslog StreamDriver="gtls" StreamDriverMode="1"、ポート 6514。',
            ),
            (
                'Take logs over TLS only: rsyslog imtcp with StreamDriver.Mode="1" on port 6514.',
                'ログは TLS だけで受信してください: rsyslog imtcp、StreamDriver.Mode="1"、ポート 6514。',
            ),
        ),
    ),
    "nfs": ProtocolText(
        "NFS / ONC RPC",
        *_tls(
            (
                "Mount with sec=krb5p, or with xprtsec=mtls on Linux 6.5 and later.",
                "sec=krb5p、または Linux 6.5 以降では xprtsec=mtls でマウントしてください。",
            ),
            (
                "Export with sec=krb5p (or xprtsec=mtls), and let portmap be reached by clients only.",
                "sec=krb5p (または xprtsec=mtls) でエクスポートし、portmap にはクライアントからだけ到達できるようにしてください。",
            ),
        ),
    ),
    "smb1": ProtocolText(
        "SMB1",
        *_tls(
            (
                "Mount with vers=3.1.1,seal; set client min protocol = SMB3 in smb.conf.",
                "vers=3.1.1,seal でマウントし、smb.conf で client min protocol = SMB3 を設定してください。",
            ),
            (
                "Set server min protocol = SMB3 and server smb encrypt = required in smb.conf.",
                "smb.conf で server min protocol = SMB3、server smb encrypt = required を設定してください。",
            ),
        ),
    ),
    "xmpp": ProtocolText(
        "XMPP",
        *_tls(
            (
                "Set the client to require encryption (STARTTLS on port 5222, or direct TLS on 5223); let no component "
                "or bot log in with PLAIN over an unencrypted connection.",
                "クライアントで暗号化を必須にしてください (ポート 5222 の STARTTLS、または 5223 の直接 TLS)。コンポーネントや"
                "ボットにも、暗号化されていない接続で PLAIN 認証をさせないでください。",
            ),
            (
                "Require TLS of clients and of other servers: Prosody c2s_require_encryption = true and "
                "s2s_require_encryption = true; ejabberd starttls_required: true and s2s_use_starttls: required.",
                "クライアントと他のサーバーの両方に TLS を必須にしてください。Prosody: c2s_require_encryption = true、"
                "s2s_require_encryption = true。ejabberd: starttls_required: true、s2s_use_starttls: required。",
            ),
        ),
    ),
    "memcached": ProtocolText(
        "memcached",
        *_tls(
            ("Connect with TLS.", "TLS で接続してください。"),
            (
                "Bind it to loopback (-l 127.0.0.1), or require TLS (-Z -o ssl_chain_cert=…,ssl_key=…) and SASL (-S).",
                "ループバックにバインドするか (-l 127.0.0.1)、TLS (-Z -o ssl_chain_cert=…,ssl_key=…) と SASL (-S) を必須に"
                "してください。",
            ),
        ),
    ),
    "x11": ProtocolText(
        "X11",
        *_tls(
            (
                "Forward X11 through ssh (ssh -X).",
                "ssh 経由で X11 を転送してください (ssh -X)。",
            ),
            (
                "Start the X server with -nolisten tcp (the default of current ones), and use ssh -X for remote programs.",
                "X サーバーを -nolisten tcp (現在の既定値) で起動し、リモートのプログラムには ssh -X を使用してください。",
            ),
        ),
    ),
}
PROTOCOLS["snmpv2c"] = ProtocolText("SNMPv2c", PROTOCOLS["snmpv1"].client, PROTOCOLS["snmpv1"].server)
