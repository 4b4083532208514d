"""What holds for every flow, whatever its bytes."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from javert.model.telemetry import Encryption, Transport
from javert.protocols.interface import Direction, FlowHint, Protocol, Verdict
from javert.protocols.session import Session
from javert.protocols.streams import KEPT_BYTES, KEPT_PIECES, Stream

UP, DOWN = Direction.TO_SERVER, Direction.TO_CLIENT
SIDES = {"C": UP, "S": DOWN}

CLIENT_HELLO = bytes.fromhex("16 0301 00c8  01 0000c4 0303") + bytes(range(194))
SERVER_HELLO = bytes.fromhex("16 0303 007a  02 000076 0303") + bytes(range(116))

# Whole sessions as their references write them; the property tests cut, mix and mutilate them.
SESSIONS: dict[str, tuple[Protocol, list[tuple[str, bytes]]]] = {
    "smtp": (
        Protocol.SMTP,
        [
            ("S", b"220 foo.com Simple Mail Transfer Service Ready\r\n"),
            ("C", b"EHLO bar.com\r\n"),
            ("S", b"250-foo.com greets bar.com\r\n250-8BITMIME\r\n250-STARTTLS\r\n250 HELP\r\n"),
            ("C", b"AUTH PLAIN AHVzZXIAcGFzcw==\r\n"),
            ("S", b"235 ok\r\n"),
            ("C", b"MAIL FROM:<Smith@bar.com>\r\n"),
            ("S", b"250 OK\r\n"),
            ("C", b"DATA\r\n"),
            ("S", b"354 Start mail input; end with <CRLF>.<CRLF>\r\n"),
            ("C", b"Blah blah blah...\r\n.\r\n"),
        ],
    ),
    "smtp with starttls": (
        Protocol.SMTP,
        [
            ("S", b"220 mail.imc.org SMTP service ready\r\n"),
            ("C", b"EHLO mail.example.com\r\n"),
            ("S", b"250-mail.imc.org offers a warm hug of welcome\r\n250-STARTTLS\r\n250 DSN\r\n"),
            ("C", b"STARTTLS\r\n"),
            ("S", b"220 Go ahead\r\n"),
            ("C", CLIENT_HELLO),
            ("S", SERVER_HELLO),
        ],
    ),
    "ftp": (
        Protocol.FTP,
        [
            ("S", b"220 Service ready for new user.\r\n"),
            ("C", b"USER joe\r\n"),
            ("S", b"331 User name okay, need password.\r\n"),
            ("C", b"PASS secret\r\n"),
            ("S", b"230 User logged in, proceed.\r\n"),
            ("C", b"PASV\r\n"),
            ("S", b"227 Entering Passive Mode (127,0,0,1,4,1).\r\n"),
        ],
    ),
    "pop3": (
        Protocol.POP3,
        [
            ("S", b"+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>\r\n"),
            ("C", b"USER mrose\r\n"),
            ("S", b"+OK mrose is a real hoopy frood\r\n"),
            ("C", b"PASS secret\r\n"),
            ("S", b"+OK maildrop has 2 messages\r\n"),
        ],
    ),
    "imap": (
        Protocol.IMAP,
        [
            ("S", b"* OK IMAP4rev2 Service Ready\r\n"),
            ("C", b"a001 login mrc secret\r\n"),
            ("S", b"a001 OK LOGIN completed\r\n"),
            ("C", b"a002 select inbox\r\n"),
        ],
    ),
    "http": (
        Protocol.HTTP,
        [
            ("C", b"GET /hello.txt HTTP/1.1\r\nUser-Agent: curl/7.64.1\r\nHost: www.example.com\r\n\r\n"),
            (
                "S",
                b"HTTP/1.1 200 OK\r\nContent-Length: 51\r\n\r\nHello World! My content ends in a CRLF.........\r\n",
            ),
        ],
    ),
    "telnet": (
        Protocol.TELNET,
        [
            ("S", b"\xff\xfd\x18\xff\xfd\x20\xff\xfd\x23\xff\xfd\x27"),
            ("C", b"\xff\xfb\x18\xff\xfc\x20\xff\xfc\x23\xff\xfb\x27"),
            ("S", b"\xff\xfa\x18\x01\xff\xf0Debian GNU/Linux 12\r\nhost login: "),
            ("C", b"\xff\xfa\x18\x00XTERM\xff\xf0joe\r\n"),
            ("S", b"joe\r\nPassword: "),
            ("C", b"secret\r\n"),
            ("S", b"\r\nLast login: Mon\r\n"),
        ],
    ),
    "redis": (
        Protocol.REDIS,
        [("C", b"*2\r\n$4\r\nLLEN\r\n$6\r\nmylist\r\n"), ("S", b":48293\r\n")],
    ),
    "irc": (
        Protocol.IRC,
        [
            ("C", b"NICK amy\r\nUSER amy 0 * :Amy Pond\r\n"),
            ("S", b":bar.example.com 001 amy :Welcome to the Internet Relay Network amy!amy@foo\r\n"),
        ],
    ),
    "ssh": (Protocol.SSH, [("S", b"SSH-2.0-OpenSSH_9.2p1\r\n"), ("C", b"SSH-2.0-OpenSSH_9.2p1\r\n")]),
    "tls": (Protocol.TLS, [("C", CLIENT_HELLO), ("S", SERVER_HELLO)]),
    "vnc": (Protocol.VNC, [("S", b"RFB 003.008\n"), ("C", b"RFB 003.008\n"), ("S", b"\x01\x02"), ("C", b"\x02")]),
    "nntp": (
        Protocol.NNTP,
        [("S", b"200 news.example.com ready\r\n"), ("C", b"MODE READER\r\n"), ("S", b"200 Reader mode\r\n")],
    ),
    "rlogin": (Protocol.RLOGIN, [("C", b"\x00joe\x00root\x00vt100/9600\x00"), ("S", b"\x00Password: ")]),
    "ldap": (
        Protocol.LDAP,
        [
            ("C", bytes.fromhex("300c020101600702010304008000")),
            ("S", bytes.fromhex("300c02010161070a010004000400")),
        ],
    ),
    "postgresql": (
        Protocol.POSTGRESQL,
        [
            ("C", bytes.fromhex("0000000804d2162f")),
            ("S", b"N"),
            ("C", b"\x00\x00\x00\x13\x00\x03\x00\x00user\x00joe\x00\x00\x00\x00"),
            ("S", b"R\x00\x00\x00\x08\x00\x00\x00\x03"),
            ("C", b"p\x00\x00\x00\x0bsecret\x00"),
        ],
    ),
    "mqtt": (
        Protocol.MQTT,
        [("C", bytes.fromhex("1010 0004 4d515454 04 02 003c 0004 44494749")), ("S", bytes.fromhex("20020000"))],
    ),
    "rtsp": (
        Protocol.RTSP,
        [
            ("C", b"OPTIONS rtsp://example.com/media.mp4 RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
            ("S", b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n"),
        ],
    ),
}
NAMES = st.sampled_from(sorted(SESSIONS))
BYTES = st.binary(max_size=400)


def feed(session: Session, pieces: list[tuple[str, bytes]]) -> Verdict:
    sent = {"C": 0, "S": 0}
    for who, data in pieces:
        session.segment(SIDES[who], sent[who], data, len(data))
        sent[who] += len(data)
    return session.verdict()


def verdict(pieces: list[tuple[str, bytes]]) -> Verdict:
    return feed(Session(FlowHint(transport=Transport.TCP)), pieces)


def cut(data: st.DataObject, turns: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    pieces = []
    for who, whole in turns:
        points = sorted(data.draw(st.sets(st.integers(1, max(1, len(whole) - 1)), max_size=6)))
        for start, end in zip([0, *points], [*points, len(whole)], strict=True):
            if start < end:
                pieces.append((who, whole[start:end]))
    return pieces


@given(client=BYTES, server=BYTES, midstream=st.booleans(), port=st.sampled_from([0, 512, 514]))
def test_any_bytes_over_tcp_give_a_verdict(client: bytes, server: bytes, midstream: bool, port: int) -> None:
    session = Session(FlowHint(transport=Transport.TCP, server_port=port, midstream=midstream))
    session.segment(UP, 0, client, len(client))
    session.segment(DOWN, 0, server, len(server))
    assert isinstance(session.verdict(), Verdict)


@given(datagrams=st.lists(st.tuples(st.booleans(), BYTES), max_size=8))
def test_any_datagrams_give_a_verdict(datagrams: list[tuple[bool, bytes]]) -> None:
    session = Session(FlowHint(transport=Transport.UDP))
    for up, data in datagrams:
        session.datagram(UP if up else DOWN, data, len(data))
        assert isinstance(session.decided, bool)
    assert isinstance(session.verdict(), Verdict)


@given(name=NAMES, data=st.data())
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=300)
def test_mutilated_sessions_give_a_verdict(name: str, data: st.DataObject) -> None:
    turns = [(who, bytearray(whole)) for who, whole in SESSIONS[name][1]]
    for _ in range(data.draw(st.integers(1, 6))):
        _, victim = turns[data.draw(st.integers(0, len(turns) - 1))]
        victim[data.draw(st.integers(0, len(victim) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(verdict([(who, bytes(whole)) for who, whole in turns]), Verdict)


@pytest.mark.parametrize("name", sorted(SESSIONS))
def test_the_sessions_are_what_they_are(name: str) -> None:
    protocol, turns = SESSIONS[name]
    assert verdict(turns).protocol is protocol


@given(name=NAMES, data=st.data())
@settings(max_examples=400)
def test_cutting_the_same_bytes_elsewhere_never_changes_the_verdict(name: str, data: st.DataObject) -> None:
    turns = SESSIONS[name][1]
    assert verdict(cut(data, turns)) == verdict(turns)


@given(name=NAMES, data=st.data())
@settings(max_examples=300)
def test_asking_whether_it_is_decided_never_changes_the_verdict(name: str, data: st.DataObject) -> None:
    turns = SESSIONS[name][1]
    session = Session(FlowHint(transport=Transport.TCP))
    sent = {"C": 0, "S": 0}
    for who, piece in cut(data, turns):
        session.segment(SIDES[who], sent[who], piece, len(piece))
        sent[who] += len(piece)
        if session.decided:
            break
    assert session.verdict() == verdict(turns)


@given(name=NAMES, data=st.data())
@settings(max_examples=300)
def test_order_and_repetition_of_segments_never_change_the_verdict(name: str, data: st.DataObject) -> None:
    turns = SESSIONS[name][1]
    sent = {"C": 0, "S": 0}
    placed = []
    for who, piece in cut(data, turns):
        placed.append((who, sent[who], piece))
        sent[who] += len(piece)
    shuffled = data.draw(st.permutations(placed + data.draw(st.lists(st.sampled_from(placed), max_size=3))))
    session = Session(FlowHint(transport=Transport.TCP))
    for who, offset, piece in shuffled:
        session.segment(SIDES[who], offset, piece, len(piece))
    assert session.verdict() == verdict(turns)


@pytest.mark.parametrize("name", sorted(SESSIONS))
def test_every_prefix_is_unknown_or_the_protocol_of_the_whole(name: str) -> None:
    protocol, turns = SESSIONS[name]
    for number in range(len(turns)):
        who, last = turns[number]
        for end in range(len(last) + 1):
            seen = verdict([*turns[:number], (who, last[:end])]).protocol
            assert seen in (protocol, Protocol.UNKNOWN), (number, end, seen)


@pytest.mark.parametrize("name", sorted(SESSIONS))
def test_no_prefix_of_a_session_is_called_upgraded_before_a_hello(name: str) -> None:
    _, turns = SESSIONS[name]
    before = [(who, data) for who, data in turns if data not in (CLIENT_HELLO, SERVER_HELLO)]
    for number in range(len(before) + 1):
        assert verdict(before[:number]).encryption is not Encryption.UPGRADED


@given(
    segments=st.lists(
        st.tuples(st.integers(-5000, 60000), st.binary(min_size=1, max_size=3000)), min_size=1, max_size=60
    )
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_a_stream_is_bounded_and_its_pieces_are_in_order_and_apart(segments: list[tuple[int, bytes]]) -> None:
    stream = Stream()
    for offset, data in segments:
        stream.add(offset, data)
        ends = [start + len(piece) for start, piece in zip(stream._starts, stream._pieces, strict=True)]
        assert stream.kept == sum(map(len, stream._pieces)) <= KEPT_BYTES
        assert len(stream._starts) <= KEPT_PIECES
        assert all(end < start for end, start in zip(ends, stream._starts[1:], strict=False))


@given(whole=st.binary(min_size=1, max_size=2000), data=st.data())
@settings(max_examples=200)
def test_a_stream_gives_back_what_was_sent_whatever_the_order(whole: bytes, data: st.DataObject) -> None:
    ranges = data.draw(
        st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(1, 700)), min_size=1, max_size=20)
    )
    stream = Stream()
    for start, size in ranges:
        stream.add(start, whole[start : start + size])
    covered = set().union(*(range(start, min(start + size, len(whole))) for start, size in ranges))
    pieces = dict(zip(stream._starts, stream.view(), strict=True))
    assert {at for start, piece in pieces.items() for at in range(start, start + len(piece))} == covered
    assert all(piece == whole[start : start + len(piece)] for start, piece in pieces.items())
