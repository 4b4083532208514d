"""nginx and Apache."""

from functools import partial

from tests.oracle.servers.place import Spot
from tests.oracle.servers.records import Acceptance, Authentication, Expected, Server, Service, Where, answer

NGINX = """
daemon off;
pid $directory/pid;
error_log $directory/error.log;
worker_processes 1;
events {}
http {
    access_log off;
    client_body_temp_path $directory/body;
    proxy_temp_path $directory/proxy;
    fastcgi_temp_path $directory/fastcgi;
    uwsgi_temp_path $directory/uwsgi;
    scgi_temp_path $directory/scgi;
    ssl_certificate $certificate;
    ssl_certificate_key $key;
    auth_basic_user_file $directory/users;
    server {
"""

APACHE = """
ServerName servers.example
PidFile $directory/pid
DefaultRuntimeDir $directory
Mutex file:$directory
ErrorLog $directory/error.log
User www-data
Group www-data
DocumentRoot $directory/pages
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule authn_core_module /usr/lib/apache2/modules/mod_authn_core.so
LoadModule authn_file_module /usr/lib/apache2/modules/mod_authn_file.so
LoadModule authz_user_module /usr/lib/apache2/modules/mod_authz_user.so
LoadModule auth_basic_module /usr/lib/apache2/modules/mod_auth_basic.so
LoadModule dir_module /usr/lib/apache2/modules/mod_dir.so
LoadModule alias_module /usr/lib/apache2/modules/mod_alias.so
LoadModule rewrite_module /usr/lib/apache2/modules/mod_rewrite.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
LoadModule http2_module /usr/lib/apache2/modules/mod_http2.so
StartServers 1
ThreadsPerChild 4
MaxRequestWorkers 8
DirectoryIndex index.html
SSLCertificateFile $certificate
SSLCertificateKeyFile $key
Listen $address:$port
"""


def _start_nginx(listen: str, body: str, spot: Spot) -> None:
    spot.write("users", "")
    there = f"listen $address:$port {listen};"
    spot.start("nginx", "-c", spot.configure("nginx.conf", NGINX, there, body, "} }"))


def _start_apache(body: str, spot: Spot) -> None:
    pages = spot.directory / "pages"
    pages.mkdir()
    (pages / "index.html").write_text("hello\n")
    spot.write("users", "")
    spot.start("apache2", "-D", "FOREGROUND", "-f", spot.configure("apache2.conf", APACHE, body))


def nginx(
    variant: str, port: int, expected: Expected, listen: str, body: str, where: Where = Where.LOOPBACK
) -> Server:
    return Server("nginx", variant, partial(_start_nginx, listen, body), (Service(port, expected),), where)


def apache(variant: str, port: int, expected: Expected, body: str) -> Server:
    return Server("Apache", variant, partial(_start_apache, body), (Service(port, expected),))


def http(acceptance: Acceptance, product: str, authentication: Authentication = Authentication.UNKNOWN) -> Expected:
    return (answer("http", acceptance, product, authentication=authentication),)


CLEAR = Acceptance.CLEARTEXT_ONLY
REDIRECT = Acceptance.REDIRECT_ONLY
TLS = (answer("tls", Acceptance.TLS_ONLY),)
HELLO = 'return 200 "hello\\n";'
APACHE_TLS = "SSLEngine on"

SERVERS = (
    nginx("HTTP", 80, http(CLEAR, "nginx"), "", HELLO),
    nginx("HTTPS", 443, TLS, "ssl", HELLO),
    nginx("HTTPS with HTTP/2", 443, TLS, "ssl http2", HELLO),
    nginx(
        "HTTPS, client certificate demanded",
        443,
        TLS,
        "ssl",
        f"ssl_verify_client on; ssl_client_certificate $certificate; {HELLO}",
    ),
    nginx("HTTPS, TLS 1.2 only", 443, TLS, "ssl", f"ssl_protocols TLSv1.2; {HELLO}"),
    nginx(
        "HTTPS, unknown names rejected (ssl_reject_handshake)",
        443,
        TLS,
        "ssl default_server",
        "ssl_reject_handshake on;",
    ),
    nginx("only redirects to HTTPS", 80, http(REDIRECT, "nginx"), "", "return 301 https://$$host$$request_uri;"),
    nginx(
        "redirects, temporarily (302)", 8000, http(REDIRECT, "nginx"), "", "return 302 https://$$host$$request_uri;"
    ),
    nginx("redirects to HTTP elsewhere", 80, http(CLEAR, "nginx"), "", "return 301 http://www.example.org/;"),
    nginx("plain HTTP on HTTPS' port", 443, http(CLEAR, "nginx"), "", HELLO),
    nginx("HTTPS on HTTP's port", 80, TLS, "ssl", HELLO),
    nginx("HTTP on SMTP's port", 25, http(CLEAR, "nginx"), "", HELLO),
    nginx("HTTP on Telnet's port", 23, http(CLEAR, "nginx"), "", HELLO),
    nginx("HTTPS on Telnet's port", 23, TLS, "ssl", HELLO),
    nginx("HTTP/2 in the clear (h2c)", 8080, http(CLEAR, ""), "http2", HELLO),
    nginx("HTTP without its name", 80, http(CLEAR, "nginx"), "", f"server_tokens off; {HELLO}"),
    nginx(
        "HTTP with a password (401)",
        80,
        http(CLEAR, "nginx", Authentication.REQUIRED),
        "",
        'auth_basic "there"; location / { try_files /none =404; }',
    ),
    nginx("HTTP that forbids everything (403)", 80, http(CLEAR, "nginx"), "", "return 403;"),
    nginx("127.0.0.1 of the machine, HTTP", 80, http(CLEAR, "nginx"), "", HELLO, Where.HOST),
    nginx("127.0.0.1 of the machine, HTTPS", 443, TLS, "ssl", HELLO, Where.HOST),
    apache("HTTP", 80, http(CLEAR, "Apache"), ""),
    apache("HTTPS", 443, TLS, APACHE_TLS),
    apache(
        "only redirects to HTTPS", 80, http(REDIRECT, "Apache"), "Redirect permanent / https://servers.example/"
    ),
    apache(
        "redirects by mod_rewrite",
        80,
        http(REDIRECT, "Apache"),
        "RewriteEngine On\nRewriteRule ^ https://%{SERVER_NAME}%{REQUEST_URI} [R=301,L]",
    ),
    apache("HTTP/2 in the clear (h2c) beside HTTP/1.1", 80, http(CLEAR, "Apache"), "Protocols h2c http/1.1"),
    apache("HTTP/2 in the clear only", 8080, http(CLEAR, "Apache"), "Protocols h2c\nProtocolsHonorOrder On"),
    apache(
        "HTTP with a password (401)",
        8081,
        http(CLEAR, "Apache", Authentication.REQUIRED),
        "<Location />\nAuthType Basic\nAuthName there\nAuthUserFile $directory/users\n"
        "Require valid-user\n</Location>",
    ),
)
