"""MySQL: the handshake, and a client that goes on without TLS. Packets of MariaDB 10.11 and of MySQL's manual."""

import pytest
from tests.unit.probes.playing import Again, Said, Tls, Turn, play

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes import mysql
from javert.probes.interface import Ended

# protocol 4.1, secure connection, plugins, and TLS (0x0800) or not; largest packet 16 MiB; UTF-8; 23 zeros
SSL_REQUEST = bytes.fromhex("200000 01 008a0800 00000001 21") + bytes(23)
LOGIN = bytes.fromhex("3b0000 01 00820800 00000001 21") + bytes(23) + b"javert-probe\0\0javert-probe\0"


def greeting(version: bytes = b"5.5.5-10.11.6-MariaDB-0+deb12u1", *, tls: bool) -> bytes:
    capabilities = b"\xfe\xff" if tls else b"\xfe\xf7"
    body = b"\x0a" + version + b"\0\x04\0\0\0" + b"7PjF\\}#0\0" + capabilities
    body += b"\x08\x02\x00\xff\x81\x15" + bytes(10)
    return len(body).to_bytes(3, "little") + b"\0" + body


def packet(number: int, body: bytes) -> bytes:
    return len(body).to_bytes(3, "little") + bytes((number,)) + body


def answer(acceptance: Acceptance, product: str = "MariaDB", **more: Authentication) -> ProbeAnswer:
    return ProbeAnswer(protocol="mysql", acceptance=acceptance, product=product, **more)


REFUSED = packet(0, b"\xff\x6a\x04Host '127.0.0.2' is not allowed to connect to this MariaDB server")
SWITCH = packet(2, b"\xfemysql_native_password\0" + b"7PjF\\}#0g9'SNn`uNc+F\0")
DENIED = packet(2, b"\xff\x15\x04#28000Access denied for user")
INSECURE = packet(2, b"\xff\x57\x0c#HY000Connections using insecure transport are prohibited")
LET_IN = packet(2, bytes.fromhex("00 00 00 0200 0000"))


@pytest.mark.parametrize(
    ("version", "product"), [(b"5.5.5-10.11.6-MariaDB-0+deb12u1", "MariaDB"), (b"8.0.36", "MySQL")]
)
def test_a_server_without_tls_is_cleartext_only(version: bytes, product: str) -> None:
    assert play(mysql.converse(greeting(version, tls=False))) == answer(Acceptance.CLEARTEXT_ONLY, product)


def test_tls_that_does_not_work_is_no_offer() -> None:
    assert play(mysql.converse(greeting(tls=True)), Said(SSL_REQUEST), Tls(False)) == answer(
        Acceptance.CLEARTEXT_ONLY
    )


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (INSECURE, answer(Acceptance.TLS_REQUIRED)),
        (LET_IN, answer(Acceptance.TLS_OPTIONAL, authentication=Authentication.NONE)),
        # They look at require_secure_transport after the password: nobody can tell without one.
        (SWITCH, answer(Acceptance.UNDECIDED)),
        (DENIED, answer(Acceptance.UNDECIDED)),
    ],
)
def test_a_client_that_goes_on_without_tls(said: bytes, expected: ProbeAnswer) -> None:
    turns: list[Turn] = [Tls(True), Again(), (b"", greeting(tls=True)), (LOGIN, said)]
    assert play(mysql.converse(greeting(tls=True)), *turns) == expected


@pytest.mark.parametrize("turns", [[Again(refused=True)], [Again(), Said(b"", b"", Ended.CLOSED)]])
def test_a_server_that_does_not_greet_again_is_not_judged(turns: list[Turn]) -> None:
    assert play(mysql.converse(greeting(tls=True)), Tls(True), *turns) == answer(Acceptance.UNDECIDED)


def test_a_server_that_knows_other_addresses_only_is_asked_from_its_own() -> None:
    own = Again(own=True)
    greeted: Turn = (b"", greeting(tls=True))
    assert play(mysql.converse(REFUSED), own, greeted, Tls(True), own, greeted, (LOGIN, INSECURE)) == answer(
        Acceptance.TLS_REQUIRED
    )


@pytest.mark.parametrize("turns", [[Again(own=True), (b"", REFUSED)], [Again(own=True, refused=True)]])
def test_a_server_that_knows_nobody_is_not_judged(turns: list[Turn]) -> None:
    assert play(mysql.converse(REFUSED), *turns) == answer(Acceptance.UNDECIDED, "")
