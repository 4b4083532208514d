"""FTP: whether the name of an account is refused before AUTH TLS. Answers of vsftpd 3.0.3 and ProFTPD 1.3.8."""

import pytest
from tests.unit.probes.playing import Again, Said, Tls, Turn, play

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes import ftp

VSFTPD = b"220 (vsFTPd 3.0.3)\r\n"
FEATURES = (b"FEAT\r\n", b"211-Features:\r\n AUTH TLS\r\n EPRT\r\n PBSZ\r\n PROT\r\n211 End\r\n")
GO_AHEAD = (b"AUTH TLS\r\n", b"234 Proceed with negotiation.\r\n")
USER = b"USER javert-probe\r\n"
WITH_TLS = (FEATURES, GO_AHEAD, Tls(True), Again())


def answer(acceptance: Acceptance, product: str = "vsftpd", **more: Authentication) -> ProbeAnswer:
    return ProbeAnswer(protocol="ftp", acceptance=acceptance, product=product, **more)


@pytest.mark.parametrize(
    "turns",
    [
        [(b"FEAT\r\n", b"211-Features:\r\n EPRT\r\n EPSV\r\n211 End\r\n")],
        [(b"FEAT\r\n", b"530 Please login with USER and PASS.\r\n"), (b"AUTH TLS\r\n", b"530 Please login.\r\n")],
        [(b"FEAT\r\n", b"500 Unknown command.\r\n"), Said(b"AUTH TLS\r\n")],
        [FEATURES, (b"AUTH TLS\r\n", b"431 Unable to negotiate\r\n")],
        [FEATURES, GO_AHEAD, Tls(False)],
    ],
)
def test_a_server_without_tls_that_works_is_cleartext_only(turns: list[Turn]) -> None:
    assert play(ftp.converse(VSFTPD), *turns) == answer(Acceptance.CLEARTEXT_ONLY)


def test_a_name_taken_in_the_clear_makes_tls_optional() -> None:
    turns = [*WITH_TLS, (b"", VSFTPD), (USER, b"331 Please specify the password.\r\n")]
    assert play(ftp.converse(VSFTPD), *turns) == answer(Acceptance.TLS_OPTIONAL)


@pytest.mark.parametrize(
    "refusal",
    [
        b"530 Non-anonymous sessions must use encryption.\r\n",  # vsftpd
        b"550 SSL/TLS required on the control channel\r\n",  # ProFTPD
        b"421 Sorry, cleartext sessions and weak ciphers are not accepted on this server.\r\n",  # Pure-FTPd
        b"503 Use AUTH first.\r\n",  # FileZilla Server
        b"534 Policy says no.\r\n",  # RFC 4217 12.2
    ],
)
def test_a_name_refused_for_want_of_tls_makes_it_required(refusal: bytes) -> None:
    assert play(ftp.converse(VSFTPD), *WITH_TLS, (b"", VSFTPD), (USER, refusal)) == answer(Acceptance.TLS_REQUIRED)


def test_a_name_refused_for_another_reason_does_not() -> None:
    turns = [*WITH_TLS, (b"", VSFTPD), (USER, b"530 This FTP server is anonymous only.\r\n")]
    assert play(ftp.converse(VSFTPD), *turns) == answer(Acceptance.TLS_OPTIONAL)


def test_a_name_without_password_that_is_let_in() -> None:
    turns = [*WITH_TLS, (b"", VSFTPD), (USER, b"230 Come in.\r\n")]
    assert play(ftp.converse(VSFTPD), *turns) == answer(Acceptance.TLS_OPTIONAL, authentication=Authentication.NONE)


def test_auth_is_tried_where_features_are_not_listed() -> None:
    turns = [(b"FEAT\r\n", b"500 What?\r\n"), GO_AHEAD, Tls(True), Again(), (b"", b"220 files\r\n")]
    found = play(ftp.converse(b"220 files\r\n"), *turns, (USER, b"331 Password?\r\n"))
    assert found == answer(Acceptance.TLS_OPTIONAL, "")


def test_a_server_that_has_no_room_is_not_judged() -> None:
    assert play(ftp.converse(b"421 Too many users, sorry.\r\n")) == answer(Acceptance.UNDECIDED, "")


def test_what_answers_without_a_code_is_not_ftp() -> None:
    assert play(ftp.converse(b"220-hello\r\n"), (b"", b"220 there\r\n"), Said(b"FEAT\r\n", b"what?\r\n")) is None
