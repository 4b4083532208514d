"""The order of questions, and what becomes of answers that were not expected."""

import pytest
from tests.unit.probes.playing import Again, Said, Tls, Turn, play
from tests.unit.probes.test_snmp import DISCOVERY, QUESTIONS

from javert.model.telemetry import Acceptance, ProbeAnswer, Transport
from javert.probes import plan
from javert.probes.interface import Ended, ServiceHint

GET = b"GET / HTTP/1.0\r\n\r\n"
OK = (GET, b"HTTP/1.1 200 OK\r\nServer: nginx\r\n\r\n")
TO_HTTPS = b"HTTP/1.1 301 Moved\r\nLocation: https://x/\r\n\r\n"
NOWHERE = (
    b"GET /javert-probe HTTP/1.1\r\nHost: localhost\r\nUser-Agent: javert\r\nAccept: */*\r\n"
    b"Connection: close\r\n\r\n"
)
SILENCE = Said(b"")
PING = b"*1\r\n$4\r\nPING\r\n"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000 04 00 00000000")
SSL_REQUEST = bytes.fromhex("00000008 04d2162f")
BIND = bytes.fromhex("300c 020101 6007 020103 0400 8000")
CONNECT = bytes.fromhex("10 0c 0004 4d515454 04 02 000a 0000")
NO_SNMP = [*map(Said, QUESTIONS.values()), Said(DISCOVERY)]
ALERT = bytes.fromhex("15 0303 0002 02 0a")


def ask(
    *turns: Turn,
    port: int = 54321,
    program: str = "",
    transport: Transport = Transport.TCP,
    observed: tuple[str, ...] = (),
) -> tuple[ProbeAnswer, ...]:
    hint = ServiceHint(transport=transport, port=port, program=program, observed=observed)
    return play(plan.conversation(hint), *turns)


def clear(protocol: str, product: str = "") -> tuple[ProbeAnswer]:
    return (ProbeAnswer(protocol=protocol, acceptance=Acceptance.CLEARTEXT_ONLY, product=product),)


TLS = (ProbeAnswer(protocol="tls", acceptance=Acceptance.TLS_ONLY),)
MAIL_GREETING = b"220 mail.example ESMTP Postfix\r\n"
MAIL = (b"EHLO localhost\r\n", b"250 mail.example\r\n")


def test_a_greeting_decides_whatever_the_port_suggests() -> None:
    assert ask((b"", MAIL_GREETING), MAIL, port=80, program="nginx") == clear("smtp", "Postfix")
    assert ask((b"", b"\xff\xfd\x18\xff\xfd\x20"), port=443) == clear("telnet")


def test_a_service_that_waits_is_asked_for_tls_and_http() -> None:
    assert ask(SILENCE, Tls(False), Again(), OK) == clear("http", "nginx")


def test_the_port_decides_what_comes_first() -> None:
    assert ask(SILENCE, OK, port=80) == clear("http", "nginx")
    assert ask(SILENCE, OK, program="nginx") == clear("http", "nginx")
    assert ask(SILENCE, OK, observed=("http",), port=6379) == clear("http", "nginx")
    found = ask(SILENCE, (PING, b"+PONG\r\n"), port=6379)
    assert [one.protocol for one in found] == ["redis"]


def test_the_answer_decides_whatever_was_suggested() -> None:
    turns = [SILENCE, Said(PING), Again(), Tls(False), Again(), OK]
    assert ask(*turns, port=6379, program="redis-server") == clear("http", "nginx")
    tls_on_telnet = [SILENCE, Said(b"\xff\xfd\x03", ALERT, Ended.CLOSED), Again(), Tls(True)]
    assert ask(*tls_on_telnet, Again(), Said(GET), port=23) == TLS


def test_what_speaks_tls_is_asked_in_the_clear_as_well() -> None:
    tls = [SILENCE, Tls(True), Again()]
    assert ask(*tls, Said(GET, ALERT)) == TLS
    assert ask(*tls, Said(GET, b"", Ended.CLOSED)) == TLS
    bad = (GET, b"HTTP/1.1 400 Bad Request\r\n\r\n<html>The plain HTTP request was sent to HTTPS port</html>")
    assert ask(*tls, bad) == TLS
    (optional,) = ask(*tls, OK)
    assert (optional.protocol, optional.acceptance) == ("http", Acceptance.TLS_OPTIONAL)
    (redirect,) = ask(*tls, (GET, TO_HTTPS), Again(), (NOWHERE, TO_HTTPS))
    assert (redirect.protocol, redirect.acceptance) == ("http", Acceptance.REDIRECT_ONLY)


