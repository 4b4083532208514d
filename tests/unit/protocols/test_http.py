"""HTTP: every version in cleartext, CONNECT, credentials, redirects."""

from collections.abc import Callable

import pytest

from javert.model.telemetry import Encryption, Transport
from javert.protocols.interface import Protocol, Verdict

Play = Callable[..., Verdict]

REQUEST = b"GET /index.html HTTP/1.1\r\nHost: example.org\r\n"
OK = ("S", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
END = b"\r\n"


@pytest.mark.parametrize(
    "opening",
    [
        REQUEST + END,
        b"GET / HTTP/1.0\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://example.org/ HTTP/1.1\r\nHost: example.org\r\n\r\n",
        b"M-SEARCH * HTTP/1.1\r\n\r\n",
        b"\r\nPOST /a HTTP/1.1\n\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
    ],
)
def test_requests(verdict_of: Play, opening: bytes) -> None:
    verdict = verdict_of(("C", opening))
    assert (verdict.protocol, verdict.encryption) == (Protocol.HTTP, Encryption.NONE)


def test_a_status_line_alone_is_enough(verdict_of: Play) -> None:
    assert verdict_of(OK).protocol is Protocol.HTTP


def test_version_0_9_counts_once_a_document_comes_back(verdict_of: Play) -> None:
    request = ("C", b"GET /theproject.html\r\n")
    assert verdict_of(request).protocol is Protocol.UNKNOWN
    assert verdict_of(request, ("S", b"<HTML>\r\nhello")).protocol is Protocol.HTTP
    assert verdict_of(request, ("S", b"VALUE a 0 1\r\n")).protocol is Protocol.UNKNOWN


@pytest.mark.parametrize(
    "turns",
    [
        [("C", b"GET sip:a@b SIP/2.0\r\n")],
        [("C", b"GET rtsp://a RTSP/1.0\r\n")],
        [("C", b"NICK GET\r\nUSER a 0 * :GET / HTTP/1.1\r\n")],
        [("S", b"220 mail ESMTP\r\n"), ("C", REQUEST + END)],
        [("C", b"GET / ICE/1.1\r\n\r\n")],
    ],
)
def test_look_alikes(verdict_of: Play, turns: list[tuple[str, bytes]]) -> None:
    assert verdict_of(*turns).protocol is not Protocol.HTTP


@pytest.mark.parametrize(
    ("header", "exposed"),
    [
        (b"Authorization: Basic am9lOnNlY3JldA==\r\n", True),
        (b"Proxy-Authorization: basic am9lOnNlY3JldA==\r\n", True),
        (b"authorization: Bearer abc.def\r\n", True),
        (b'Authorization: Digest username="joe"\r\n', False),
        (b"Authorization: Negotiate YII=\r\n", False),
        (b"X-Note: Authorization: Basic am9l\r\n", False),
    ],
)
def test_which_authorization_is_readable(verdict_of: Play, header: bytes, exposed: bool) -> None:
    assert verdict_of(("C", REQUEST + header + END), OK).credentials_exposed is exposed


def test_a_server_that_only_redirects_to_https(verdict_of: Play) -> None:
    redirect = b"HTTP/1.1 301 Moved Permanently\r\nLocation: https://example.org/\r\nContent-Length: 2\r\n\r\nok"
    assert verdict_of(("C", REQUEST + END), ("S", redirect)).redirect_only
    assert verdict_of(("C", (REQUEST + END) * 2), ("S", redirect * 2)).redirect_only
    assert not verdict_of(("C", (REQUEST + END) * 2), ("S", redirect), OK).redirect_only
    elsewhere = redirect.replace(b"https:", b"http:")
    assert not verdict_of(("C", REQUEST + END), ("S", elsewhere)).redirect_only


def test_connect_that_carries_tls_or_ssh_is_an_upgrade(verdict_of: Play, client_hello: bytes) -> None:
    connect = b"CONNECT example.org:443 HTTP/1.1\r\nProxy-Authorization: Basic am9l\r\n\r\n"
    established = ("S", b"HTTP/1.1 200 Connection established\r\n\r\n")
    verdict = verdict_of(("C", connect), established, ("C", client_hello))
    assert (verdict.protocol, verdict.encryption) == (Protocol.HTTP, Encryption.UPGRADED)
    assert verdict.credentials_exposed
    ssh = b"SSH-2.0-x\r\n"
    through = verdict_of(("C", connect), ("S", established[1] + ssh), ("C", ssh))
    assert (through.protocol, through.encryption) == (Protocol.HTTP, Encryption.UPGRADED)
    assert verdict_of(("C", connect), established, ("C", REQUEST + END)).encryption is Encryption.NONE
    assert verdict_of(("C", REQUEST + END), ("S", OK[1] + ssh)).encryption is Encryption.NONE


def test_upgrade_to_tls_accepted_and_ignored(verdict_of: Play, client_hello: bytes) -> None:
    ask = ("C", REQUEST + b"Upgrade: TLS/1.0\r\nConnection: Upgrade\r\n\r\n")
    switching = ("S", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.0, HTTP/1.1\r\n\r\n")
    assert verdict_of(ask, switching, ("C", client_hello)).encryption is Encryption.UPGRADED
    assert verdict_of(ask, OK).encryption is Encryption.REFUSED


def test_websocket_is_http(verdict_of: Play) -> None:
    ask = ("C", REQUEST + b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
    answer = ("S", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x05Hello")
    verdict = verdict_of(ask, answer)
    assert (verdict.protocol, verdict.encryption) == (Protocol.HTTP, Encryption.NONE)


def test_behind_a_load_balancers_header(verdict_of: Play) -> None:
    proxied = b"PROXY TCP4 192.0.2.1 192.0.2.2 56324 80\r\n" + REQUEST + END
    assert verdict_of(("C", proxied)).protocol is Protocol.HTTP


def test_ssdp_over_udp_is_not_http(verdict_of: Play) -> None:
    search = ("C", b'M-SEARCH * HTTP/1.1\r\nMAN: "ssdp:discover"\r\n\r\n')
    assert verdict_of(search, transport=Transport.UDP).protocol is Protocol.UNKNOWN
