"""One flow: segments in any order, gaps, finality, and letting go of what was kept."""

import pytest

from javert.model.telemetry import Encryption, Transport
from javert.protocols.interface import Direction, FlowHint, Protocol
from javert.protocols.session import Session

UP, DOWN = Direction.TO_SERVER, Direction.TO_CLIENT
TCP = FlowHint(transport=Transport.TCP)
REQUEST = b"GET /index.html HTTP/1.1\r\nHost: example.org\r\n\r\n"
SERVER_HELLO = bytes.fromhex("160303007a020000760303") + bytes(116)


def test_nothing_seen_is_unknown_and_undecided() -> None:
    session = Session(TCP)
    assert session.verdict().protocol is Protocol.UNKNOWN
    assert not session.decided


def test_segments_out_of_order_are_put_in_order() -> None:
    session = Session(TCP)
    session.segment(UP, 20, REQUEST[20:], len(REQUEST) - 20)
    session.segment(UP, 0, REQUEST[:20], 20)
    assert session.verdict().protocol is Protocol.HTTP


def test_a_retransmission_changes_nothing() -> None:
    session = Session(TCP)
    for _ in range(3):
        session.segment(UP, 0, REQUEST[:10], 10)
    session.segment(UP, 5, REQUEST[5:], len(REQUEST) - 5)
    assert session.verdict().protocol is Protocol.HTTP


def test_the_first_bytes_may_come_last_in_a_flow_joined_midway() -> None:
    session = Session(FlowHint(transport=Transport.TCP, midstream=True))
    session.segment(UP, 0, REQUEST[20:], len(REQUEST) - 20)
    session.segment(UP, -20, REQUEST[:20], 20)
    assert session.verdict().protocol is Protocol.HTTP


def test_a_flow_joined_midway_with_the_sides_mistaken_is_still_told() -> None:
    session = Session(FlowHint(transport=Transport.TCP, midstream=True))
    session.segment(DOWN, 0, REQUEST, len(REQUEST))
    assert session.verdict().protocol is Protocol.HTTP


def test_the_sides_of_a_flow_seen_from_its_beginning_are_not_exchanged() -> None:
    session = Session(TCP)
    session.segment(DOWN, 0, REQUEST, len(REQUEST))
    assert session.verdict().protocol is Protocol.UNKNOWN


def test_an_upgrade_is_followed_over_segments_that_were_cut_short(client_hello: bytes) -> None:
    session = Session(TCP)
    banner = b"220 mx ESMTP\r\n"
    session.segment(DOWN, 0, banner, len(banner))
    session.segment(UP, 0, b"EHLO a\r\n", 8)
    session.segment(DOWN, len(banner), b"250-mx\r\n250-SIZE", 3000)  # cut
    session.segment(UP, 8, b"STARTTLS\r\n", 10)
    session.segment(DOWN, len(banner) + 3000, b"220 go ahead\r\n", 14)
    session.segment(UP, 18, client_hello[:60], len(client_hello))
    verdict = session.verdict()
    assert (verdict.protocol, verdict.encryption) == (Protocol.SMTP, Encryption.UPGRADED)
    session.segment(DOWN, len(banner) + 3014, SERVER_HELLO, len(SERVER_HELLO))
    assert session.verdict() == verdict
    assert session.decided


def test_an_upgrade_is_not_final_before_the_other_side_goes_along(client_hello: bytes) -> None:
    """Found by generated flows: what the server says may still show that this is no IMAP."""
    session = Session(TCP)
    for offset, data in ((0, b"a STARTTLS\r\n"), (12, client_hello)):
        session.segment(UP, offset, data, len(data))
        assert not session.decided
    session.segment(DOWN, 0, b"IO", 2)
    assert not session.decided
    session.segment(DOWN, 2, b"NS foo\r\n", 8)
    assert session.verdict().protocol is Protocol.UNKNOWN


@pytest.mark.parametrize("alone", [UP, DOWN])
def test_a_side_that_speaks_alone_does_not_decide(alone: Direction) -> None:
    session = Session(TCP)
    noise = bytes(range(1, 256)) * 32
    session.segment(alone, 0, noise, len(noise))
    assert not session.decided
    session.segment(alone, len(noise), noise * 2, 2 * len(noise))
    assert session.decided


def test_a_decided_session_keeps_its_verdict_and_no_payload() -> None:
    session = Session(TCP)
    session.segment(UP, 0, b"SSH-2.0-OpenSSH_9.2\r\n", 21)
    session.segment(DOWN, 0, b"SSH-2.0-OpenSSH_9.2\r\n", 21)
    assert session.decided
    session.segment(UP, 21, REQUEST, len(REQUEST))
    assert session.verdict().protocol is Protocol.SSH
    assert session._streams is None


def test_bytes_that_fit_nothing_are_given_up() -> None:
    session = Session(TCP)
    noise = bytes(range(1, 256)) * 8
    session.segment(UP, 0, b"\x01" + noise, len(noise) + 1)
    assert not session.decided
    session.segment(DOWN, 0, b"\x02" + noise, len(noise) + 1)
    assert session.decided
    assert session.verdict().protocol is Protocol.UNKNOWN


def test_memory_is_bounded_however_much_comes() -> None:
    session = Session(TCP)
    session.segment(UP, 0, REQUEST, len(REQUEST))
    for number in range(1000):
        session.segment(DOWN, number * 2000, b"x" * 1000, 2000)
    assert session._streams is not None
    assert all(stream.kept <= 16 * 1024 for stream in session._streams)


def test_it_says_from_where_on_it_keeps_nothing_so_that_bulk_need_not_be_given() -> None:
    session = Session(TCP)
    past = [session.segment(DOWN, number * 1400, b"x" * 1400, 1400) for number in range(14)]
    assert all(position > 14 * 1400 for position in past[:12])
    assert past[12:] == [16 * 1024] * 2
    assert session.segment(UP, 0, REQUEST, len(REQUEST)) > len(REQUEST)


def test_where_the_furthest_piece_gives_way_to_an_earlier_one_it_keeps_on_listening() -> None:
    session = Session(TCP)
    for number in range(64):
        session.segment(DOWN, 1000 + number * 300, b"x" * 256, 256)
    assert session.segment(DOWN, 1000 + 64 * 300, b"x", 1) == 1000 + 63 * 300 + 256
    assert session.segment(DOWN, 0, b"y" * 9, 9) > 1000 + 64 * 300
