"""HTTP: what a request in the clear is answered with. Answers of nginx 1.22, Apache 2.4, Go, nghttpd."""

import pytest
from tests.unit.probes.playing import Again, Said, Tls, Turn, play

from javert.model.telemetry import Acceptance, Authentication, ProbeAnswer
from javert.probes import http

PLAIN = b"GET / HTTP/1.0\r\n\r\n"
FIELDS = b" HTTP/1.1\r\nHost: localhost\r\nUser-Agent: javert\r\nAccept: */*\r\nConnection: close\r\n\r\n"
ROOT, NOWHERE = b"GET /" + FIELDS, b"GET /javert-probe" + FIELDS
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000 04 00 00000000")


def response(status: bytes, *fields: bytes, body: bytes = b"") -> bytes:
    return b"HTTP/1.1 " + status + b"\r\n" + b"".join(line + b"\r\n" for line in fields) + b"\r\n" + body


OK = response(b"200 OK", b"Server: nginx/1.22.1")
TO_HTTPS = response(b"301 Moved Permanently", b"Server: nginx", b"Location: https://www.example.com/")
TO_HTTP = response(b"302 Found", b"Server: nginx", b"Location: http://www.example.com/start")
NOT_FOUND = response(b"404 Not Found", b"Server: nginx")
BAD = response(b"400 Bad Request", body=b"<html>Bad Request</html>")


def answer(acceptance: Acceptance, product: str = "nginx", **more: Authentication) -> ProbeAnswer:
    return ProbeAnswer(protocol="http", acceptance=acceptance, product=product, **more)


TLS_ONLY = ProbeAnswer(protocol="tls", acceptance=Acceptance.TLS_ONLY)


@pytest.mark.parametrize(
    "turns",
    [
        [(PLAIN, OK)],
        [(PLAIN, TO_HTTP)],
        [(PLAIN, TO_HTTPS), Again(), (NOWHERE, NOT_FOUND)],  # only the page in front is sent on
        [(PLAIN, NOT_FOUND), Again(), (ROOT, NOT_FOUND)],
        [(PLAIN, NOT_FOUND), Again(), (ROOT, TO_HTTPS), Again(), (NOWHERE, OK)],
        [(PLAIN, NOT_FOUND), Again(refused=True), Said(ROOT)],
    ],
)
def test_an_answer_makes_it_cleartext_only(turns: list[Turn]) -> None:
    assert play(http.converse(b""), *turns) == answer(Acceptance.CLEARTEXT_ONLY)


@pytest.mark.parametrize(
    "turns",
    [
        [(PLAIN, TO_HTTPS), Again(), (NOWHERE, TO_HTTPS)],
        [(PLAIN, response(b"426 Upgrade Required")), Again(), (ROOT, TO_HTTPS), Again(), (NOWHERE, TO_HTTPS)],
    ],
)
def test_a_server_that_only_sends_on_to_https(turns: list[Turn]) -> None:
    assert play(http.converse(b""), *turns) == answer(Acceptance.REDIRECT_ONLY)


def test_a_login_that_is_asked_for_is_told() -> None:
    found = play(http.converse(b""), (PLAIN, response(b"401 Unauthorized", b"Server: nginx")))
    assert found == answer(Acceptance.CLEARTEXT_ONLY, authentication=Authentication.REQUIRED)


@pytest.mark.parametrize(
    "said",
    [
        response(b"400 Bad Request", body=b"<html>The plain HTTP request was sent to HTTPS port</html>"),
        response(
            b"400 Bad Request",
            body=b"<html>Reason: You're speaking plain HTTP to an SSL-enabled server port.</html>",
        ),
    ],
)
def test_a_port_for_tls_that_says_so(said: bytes) -> None:
    assert play(http.converse(b""), (PLAIN, said)) == TLS_ONLY


def test_a_port_for_tls_whose_words_come_late() -> None:
    said = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"  # Go
    assert play(http.converse(b""), Said(PLAIN, said)) == TLS_ONLY


def test_a_bad_request_is_one_of_tls_if_tls_works_there() -> None:
    assert play(http.converse(b""), (PLAIN, BAD), Again(), Tls(True)) == TLS_ONLY
    turns = [(PLAIN, BAD), Again(), Tls(False), Again(), (ROOT, OK)]
    assert play(http.converse(b""), *turns) == answer(Acceptance.CLEARTEXT_ONLY)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"-ERR wrong number of arguments for 'get' command\r\n",
        b"\x15\x03\x03\x00\x02\x02\x0a",
        b"HTTP/1.0 200 OK\r\n\r\nIt looks like you are trying to access MongoDB over HTTP on the native driver.",
        PLAIN,
    ],
)
def test_what_is_not_answered_in_http_is_not(said: bytes) -> None:
    assert play(http.converse(b""), Said(PLAIN, said)) is None


def test_http2_alone_is_told_by_its_settings() -> None:
    settings = bytes.fromhex("000012 04 00 00000000 000300000080 000400010000 000500ffffff")
    expected = ProbeAnswer(protocol="http", acceptance=Acceptance.CLEARTEXT_ONLY)
    assert play(http.converse_http2(b""), (PREFACE, settings)) == expected


@pytest.mark.parametrize("said", [b"", PREFACE, BAD, bytes.fromhex("000000 04 01 00000000")])
def test_what_has_no_settings_is_not_http2(said: bytes) -> None:
    assert play(http.converse_http2(b""), Said(PREFACE, said)) is None
