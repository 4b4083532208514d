"""LMTP and IMAP of dovecot, with smtplib, swaks, curl, openssl; test_real_sessions.py has the rest of mail."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.oracle.sessions.island import Island, told

from javert.model.telemetry import Encryption
from javert.protocols.interface import Protocol

SECRET = "S3cret-word"
DOVECOT = """
protocols = lmtp imap pop3
listen = 127.0.0.1, ::1
base_dir = {directory}/run
state_dir = {directory}/state
log_path = {directory}/log
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
auth_mechanisms = plain login cram-md5
lmtp_save_to_detail_mailbox = no
passdb {{
  driver = static
  args = password={secret}
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={directory}/home allow_all_users=yes
}}
mail_location = maildir:{directory}/home/mail
service lmtp {{
  inet_listener lmtp {{
    port = 24
  }}
}}
"""


@pytest.fixture(scope="module")
def dovecot(island: Island, certificate: tuple[Path, Path]) -> Iterator[None]:
    directory = island.directory / "dovecot"
    (directory / "home").mkdir(parents=True)
    (directory / "home").chmod(0o777)
    path, key = certificate
    configuration = directory / "dovecot.conf"
    configuration.write_text(DOVECOT.format(directory=directory, certificate=path, key=key, secret=SECRET))
    with island.serve("dovecot", "-F", "-c", configuration, port=24):
        yield


LMTP = """
import smtplib, ssl, sys
with smtplib.LMTP("127.0.0.1", 24) as client:
    client.ehlo()
    if sys.argv[1] == "tls":
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        client.starttls(context=context)
    client.sendmail("joe@example.org", ["amy@example.org"], "Subject: hello\\r\\n\\r\\nhello\\r\\n")
"""


@pytest.mark.parametrize(("tls", "encryption"), [("no", Encryption.OFFERED_NOT_USED), ("tls", Encryption.UPGRADED)])
def test_lmtp(island: Island, dovecot: None, tls: str, encryption: Encryption) -> None:
    with island.record() as recording:
        island.python(LMTP, tls)
    assert recording.of(24) == [told(Protocol.SMTP, encryption)]


def test_lmtp_by_swaks(island: Island, dovecot: None) -> None:
    with island.record() as recording:
        island.run("swaks", "--protocol", "LMTP", "--server", "127.0.0.1:24", "--to", "amy@example.org")
        island.run("swaks", "--protocol", "LMTP", "--server", "127.0.0.1:24", "--quit-after", "BANNER")
    assert recording.of(24) == [told(Protocol.SMTP, Encryption.OFFERED_NOT_USED), told(Protocol.SMTP)]


@pytest.mark.parametrize(
    ("port", "starttls", "protocol"),
    [(24, "lmtp", Protocol.SMTP), (143, "imap", Protocol.IMAP), (110, "pop3", Protocol.POP3)],
)
def test_upgrades_by_openssl(island: Island, dovecot: None, port: int, starttls: str, protocol: Protocol) -> None:
    with island.record() as recording:
        island.run("openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-starttls", starttls)
    assert recording.of(port) == [told(protocol, Encryption.UPGRADED)]


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
@pytest.mark.parametrize(
    ("options", "encryption", "exposed"),
    [
        (("--login-options", "AUTH=PLAIN"), Encryption.OFFERED_NOT_USED, True),
        (("--login-options", "AUTH=LOGIN"), Encryption.OFFERED_NOT_USED, True),
        (("--login-options", "AUTH=PLAIN", "--sasl-ir"), Encryption.OFFERED_NOT_USED, True),
        (("--login-options", "AUTH=CRAM-MD5"), Encryption.OFFERED_NOT_USED, False),
        (("--ssl-reqd",), Encryption.UPGRADED, False),
    ],
)
@pytest.mark.parametrize(("scheme", "port"), [("imap", 143), ("pop3", 110)])
def test_imap_and_pop3_by_curl(
    island: Island, dovecot: None, host: str, options: tuple[str, ...], encryption: Encryption, exposed: bool,
    scheme: str, port: int,
) -> None:  # fmt: skip
    with island.record() as recording:
        island.run("curl", "-s", "-k", "-m", 10, *options, "-u", f"joe:{SECRET}", f"{scheme}://{host}/")
    assert recording.of(port) == [told(Protocol(scheme), encryption, exposed=exposed)]
