"""MySQL: handshake, SSLRequest, cleartext passwords."""

from collections.abc import Callable

import pytest

from javert.model.telemetry import Encryption, Transport
from javert.protocols.interface import Protocol, Verdict

Play = Callable[..., Verdict]


def greeting(capabilities: int = 0xFFFF) -> tuple[str, bytes]:
    # protocol 10, version, thread id, challenge, filler, capabilities, charset, status, …
    body = b"\x0a8.0.36\x00" + bytes(4) + b"abcdefgh\x00" + capabilities.to_bytes(2, "little") + bytes(40)
    return ("S", len(body).to_bytes(3, "little") + b"\x00" + body)


def login(flags: int, rest: bytes = b"joe\x00\x00") -> bytes:
    body = flags.to_bytes(4, "little") + bytes(28) + rest
    return len(body).to_bytes(3, "little") + b"\x01" + body


def test_a_login_where_ssl_was_offered(verdict_of: Play) -> None:
    verdict = verdict_of(greeting(), ("C", login(0x0200)))
    assert (verdict.protocol, verdict.encryption) == (Protocol.MYSQL, Encryption.OFFERED_NOT_USED)
    assert not verdict.credentials_exposed


def test_a_server_without_ssl(verdict_of: Play) -> None:
    assert verdict_of(greeting(0xF7FF), ("C", login(0x0200))).encryption is Encryption.NONE


def test_ssl_request(verdict_of: Play, client_hello: bytes) -> None:
    request = login(0x0A00, b"")
    assert verdict_of(greeting(), ("C", request)).encryption is Encryption.UNKNOWN
    assert verdict_of(greeting(), ("C", request + client_hello)).encryption is Encryption.UPGRADED
    assert verdict_of(greeting(), ("C", request + login(0x0200))).encryption is Encryption.REFUSED


def test_the_cleartext_plugin_exposes_the_password(verdict_of: Play) -> None:
    switch = ("S", b"\x16\x00\x00\x02\xfemysql_clear_password\x00")
    answer = ("C", b"\x07\x00\x00\x03secret\x00")
    assert verdict_of(greeting(), ("C", login(0x0200)), switch, answer).credentials_exposed


def test_a_query_of_a_flow_joined_later(verdict_of: Play) -> None:
    query = ("C", b"\x0e\x00\x00\x00\x03select * from")
    assert verdict_of(query, ("S", b"\x01\x00\x00\x01\x02"), midstream=True).protocol is Protocol.MYSQL


@pytest.mark.parametrize(
    "data",
    [
        b"J\x00\x00\x00\x0b8.0.36\x00" + bytes(60),
        b"J\x00\x00\x01\x0a8.0.36\x00" + bytes(60),
        b"\x05\x00\x00\x00\x0a8.0.36\x00",
    ],
)
def test_look_alikes(verdict_of: Play, data: bytes) -> None:
    assert verdict_of(("S", data)).protocol is Protocol.UNKNOWN
    assert verdict_of(greeting(), transport=Transport.UDP).protocol is Protocol.UNKNOWN
