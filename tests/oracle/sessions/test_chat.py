"""XMPP and IRC: prosody with slixmpp, inspircd and ngircd with ii, openssl for STARTTLS."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.oracle.sessions.island import Island, told

from javert.model.telemetry import Encryption
from javert.protocols.interface import Protocol

SECRET = "S3cret-word"

PROSODY = """
pidfile = "{directory}/pid"
data_path = "{directory}"
admins = {{}}
modules_enabled = {{ "roster", "saslauth", "tls", "disco", "register", "dialback" }}
allow_registration = true
c2s_require_encryption = false
s2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_plain"
log = {{ info = "*console" }}
interfaces = {{ "127.0.0.1", "::1" }}
ssl = {{ key = "{key}"; certificate = "{certificate}" }}
VirtualHost "localhost"
    {host}
"""

XMPP_CLIENT = """
import asyncio, ssl, sys
import slixmpp
mechanism, tls, command = sys.argv[1:4]
class Client(slixmpp.ClientXMPP):
    def __init__(self):
        super().__init__("joe@localhost", sys.argv[4], sasl_mech=mechanism or None)
        self["feature_mechanisms"].unencrypted_plain = self["feature_mechanisms"].unencrypted_scram = True
        self.ssl_context.check_hostname = False
        self.ssl_context.verify_mode = ssl.CERT_NONE
        for event in ("session_start", "failed_all_auth", "disconnected", "connection_failed"):
            self.add_event_handler(event, lambda _: self.disconnect(wait=0.1))
client = Client()
client.connect(("127.0.0.1", 5222), disable_starttls=tls == "no", force_starttls=tls == "yes")
client.loop.call_later(15, client.disconnect)
client.process(forever=False)
"""


@pytest.fixture(scope="module")
def prosody(island: Island, certificate: tuple[Path, Path]) -> Iterator[None]:
    directory = island.directory / "prosody"
    directory.mkdir()
    directory.chmod(0o777)
    path, key = certificate
    (directory / "prosody.cfg.lua").write_text(
        PROSODY.format(directory=directory, certificate=path, key=key, host="")
    )
    as_user = ("setpriv", "--reuid=prosody", "--regid=prosody", "--clear-groups")
    command = ("prosody", "--config", directory / "prosody.cfg.lua", "-F")
    with island.serve(*as_user, *command, port=5222):
        island.run(
            *as_user,
            "prosodyctl",
            "--config",
            directory / "prosody.cfg.lua",
            "register",
            "joe",
            "localhost",
            SECRET,
        )
        yield


@pytest.mark.parametrize(
    ("mechanism", "tls", "expected"),
    [
        ("PLAIN", "no", told(Protocol.XMPP, Encryption.OFFERED_NOT_USED, exposed=True)),
        ("SCRAM-SHA-1", "no", told(Protocol.XMPP, Encryption.OFFERED_NOT_USED)),
        ("PLAIN", "yes", told(Protocol.XMPP, Encryption.UPGRADED)),
    ],
)
def test_xmpp_client(island: Island, prosody: None, mechanism: str, tls: str, expected: tuple) -> None:
    with island.record() as recording:
        island.python(XMPP_CLIENT, mechanism, tls, "", SECRET)
    assert recording.of(5222) == [expected]


def test_xmpp_starttls_by_openssl(island: Island, prosody: None) -> None:
    with island.record() as recording:
        island.run(
            "openssl", "s_client", "-connect", "127.0.0.1:5222", "-starttls", "xmpp", "-xmpphost", "localhost"
        )
        island.run(
            "openssl",
            "s_client",
            "-connect",
            "127.0.0.1:5269",
            "-starttls",
            "xmpp-server",
            "-xmpphost",
            "localhost",
        )
    assert recording.of(5222) == recording.of(5269) == [told(Protocol.XMPP, Encryption.UPGRADED)]


def test_irc_with_ngircd(island: Island, directory: Path) -> None:
    (directory / "ngircd.conf").write_text(
        f"[Global]\nName = irc.example.org\nInfo = x\nPorts = 6667\nPassword = {SECRET}\nServerUID = nobody\n"
        f"ServerGID = nogroup\nMotdPhrase = hello\n[Options]\nPAM = no\nIdent = no\nDNS = no\n"
    )
    with island.serve("ngircd", "-n", "-f", directory / "ngircd.conf", port=6667):
        for password, exposed in ((("-k", "IRCPASS"), True), ((), False)):
            with island.record() as recording:
                ii(island, directory, "::1" if exposed else "127.0.0.1", *password)
            assert recording.of(6667) == [told(Protocol.IRC, exposed=exposed)]


def ii(island: Island, directory: Path, server: str, *options: str) -> None:
    """Log in with ii, join a channel, say something, and leave."""
    speak = (
        f"export IRCPASS={SECRET}; ii -i {directory} -s {server} -n joe {' '.join(options)} &"
        f" cd {directory}/{server};"
        "for i in $(seq 200); do [ -p in ] && break; sleep 0.05; done; echo '/j #test' >in;"
        "for i in $(seq 200); do [ -p '#test/in' ] && break; sleep 0.05; done; echo hello >'#test/in';"
        "echo /q >in; wait"
    )
    (directory / server).mkdir(exist_ok=True)
    island.run("bash", "-c", speak)


INSPIRCD = """
<server name="irc.example.org" description="test" network="test" id="97K">
<admin name="a" nick="a" email="a@example.org">
<bind address="127.0.0.1" port="6667" type="clients">
<connect allow="*" timeout="30" resolvehostnames="no" useident="no" {connect}>
<power diepass="" restartpass="">
<files motd="{directory}/motd" rules="{directory}/motd">
<log method="file" type="*" level="default" target="{directory}/log">
<pid file="{directory}/pid">
{modules}
"""


def test_irc_starttls(island: Island, directory: Path, certificate: tuple[Path, Path]) -> None:
    path, key = certificate
    (directory / "motd").write_text("hello\n")
    modules = (
        '<module name="ssl_gnutls"><module name="starttls"><module name="cap">'
        f'<sslprofile name="Clients" provider="gnutls" certfile="{path}" keyfile="{key}">'
        '<starttls provider="Clients">'
    )
    (directory / "inspircd.conf").write_text(INSPIRCD.format(directory=directory, connect="", modules=modules))
    command = ("inspircd", "--nofork", "--config", directory / "inspircd.conf", "--runasroot")
    with island.serve(*command, port=6667):
        with island.record() as recording:
            island.run("openssl", "s_client", "-connect", "127.0.0.1:6667", "-starttls", "irc")
        assert recording.of(6667) == [told(Protocol.IRC, Encryption.UPGRADED)]
