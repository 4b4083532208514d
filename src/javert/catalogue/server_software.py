"""What to set in the very software that serves a protocol in the clear.

Keys are ``service.fix.<software>.<protocol>``, and ``service.bind.<software>.<protocol>`` for what keeps it to loopback.
"""

from javert.catalogue.lookup import Text

_DOVECOT = Text(
    "Dovecot: set `ssl = required` and `disable_plaintext_auth = yes` (2.4: `auth_allow_cleartext = no`) in "
    "conf.d/10-ssl.conf and 10-auth.conf; or close the port with `port = 0` in its inet_listener and leave the one with TLS.",
    "Dovecot: conf.d/10-ssl.conf と 10-auth.conf で `ssl = required` と `disable_plaintext_auth = yes` (2.4 では "
    "`auth_allow_cleartext = no`) を設定するか、inet_listener の `port = 0` でポートを閉じて TLS のポートだけを残してください。",
)
_SNMP = Text(
    "Net-SNMP: remove the rocommunity, rwcommunity and com2sec lines from snmpd.conf, make a version 3 user with "
    "`net-snmp-create-v3-user -ro -a SHA -x AES NAME`, and admit it only with encryption: `rouser NAME priv`.",
    "Net-SNMP: snmpd.conf から rocommunity、rwcommunity、com2sec の行を削除し、`net-snmp-create-v3-user -ro -a SHA -x AES NAME` で"
    "バージョン 3 のユーザーを作成して、`rouser NAME priv` で暗号化を必須にしてください。",
)
_INETUTILS = Text(
    "inetutils: take the line of the service out of inetd.conf (`update-inetd --disable NAME`, then restart inetd), let "
    "users log in with OpenSSH, and uninstall the server.",
    "inetutils: inetd.conf からこのサービスの行を外し (`update-inetd --disable NAME` の後に inetd を再起動)、OpenSSH での"
    "ログインに移行して、サーバーをアンインストールしてください。",
)

