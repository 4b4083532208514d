"""FTP: replies, accounts, AUTH TLS."""

from collections.abc import Callable

import pytest

from javert.model.telemetry import Encryption, Transport
from javert.protocols.interface import Protocol, Verdict

Play = Callable[..., Verdict]

GREETING = ("S", b"220 Service ready for new user.\r\n")
NEED_PASSWORD = ("S", b"331 User name okay, need password.\r\n")
LOGGED_IN = ("S", b"230 User logged in, proceed.\r\n")


def login(user: bytes, answer: tuple[str, bytes] = LOGGED_IN) -> list[tuple[str, bytes]]:
    return [GREETING, ("C", b"USER " + user + b"\r\n"), NEED_PASSWORD, ("C", b"PASS secret\r\n"), answer]


def test_a_real_account_that_logs_in_is_an_account_login(verdict_of: Play) -> None:
    verdict = verdict_of(*login(b"joe"))
    assert (verdict.protocol, verdict.encryption) == (Protocol.FTP, Encryption.NONE)
    assert verdict.account_login
    assert verdict.credentials_exposed


@pytest.mark.parametrize("user", [b"anonymous", b"ftp", b"Anonymous"])
def test_anonymous_is_no_account(verdict_of: Play, user: bytes) -> None:
    verdict = verdict_of(*login(user))
    assert not verdict.account_login
    assert not verdict.credentials_exposed


def test_a_login_that_failed_exposed_the_password_all_the_same(verdict_of: Play) -> None:
    verdict = verdict_of(*login(b"joe", ("S", b"530 Login incorrect.\r\n")))
    assert verdict.credentials_exposed
    assert not verdict.account_login


def test_anonymous_after_a_failed_account_is_no_account_login(verdict_of: Play) -> None:
    failed = login(b"joe", ("S", b"530 Login incorrect.\r\n"))
    assert not verdict_of(*failed, *login(b"ftp")[1:]).account_login


def test_auth_tls_followed_by_tls_is_an_upgrade(verdict_of: Play, client_hello: bytes) -> None:
    turns = [GREETING, ("C", b"AUTH TLS\r\n"), ("S", b"234 Proceed with negotiation.\r\n"), ("C", client_hello)]
    verdict = verdict_of(*turns)
    assert (verdict.protocol, verdict.encryption) == (Protocol.FTP, Encryption.UPGRADED)


def test_auth_tls_refused_and_a_password_in_the_clear(verdict_of: Play) -> None:
    turns = [GREETING, ("C", b"AUTH TLS\r\n"), ("S", b"502 not implemented\r\n"), *login(b"joe")[1:]]
    verdict = verdict_of(*turns)
    assert (verdict.encryption, verdict.account_login) == (Encryption.REFUSED, True)


def test_auth_ssl_after_auth_tls_was_refused_may_still_upgrade(verdict_of: Play, client_hello: bytes) -> None:
    turns = [
        GREETING,
        ("C", b"AUTH TLS\r\n"),
        ("S", b"504 unknown\r\n"),
        ("C", b"AUTH SSL\r\n"),
        ("S", b"234 ok\r\n"),
        ("C", client_hello),
    ]
    assert verdict_of(*turns).encryption is Encryption.UPGRADED


def test_a_feature_that_is_not_used(verdict_of: Play) -> None:
    features = [("C", b"FEAT\r\n"), ("S", b"211-Features:\r\n AUTH TLS\r\n PBSZ\r\n211 End\r\n")]
    assert verdict_of(*login(b"joe"), *features).encryption is Encryption.OFFERED_NOT_USED


@pytest.mark.parametrize("banner", [b"220 ProFTPD Server ready\r\n", b"220-FileZilla Server\r\n220 hello\r\n"])
def test_a_greeting_that_names_ftp(verdict_of: Play, banner: bytes) -> None:
    assert verdict_of(("S", banner)).protocol is Protocol.FTP


def test_smtp_that_mentions_ftp_is_smtp(verdict_of: Play) -> None:
    assert verdict_of(("S", b"220 ftp.example.org ESMTP Postfix\r\n")).protocol is Protocol.SMTP


def test_user_and_pass_to_a_server_that_says_ok_is_not_ftp(verdict_of: Play) -> None:
    turns = [("S", b"+OK ready\r\n"), ("C", b"USER joe\r\nPASS x\r\n")]
    assert verdict_of(*turns).protocol is Protocol.POP3


def test_a_user_with_four_parameters_is_irc(verdict_of: Play) -> None:
    assert verdict_of(("C", b"USER amy 0 * :Amy Pond\r\n")).protocol is Protocol.IRC


def test_user_alone_is_not_told(verdict_of: Play) -> None:
    assert verdict_of(("C", b"USER joe\r\n")).protocol is Protocol.UNKNOWN


def test_it_does_not_exist_over_udp(verdict_of: Play) -> None:
    assert verdict_of(*login(b"joe"), transport=Transport.UDP).protocol is Protocol.UNKNOWN