@pytest.mark.parametrize(
    ("said", "next_question", "answered", "protocol"),
    [
        (b"-ERR wrong number of arguments for 'get' command\r\n", PING, b"+PONG\r\n", "redis"),
        (b"ERROR\r\nERROR\r\n", b"version\r\n", b"VERSION 1.6.18\r\n", "memcached"),
        (b"AMQP\0\0\x09\x01", b"AMQP\0\0\x09\x01", b"AMQP\0\x01\0\0", "amqp"),
        (b":irc.example 451 * GET :Connection not registered\r\n", b"CAP LS 302\r\n", b":x CAP * LS :\r\n", "irc"),
    ],
)
def test_an_answer_of_another_protocol_is_followed_up(said, next_question, answered, protocol) -> None:
    found = ask(SILENCE, Tls(False), Again(), Said(GET, said), Again(), (next_question, answered))
    assert [one.protocol for one in found] == [protocol]


def test_a_greeting_that_was_late_is_waited_for() -> None:
    turns = [SILENCE, Tls(False, MAIL_GREETING), Again(), (b"", MAIL_GREETING), MAIL]
    assert ask(*turns) == clear("smtp", "Postfix")


def test_a_greeting_that_may_be_of_mail_or_of_files_is_tried_as_both() -> None:
    greeting, denied = b"220 ready\r\n", b"530 Please login with USER and PASS.\r\n"
    feat = (b"FEAT\r\n", b"211 End\r\n")
    mail = [(b"EHLO localhost\r\n", denied), (b"HELO localhost\r\n", denied)]
    assert ask((b"", greeting), *mail, Again(), (b"", greeting), feat) == clear("ftp")
    assert ask((b"", greeting), feat, port=21) == clear("ftp")
    assert ask((b"", greeting), MAIL, port=25) == clear("smtp")


def test_a_server_of_http2_alone_may_speak_first() -> None:
    settings = bytes.fromhex("000006 04 00 00000000 000300000064")
    assert ask((b"", settings), Again(), (PREFACE, settings)) == clear("http")


def test_who_hangs_up_on_every_question_is_asked_a_few_more() -> None:
    gone = [Said(question, b"", Ended.CLOSED) for question in (PREFACE, SSL_REQUEST, BIND, CONNECT)]
    turns: list[Turn] = [SILENCE, Tls(False), Again(), Said(GET, b"", Ended.RESET)]
    reserved = Again(own=True, reserved=True)
    assert ask(*turns, reserved, SILENCE, (b"\0\0\0\0", b"\0Password: ")) == clear("rlogin")
    turns += [reserved, Said(b"", b"", Ended.CLOSED)]
    for one in gone:
        turns += [Again(), one]
    assert ask(*turns) == ()


def test_who_answers_with_what_nobody_knows_is_left_in_peace() -> None:
    assert ask(SILENCE, Tls(False, b"\0\0\0\0"), Again(), Said(GET, b"\0\0\0\0")) == ()
    assert ask((b"", b"@RSYNCD: 31.0\n")) == ()
    assert ask(SILENCE, Tls(False), Again(refused=True)) == ()


@pytest.mark.parametrize("ended", [Ended.FLOODED, Ended.ENOUGH])
def test_who_says_what_nobody_knows_unasked_is_asked_nothing(ended: Ended) -> None:
    assert ask(Said(b"", b"0123456789" * 100, ended)) == ()


def test_who_hangs_up_at_once_may_serve_its_own_address() -> None:
    gone, own = Said(b"", b"", Ended.CLOSED), Again(own=True)
    assert ask(gone, own, SILENCE, Tls(False), own, OK) == clear("http", "nginx")
    assert ask(gone, own, (b"", MAIL_GREETING), MAIL) == clear("smtp", "Postfix")
    assert ask(gone, Again(own=True, refused=True)) == ()


def test_who_hangs_up_there_too_may_serve_reserved_ports() -> None:
    gone, own, reserved = Said(b"", b"", Ended.CLOSED), Again(own=True), Again(own=True, reserved=True)
    turns = [gone, own, gone, reserved]
    assert ask(*turns, SILENCE, (b"\0\0\0\0", b"\0Password: ")) == clear("rlogin")
    assert ask(*turns, SILENCE, (b"\0\0\0\0", b"\x01Permission denied.\n")) == clear("rsh")
    assert ask(*turns, SILENCE, Said(b"\0\0\0\0")) == ()
    assert ask(*turns, gone) == ()
    assert ask(gone, own, gone, Again(own=True, reserved=True, refused=True)) == ()


def test_a_refusal_of_the_r_commands_is_one() -> None:
    assert ask((b"", b"\x01Permission denied.\n"), port=514) == clear("rsh")


def test_snmp_over_tcp_is_asked_like_over_udp() -> None:
    found = ask(SILENCE, *NO_SNMP, Again(), Tls(False), Again(), Said(GET), port=161)
    assert found == ()


def test_datagrams_are_of_snmp_unless_another_protocol_is_suggested() -> None:
    read = (b"\0\1javert-probe-no-such-file\0octet\0", b"\0\5\0\1File not found\0")
    assert [one.protocol for one in ask(read, port=69, transport=Transport.UDP)] == ["tftp"]
    assert ask(*NO_SNMP, port=161, transport=Transport.UDP) == ()
    assert ask(*NO_SNMP, port=10161, observed=("snmpv2c",), transport=Transport.UDP) == ()
