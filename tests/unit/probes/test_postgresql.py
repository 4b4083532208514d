"""PostgreSQL: what a StartupMessage meets. Messages of PostgreSQL 15 and PgBouncer 1.18."""

import pytest
from tests.unit.probes.playing import Again, Said, Tls, Turn, play

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes import postgresql

SSL = bytes.fromhex("00000008 04d2162f")
STARTUP = bytes.fromhex("00000031 00030000") + b"user\0javert-probe\0database\0javert-probe\0\0"
YES, NO = (SSL, b"S"), (SSL, b"N")
ASKED = (STARTUP, b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0")  # AuthenticationSASL
OK = (STARTUP, b"R\0\0\0\x08\0\0\0\0")


def error(*fields: bytes) -> Turn:
    body = b"".join(field + b"\0" for field in fields) + b"\0"
    return STARTUP, b"E" + (len(body) + 4).to_bytes(4, "big") + body


TURNED_AWAY = error(
    *(b"SFATAL", b"VFATAL", b"C28000", b'Mno pg_hba.conf entry for host "127.0.0.2", no encryption'),
    *(b"Fauth.c", b"L543", b"RClientAuthentication"),
)
NO_ROLE = error(b"SFATAL", b"C28000", b'Mrole "javert-probe" does not exist', b"RInitializeSessionUserId")
IDENT = error(b"SFATAL", b"C28000", b"MIdent authentication failed", b"Rauth_failed")
BUSY = error(b"SFATAL", b"C53300", b"Msorry, too many clients already", b"RInitProcess")
OPTIONAL, REQUIRED = Acceptance.TLS_OPTIONAL, Acceptance.TLS_REQUIRED
CLEAR, UNDECIDED = Acceptance.CLEARTEXT_ONLY, Acceptance.UNDECIDED
PASSWORD, OPEN, UNKNOWN = Authentication.REQUIRED, Authentication.NONE, Authentication.UNKNOWN
OWN, GONE = Again(own=True), Again(own=True, refused=True)
MUTE = Said(STARTUP)


@pytest.mark.parametrize(
    ("turns", "acceptance", "authentication"),
    [
        ([NO, ASKED], CLEAR, PASSWORD),
        ([NO, NO_ROLE], CLEAR, OPEN),
        ([NO, TURNED_AWAY, OWN, ASKED], CLEAR, PASSWORD),
        ([NO, TURNED_AWAY, OWN, TURNED_AWAY], CLEAR, UNKNOWN),
        ([YES, Tls(False), Again(), ASKED], CLEAR, PASSWORD),
        ([YES, Tls(True), Again(), ASKED], OPTIONAL, PASSWORD),
        ([YES, Tls(True), Again(), IDENT], OPTIONAL, PASSWORD),
        ([YES, Tls(True), Again(), NO_ROLE], OPTIONAL, OPEN),
        ([YES, Tls(True), Again(), OK, Said(b"X\0\0\0\x04")], OPTIONAL, OPEN),
    ],
)
def test_what_a_start_in_the_clear_meets(turns, acceptance, authentication) -> None:
    assert play(postgresql.converse(b""), *turns) == ProbeAnswer(
        protocol="postgresql", acceptance=acceptance, authentication=authentication
    )


@pytest.mark.parametrize(
    ("turns", "acceptance", "authentication"),
    [
        # hostssl only
        ([TURNED_AWAY, Again(), YES, Tls(True), ASKED], REQUIRED, PASSWORD),
        # an entry for 127.0.0.1 alone, for all connections or for those with TLS
        ([TURNED_AWAY, Again(), YES, Tls(True), TURNED_AWAY, OWN, ASKED], OPTIONAL, PASSWORD),
        (
            [TURNED_AWAY, Again(), YES, Tls(True), TURNED_AWAY, OWN, TURNED_AWAY, OWN, YES, Tls(True), ASKED],
            REQUIRED,
            PASSWORD,
        ),
        # entries for databases or users that nobody can guess
        (
            [TURNED_AWAY, Again(), YES, Tls(True), TURNED_AWAY, OWN, TURNED_AWAY, OWN, YES, Tls(True), TURNED_AWAY],
            UNDECIDED,
            UNKNOWN,
        ),
        ([TURNED_AWAY, Again(refused=True), GONE, GONE], UNDECIDED, UNKNOWN),
        ([TURNED_AWAY, Again(), NO, OWN, TURNED_AWAY, OWN, YES, Tls(False)], UNDECIDED, UNKNOWN),
        ([BUSY, Again(), YES, Tls(True), ASKED, OWN, BUSY, OWN, YES, Tls(True), ASKED], UNDECIDED, UNKNOWN),
        ([MUTE, Again(), YES, Tls(True), ASKED, OWN, MUTE, OWN, YES, Tls(True), ASKED], UNDECIDED, UNKNOWN),
        ([error(b"SFATAL", b"C08P01", b"MSSL required")], REQUIRED, UNKNOWN),  # PgBouncer
    ],
)
def test_a_start_turned_away_is_tried_with_tls_and_from_its_own_address(turns, acceptance, authentication) -> None:
    assert play(postgresql.converse(b""), YES, Tls(True), Again(), *turns) == ProbeAnswer(
        protocol="postgresql", acceptance=acceptance, authentication=authentication
    )


@pytest.mark.parametrize("said", [b"", SSL, b"\x15\x03\x01\x00\x02\x02\x0a", b"SSH-2.0-x\r\n"])
def test_what_answers_no_ssl_request_is_not_postgresql(said: bytes) -> None:
    assert play(postgresql.converse(b""), Said(SSL, said)) is None
