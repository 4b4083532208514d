"""NNTP: cyrus nntpd with nntplib and openssl."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.oracle.sessions.island import Island, told

from javert.model.telemetry import Encryption
from javert.protocols.interface import Protocol

SECRET = "S3cret-word"

IMAPD_CONF = """
configdirectory: {directory}/lib
defaultpartition: default
partition-default: {directory}/spool
proc_path: {directory}/proc
mboxname_lockpath: {directory}/lock
allowplaintext: yes
sasl_pwcheck_method: alwaystrue
sasl_mech_list: PLAIN
newsprefix: news
tls_server_cert: {certificate}
tls_server_key: {key}
lmtpsocket: {directory}/lmtp
idlesocket: {directory}/idle
notifysocket: {directory}/notify
"""
CYRUS_CONF = """
START {{
  recover cmd="/usr/lib/cyrus/bin/ctl_cyrusdb -C {directory}/imapd.conf -r"
}}
SERVICES {{
  nntp cmd="nntpd -C {directory}/imapd.conf -f" listen="127.0.0.1:119" prefork=0 proto=tcp4
}}
"""


@pytest.fixture(scope="module")
def cyrus(island: Island, certificate: tuple[Path, Path]) -> Iterator[None]:
    directory = island.directory / "cyrus"
    for name in ("lib", "lib/db", "lib/socket", "lib/proc", "spool", "proc", "lock"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    island.run("chown", "-R", "cyrus:mail", directory)
    path, key = certificate
    for name, text in (("imapd.conf", IMAPD_CONF), ("cyrus.conf", CYRUS_CONF)):
        (directory / name).write_text(text.format(directory=directory, certificate=path, key=key))
    master = ("cyrmaster", "-C", directory / "imapd.conf", "-M", directory / "cyrus.conf", "-p", directory / "pid")
    with island.serve(*master, port=119):
        yield


NNTP_CLIENT = """
import nntplib, sys
with nntplib.NNTP("127.0.0.1", readermode=sys.argv[1] == "reader") as news:
    news.capabilities()
    if len(sys.argv) > 2:
        try:
            news.login("joe", sys.argv[2])
        except nntplib.NNTPError:
            pass
    try:
        news.list()
    except nntplib.NNTPError:
        pass
"""


@pytest.mark.parametrize(("arguments", "exposed"), [(("reader",), False), (("",), False), (("", SECRET), True)])
def test_nntp(island: Island, cyrus: None, arguments: tuple[str, ...], exposed: bool) -> None:
    with island.record() as recording:
        island.python(NNTP_CLIENT, *arguments)
    assert recording.of(119) == [told(Protocol.NNTP, Encryption.OFFERED_NOT_USED, exposed=exposed)]


def test_nntp_starttls(island: Island, cyrus: None) -> None:
    with island.record() as recording:
        island.run("openssl", "s_client", "-connect", "127.0.0.1:119", "-starttls", "nntp")
    assert recording.of(119) == [told(Protocol.NNTP, Encryption.UPGRADED)]