SOFTWARE: dict[tuple[str, str], Text] = {
    ("nginx", "http"): Text(
        "nginx: serve it with `listen 443 ssl;`, ssl_certificate and ssl_certificate_key, and let this port only redirect: "
        "`return 301 https://$host$request_uri;`.",
        "nginx: `listen 443 ssl;` と ssl_certificate、ssl_certificate_key で提供し、このポートは `return 301 "
        "https://$host$request_uri;` によるリダイレクトだけにしてください。",
    ),
    ("Apache", "http"): Text(
        "Apache: serve it in a `<VirtualHost *:443>` with `SSLEngine on` and SSLCertificateFile (`a2enmod ssl`), and let "
        "this one only redirect: `Redirect permanent / https://NAME/`.",
        "Apache: `SSLEngine on` と SSLCertificateFile を設定した `<VirtualHost *:443>` で提供し (`a2enmod ssl`)、このポートは "
        "`Redirect permanent / https://NAME/` によるリダイレクトだけにしてください。",
    ),
    ("Dovecot", "imap"): _DOVECOT,
    ("Dovecot", "pop3"): _DOVECOT,
    ("Postfix", "smtp"): Text(
        "Postfix: for users' mail set `-o smtpd_tls_security_level=encrypt` on submission in master.cf. A server that takes "
        "mail from the Internet on port 25 must take it in the clear too (RFC 3207, section 4): there offer TLS with "
        "`smtpd_tls_security_level = may`, and keep logins out of the clear with `smtpd_tls_auth_only = yes`.",
        "Postfix: ユーザーのメールには master.cf の submission に `-o smtpd_tls_security_level=encrypt` を設定してください。"
        "インターネットからポート 25 でメールを受け取るサーバーは平文も受け付ける必要があるため (RFC 3207 第 4 節)、"
        "`smtpd_tls_security_level = may` で TLS を提示し、`smtpd_tls_auth_only = yes` で平文のログインを防いでください。",
    ),
    ("Exim", "smtp"): Text(
        "Exim: set tls_certificate and `tls_advertise_hosts = *`, offer logins only over TLS with `auth_advertise_hosts = "
        "${{if eq{{$tls_in_cipher}}{{}}{{}}{{*}}}}`, and refuse the rest in acl_smtp_mail with `deny !encrypted = *` (not where it takes "
        "mail from the Internet: RFC 3207, section 4).",
        "Exim: tls_certificate と `tls_advertise_hosts = *` を設定し、`auth_advertise_hosts = ${{if eq{{$tls_in_cipher}}{{}}{{}}{{*}}}}` で"
        "ログインを TLS に限定して、acl_smtp_mail の `deny !encrypted = *` で平文を拒否してください (インターネットからメールを"
        "受け取る場合を除く: RFC 3207 第 4 節)。",
    ),
    ("vsftpd", "ftp"): Text(
        "vsftpd: set `ssl_enable=YES`, rsa_cert_file, `force_local_logins_ssl=YES` and `force_local_data_ssl=YES`; with "
        "anonymous users also `allow_anon_ssl=YES`, `force_anon_logins_ssl=YES` and `force_anon_data_ssl=YES`. Or offer sftp.",
        "vsftpd: `ssl_enable=YES`、rsa_cert_file、`force_local_logins_ssl=YES`、`force_local_data_ssl=YES` を設定し、匿名ユーザーも"
        "使用する場合は `allow_anon_ssl=YES`、`force_anon_logins_ssl=YES`、`force_anon_data_ssl=YES` も設定してください。または "
        "sftp を提供してください。",
    ),
    ("ProFTPD", "ftp"): Text(
        "ProFTPD: load mod_tls and set `TLSEngine on`, TLSRSACertificateFile and `TLSRequired on` in tls.conf. Or offer sftp.",
        "ProFTPD: mod_tls を読み込み、tls.conf で `TLSEngine on`、TLSRSACertificateFile、`TLSRequired on` を設定してください。"
        "または sftp を提供してください。",
    ),
    ("Net-SNMP", "snmpv1"): _SNMP,
    ("Net-SNMP", "snmpv2c"): _SNMP,
    ("inetutils", "telnet"): _INETUTILS,
    ("inetutils", "rlogin"): _INETUTILS,
    ("inetutils", "rsh"): _INETUTILS,
    ("inetutils", "rexec"): _INETUTILS,
    ("inetutils", "ftp"): _INETUTILS,
    ("Redis", "redis"): Text(
        "Redis: set `port 0`, `tls-port 6379`, tls-cert-file, tls-key-file and tls-ca-cert-file, and demand a password "
        "(`requirepass`, or users with ACL).",
        "Redis: `port 0`、`tls-port 6379`、tls-cert-file、tls-key-file、tls-ca-cert-file を設定し、パスワードを必須にしてください "
        "(`requirepass`、または ACL のユーザー)。",
    ),
    ("PostgreSQL", "postgresql"): Text(
        "PostgreSQL: set `ssl = on`, make the `host` lines of pg_hba.conf `hostssl`, and end it with `hostnossl all all all "
        "reject`; then `SELECT pg_reload_conf();`.",
        "PostgreSQL: `ssl = on` を設定し、pg_hba.conf の `host` 行を `hostssl` に変更して末尾に `hostnossl all all all reject` を"
        "追加した後、`SELECT pg_reload_conf();` を実行してください。",
    ),
    ("MySQL", "mysql"): Text(
        "MySQL and MariaDB: set ssl_cert and ssl_key, and `require_secure_transport = ON`; or per user `ALTER USER … REQUIRE "
        "SSL`.",
        "MySQL と MariaDB: ssl_cert、ssl_key と `require_secure_transport = ON` を設定するか、ユーザーごとに `ALTER USER … REQUIRE "
        "SSL` を実行してください。",
    ),
    ("OpenLDAP", "ldap"): Text(
        "OpenLDAP: set olcTLSCertificateFile and olcTLSCertificateKeyFile, and refuse what is not encrypted with `olcSecurity: "
        "tls=1` (slapd.conf: `security tls=1`); or let slapd listen with TLS only: `-h ldaps:///`.",
        "OpenLDAP: olcTLSCertificateFile と olcTLSCertificateKeyFile を設定し、`olcSecurity: tls=1` (slapd.conf では `security "
        "tls=1`) で暗号化されない通信を拒否するか、`-h ldaps:///` で TLS だけで待ち受けてください。",
    ),
    ("Mosquitto", "mqtt"): Text(
        "Mosquitto: give the listener certfile and keyfile (`listener 8883`), remove the one without, and set "
        "`allow_anonymous false` with a password_file.",
        "Mosquitto: certfile と keyfile を設定したリスナー (`listener 8883`) だけにし、`allow_anonymous false` と password_file を"
        "設定してください。",
    ),
}
"""By the software's name and the protocol it serves."""

LOOPBACK: dict[str, str] = {
    "nginx.http": "listen 127.0.0.1:{port};",
    "Apache.http": "Listen 127.0.0.1:{port}",
    "Postfix.smtp": "inet_interfaces = loopback-only",
    "Exim.smtp": "local_interfaces = 127.0.0.1",
    "Redis.redis": "bind 127.0.0.1 -::1",
    "PostgreSQL.postgresql": "listen_addresses = 'localhost'",
    "MySQL.mysql": "bind-address = 127.0.0.1",
    "Mosquitto.mqtt": "listener {port} 127.0.0.1",
}
"""What binds it to loopback, by software and protocol."""

TEXTS: dict[str, Text] = {
    f"service.fix.{software}.{protocol}": text for (software, protocol), text in SOFTWARE.items()
} | {
    f"service.bind.{name}": Text(
        f"If only this host uses it: `{setting}`.",
        f"このホストだけが使用する場合は `{setting}` としてください。",
    )
    for name, setting in LOOPBACK.items()
}
