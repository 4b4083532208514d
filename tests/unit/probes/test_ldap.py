"""LDAP: an anonymous bind, the root DSE, StartTLS. Answers of OpenLDAP 2.5, octet by octet after RFC 4511."""

import pytest
from tests.unit.probes.playing import Said, Tls, Turn, play

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes import ldap

BIND = bytes.fromhex("300c 020101 6007 020103 0400 8000")
# id 2, search: base "", the entry itself, no aliases, 1 entry, 2 s, values too, (objectClass=*), two attributes
SEARCH = (
    bytes.fromhex("303e 020102 6339 0400 0a0100 0a0100 020101 020102 010100")
    + b"\x87\x0bobjectClass\x30\x19\x04\x0bobjectClass\x04\x0avendorName"
)
SEARCH_AGAIN = SEARCH.replace(b"\x02\x01\x02\x63", b"\x02\x01\x04\x63")
START_TLS = bytes.fromhex("301d 020103 7718 8016") + b"1.3.6.1.4.1.1466.20037"
UNBIND = bytes.fromhex("3005 020105 4200")


def result(identity: int, operation: int, code: int) -> bytes:
    return bytes((0x30, 12, 2, 1, identity, operation, 7, 0x0A, 1, code, 4, 0, 4, 0))


def entry(identity: int) -> bytes:
    value = bytes.fromhex("2730 25") + b"\x04\x0bobjectClass\x31\x16\x04\x03top\x04\x0fOpenLDAProotDSE"
    return bytes((0x30, 0x30, 2, 1, identity, 0x64, 0x2B, 4, 0, 0x30)) + value


BOUND = (BIND, result(1, 0x61, 0))
READ = (SEARCH, entry(2) + result(2, 0x65, 0))
STARTED = (START_TLS, result(3, 0x78, 0))
NO_TLS = (START_TLS, result(3, 0x78, 2))


def answer(acceptance: Acceptance, product: str = "OpenLDAP", **more: Authentication) -> ProbeAnswer:
    return ProbeAnswer(protocol="ldap", acceptance=acceptance, product=product, **more)


def test_starttls_is_asked_again_while_operations_are_outstanding() -> None:
    outstanding = (START_TLS, result(3, 0x78, 1))
    turns = [BOUND, READ, outstanding, outstanding, STARTED, Tls(True)]
    assert play(ldap.converse(b""), *turns) == answer(Acceptance.TLS_OPTIONAL)
    assert play(ldap.converse(b""), BOUND, READ, *[outstanding] * 4) == answer(Acceptance.CLEARTEXT_ONLY)


@pytest.mark.parametrize("turns", [[NO_TLS], [STARTED, Tls(False)], [Said(START_TLS)]])
def test_a_server_without_tls_that_works_is_cleartext_only(turns: list[Turn]) -> None:
    assert play(ldap.converse(b""), BOUND, READ, *turns) == answer(Acceptance.CLEARTEXT_ONLY)


def test_a_root_dse_read_before_starttls_makes_it_optional() -> None:
    assert play(ldap.converse(b""), BOUND, READ, STARTED, Tls(True)) == answer(Acceptance.TLS_OPTIONAL)


def test_a_root_dse_refused_for_want_of_confidentiality_makes_it_required() -> None:
    refused = [(BIND, result(1, 0x61, 13)), (SEARCH, result(2, 0x65, 13))]
    turns = [*refused, STARTED, Tls(True), (SEARCH_AGAIN, entry(4) + result(4, 0x65, 0)), (UNBIND, b"\0")]
    assert play(ldap.converse(b""), *turns) == answer(Acceptance.TLS_REQUIRED)


def test_confidentiality_wanted_of_passwords_alone_leaves_searches_in_the_clear() -> None:
    turns = [(BIND, result(1, 0x61, 13)), READ, STARTED, Tls(True)]
    assert play(ldap.converse(b""), *turns) == answer(Acceptance.TLS_OPTIONAL)


def test_a_server_that_knows_no_anonymous_clients() -> None:
    turns = [(BIND, result(1, 0x61, 48)), (SEARCH, result(2, 0x65, 8)), STARTED, Tls(True)]
    expected = answer(Acceptance.TLS_OPTIONAL, "", authentication=Authentication.REQUIRED)
    assert play(ldap.converse(b""), *turns, (SEARCH_AGAIN, result(4, 0x65, 8))) == expected


@pytest.mark.parametrize(
    "said",
    [b"", BIND, b"HTTP/1.1 400 Bad Request\r\n", b"\x30\x0c\x02\x01\x01\x61", b"\x30\x84", b"\x30\x03\x02\x01\x01"],
)
def test_what_answers_no_bind_is_not_ldap(said: bytes) -> None:
    assert play(ldap.converse(b""), Said(BIND, said)) is None
