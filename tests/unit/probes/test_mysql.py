"""MySQL: the handshake, and whether TLS works. Packets of MariaDB 10.11 and of MySQL's manual."""

import pytest
from tests.unit.probes.playing import Again, Said, Tls, Turn, play

from javert.model.telemetry import Acceptance, ProbeAnswer
from javert.probes import mysql

# protocol 4.1, secure connection, plugins, and TLS (0x0800) or not; largest packet 16 MiB; UTF-8; 23 zeros
SSL_REQUEST = bytes.fromhex("200000 01 008a0800 00000001 21") + bytes(23)


def greeting(version: bytes = b"5.5.5-10.11.6-MariaDB-0+deb12u1", *, tls: bool) -> bytes:
    capabilities = b"\xfe\xff" if tls else b"\xfe\xf7"
    body = b"\x0a" + version + b"\0\x04\0\0\0" + b"7PjF\\}#0\0" + capabilities
    body += b"\x08\x02\x00\xff\x81\x15" + bytes(10)
    return len(body).to_bytes(3, "little") + b"\0" + body


def packet(number: int, body: bytes) -> bytes:
    return len(body).to_bytes(3, "little") + bytes((number,)) + body


def answer(acceptance: Acceptance, product: str = "MariaDB") -> ProbeAnswer:
    return ProbeAnswer(protocol="mysql", acceptance=acceptance, product=product)


REFUSED = packet(0, b"\xff\x6a\x04Host '127.0.0.2' is not allowed to connect to this MariaDB server")


@pytest.mark.parametrize(
    ("version", "product"), [(b"5.5.5-10.11.6-MariaDB-0+deb12u1", "MariaDB"), (b"8.0.36", "MySQL")]
)
def test_a_server_without_tls_is_cleartext_only(version: bytes, product: str) -> None:
    assert play(mysql.converse(greeting(version, tls=False))) == answer(Acceptance.CLEARTEXT_ONLY, product)


def test_tls_that_does_not_work_is_no_offer() -> None:
    assert play(mysql.converse(greeting(tls=True)), Said(SSL_REQUEST), Tls(False)) == answer(
        Acceptance.CLEARTEXT_ONLY
    )


def test_whether_tls_is_required_cannot_be_told_without_logging_in() -> None:
    assert play(mysql.converse(greeting(tls=True)), Tls(True)) == answer(Acceptance.UNDECIDED)


def test_a_server_that_knows_other_addresses_only_is_asked_from_localhost() -> None:
    again = [Again(localhost=True), (b"", greeting(tls=False))]
    assert play(mysql.converse(REFUSED), *again) == answer(Acceptance.CLEARTEXT_ONLY)
    again = [Again(localhost=True), (b"", greeting(tls=True)), Tls(False)]
    assert play(mysql.converse(REFUSED), *again) == answer(Acceptance.CLEARTEXT_ONLY)


def test_a_server_that_blocks_who_left_too_often_is_asked_from_where_it_blocks_nobody() -> None:
    blocked = packet(0, b"\xff\x69\x04Host '127.0.0.2' is blocked because of many connection errors")
    again = [Again(localhost=True), (b"", greeting(tls=True)), Tls(True)]
    assert play(mysql.converse(blocked), *again) == answer(Acceptance.UNDECIDED)


@pytest.mark.parametrize("turns", [[Again(localhost=True), (b"", REFUSED)], [Again(localhost=True, refused=True)]])
def test_a_server_that_knows_nobody_is_not_judged(turns: list[Turn]) -> None:
    assert play(mysql.converse(REFUSED), *turns) == answer(Acceptance.UNDECIDED, "")


@pytest.mark.parametrize(
    ("demands_tls", "acceptance"),
    [(True, Acceptance.TLS_REQUIRED), (False, Acceptance.TLS_OPTIONAL), (None, Acceptance.UNDECIDED)],
)
def test_what_it_tells_nobody_its_configuration_decides(demands_tls: bool | None, acceptance: Acceptance) -> None:
    assert mysql.by_configuration(answer(Acceptance.UNDECIDED), demands_tls).acceptance is acceptance


def test_its_configuration_decides_nothing_that_was_seen() -> None:
    clear, nobody = answer(Acceptance.CLEARTEXT_ONLY), answer(Acceptance.UNDECIDED, "")
    assert mysql.by_configuration(clear, True) == clear
    assert mysql.by_configuration(nobody, True) == nobody
