"""When an answer in lines is whole, and what it says."""

import pytest

from javert.probes.replies import code_of, tagged, wants_tls, whole_line, whole_list, whole_reply


@pytest.mark.parametrize(
    "data", [b"220 ready\r\n", b"250-a\r\n250 b\r\n", b"211-Features:\r\n AUTH TLS\r\n211 End\r\n"]
)
def test_whole_replies(data: bytes) -> None:
    assert whole_reply(data)
    assert not whole_reply(data[:-1])


@pytest.mark.parametrize(
    "data", [b"", b"250-a\r\n", b"211-Features:\r\n AUTH TLS\r\n", b"hello\r\n", b"120 soon\r\n"]
)
def test_replies_that_go_on(data: bytes) -> None:
    assert not whole_reply(data)


def test_codes() -> None:
    assert [code_of(data) for data in (b"220 x", b"530-x", b"22", b"", b"abc")] == [220, 530, 0, 0, 0]


@pytest.mark.parametrize(
    "data", [b"+OK\r\nSTLS\r\n.\r\n", b"-ERR no\r\n", b"101 list\r\nREADER\r\n.\r\n", b"500 no\r\n"]
)
def test_whole_lists(data: bytes) -> None:
    assert whole_list(data)
    assert not whole_list(data[:-1])


def test_a_list_that_goes_on() -> None:
    assert not whole_list(b"+OK\r\nSTLS\r\n")


def test_a_tagged_line_completes_a_command() -> None:
    assert tagged(b"a1")(b"* CAPABILITY x\r\na1 OK done\r\n")
    assert not tagged(b"a1")(b"* CAPABILITY x\r\n")
    assert not tagged(b"a1")(b"* CAPABILITY x\r\na1 OK do")
    assert not tagged(b"a1")(b"a10 OK done\r\n")


def test_a_line() -> None:
    assert whole_line(b"x\n")
    assert not whole_line(b"x")


@pytest.mark.parametrize(
    ("refusal", "wants"),
    [
        (b"530 Must issue a STARTTLS command first", True),
        (b"550 SSL/TLS required on the control channel", True),
        (b"421 Sorry, cleartext sessions are not accepted", True),
        (b"530 Permission denied.", False),
        (b"550 Administrative prohibition", False),
    ],
)
def test_what_a_refusal_is_for(refusal: bytes, wants: bool) -> None:
    assert wants_tls(refusal) is wants
