"""What holds for every flow, whatever its bytes."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.protocol_sessions import CLIENT_HELLO, SERVER_HELLO, SESSIONS, Script, Turn

from javert.errors import NeedsMoreData
from javert.model.telemetry import Encryption, Transport
from javert.protocols.conversation import Conversation
from javert.protocols.interface import Direction, FlowHint, Protocol, Verdict
from javert.protocols.registry import DETECTORS
from javert.protocols.session import Session
from javert.protocols.streams import KEPT_BYTES, KEPT_PIECES, Stream

UP, DOWN = Direction.TO_SERVER, Direction.TO_CLIENT
SIDES = {"C": UP, "S": DOWN}
TCP_SESSIONS = sorted(name for name, script in SESSIONS.items() if script.transport is Transport.TCP)
NAMES = st.sampled_from(TCP_SESSIONS)
BYTES = st.binary(max_size=400)


def begin(script: Script, *, midstream: bool = False) -> Session:
    return Session(FlowHint(transport=script.transport, server_port=script.server_port, midstream=midstream))


def feed(session: Session, script: Script, turns: list[Turn]) -> Verdict:
    sent = {"C": 0, "S": 0}
    for who, data in turns:
        if script.transport is Transport.TCP:
            session.segment(SIDES[who], sent[who], data, len(data))
        else:
            session.datagram(SIDES[who], data, len(data))
        sent[who] += len(data)
    return session.verdict()


def verdict(script: Script, turns: list[Turn] | None = None) -> Verdict:
    return feed(begin(script), script, list(script.turns) if turns is None else turns)


def cut(data: st.DataObject, turns: list[Turn]) -> list[Turn]:
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


@given(name=st.sampled_from(sorted(SESSIONS)), data=st.data())
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=400)
def test_mutilated_sessions_give_a_verdict(name: str, data: st.DataObject) -> None:
    script = SESSIONS[name]
    turns = [(who, bytearray(whole)) for who, whole in script.turns]
    for _ in range(data.draw(st.integers(1, 6))):
        _, victim = turns[data.draw(st.integers(0, len(turns) - 1))]
        victim[data.draw(st.integers(0, len(victim) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(verdict(script, [(who, bytes(whole)) for who, whole in turns]), Verdict)


@pytest.mark.parametrize("name", sorted(SESSIONS))
def test_the_sessions_are_what_they_are(name: str) -> None:
    script = SESSIONS[name]
    found = verdict(script)
    assert (found.protocol, found.encryption) == (script.protocol, script.encryption)
    assert found.credentials_exposed is script.exposed


def test_there_is_a_session_of_every_protocol_and_of_every_way_it_is_carried() -> None:
    there = {(script.protocol, script.transport) for script in SESSIONS.values()}
    wanted = {(protocol, detector.transport) for detector in DETECTORS for protocol in detector.protocols}
    rare = {(Protocol.SNMPV1, Transport.TCP)}  # no different from version 2c
    assert wanted - there == rare
    assert set(Protocol) - {protocol for protocol, _ in there} == {Protocol.UNKNOWN}


@pytest.mark.parametrize("name", TCP_SESSIONS)
@given(data=st.data())
@settings(max_examples=25)
def test_cutting_the_same_bytes_elsewhere_never_changes_the_verdict(name: str, data: st.DataObject) -> None:
    script = SESSIONS[name]
    assert verdict(script, cut(data, list(script.turns))) == verdict(script)


@pytest.mark.parametrize("name", TCP_SESSIONS)
def test_one_byte_at_a_time_gives_the_verdict_of_the_whole(name: str) -> None:
    script = SESSIONS[name]
    single = [(who, data[at : at + 1]) for who, data in script.turns for at in range(len(data))]
    assert verdict(script, single) == verdict(script)


@pytest.mark.parametrize("name", sorted(SESSIONS))
def test_all_of_one_side_before_the_other_changes_nothing(name: str) -> None:
    """Segments of two directions reach a capture in any order."""
    script = SESSIONS[name]
    for first in ("C", "S"):
        assert verdict(script, sorted(script.turns, key=lambda turn: turn[0] != first)) == verdict(script)


@pytest.mark.parametrize("name", sorted(SESSIONS))
@given(data=st.data())
@settings(max_examples=15)
def test_asking_whether_it_is_decided_never_changes_the_verdict(name: str, data: st.DataObject) -> None:
    script = SESSIONS[name]
    pieces = cut(data, list(script.turns)) if script.transport is Transport.TCP else list(script.turns)
    session = begin(script)
    sent = {"C": 0, "S": 0}
    for who, piece in pieces:
        if script.transport is Transport.TCP:
            session.segment(SIDES[who], sent[who], piece, len(piece))
        else:
            session.datagram(SIDES[who], piece, len(piece))
        sent[who] += len(piece)
        if session.decided:
            break
    assert session.verdict() == verdict(script)


@given(name=NAMES, data=st.data())
@settings(max_examples=300)
def test_order_and_repetition_of_segments_never_change_the_verdict(name: str, data: st.DataObject) -> None:
    script = SESSIONS[name]
    sent = {"C": 0, "S": 0}
    placed = []
    for who, piece in cut(data, list(script.turns)):
        placed.append((who, sent[who], piece))
        sent[who] += len(piece)
    shuffled = data.draw(st.permutations(placed + data.draw(st.lists(st.sampled_from(placed), max_size=3))))
    session = begin(script)
    for who, offset, piece in shuffled:
        session.segment(SIDES[who], offset, piece, len(piece))
    assert session.verdict() == verdict(script)


@pytest.mark.parametrize("name", TCP_SESSIONS)
def test_every_prefix_is_unknown_or_the_protocol_of_the_whole(name: str) -> None:
    script = SESSIONS[name]
    turns = list(script.turns)
    for number in range(len(turns)):
        who, last = turns[number]
        for end in range(len(last) + 1):
            seen = verdict(script, [*turns[:number], (who, last[:end])])
            assert seen.protocol in (script.protocol, Protocol.UNKNOWN), (number, end, seen)
            assert script.exposed or not seen.credentials_exposed


@pytest.mark.parametrize("name", TCP_SESSIONS)
def test_a_predicate_never_denies_the_beginning_of_what_it_is_for(name: str) -> None:
    """It waits, or it knows: nothing else keeps the verdict open for the rest."""
    script = SESSIONS[name]
    detectors = [
        each for each in DETECTORS if script.protocol in each.protocols and each.transport is script.transport
    ]
    for number, (who, last) in enumerate(script.turns):
        said = {side: b"".join(data for whose, data in script.turns[:number] if whose == side) for side in "CS"}
        for end in range(1, len(last) + 1):
            now = {**said, who: said[who] + last[:end]}
            talk = Conversation(
                *((now[side],) if now[side] else () for side in "CS"), server_port=script.server_port
            )
            for detector in detectors:
                try:
                    reading = detector.identify(talk)
                except NeedsMoreData:
                    continue
                assert reading is not None, (number, end)
                assert reading.verdict.protocol is script.protocol


@pytest.mark.parametrize("name", sorted(SESSIONS))
@pytest.mark.parametrize("side", ["C", "S"])
def test_one_side_alone_is_unknown_or_the_same_protocol(name: str, side: str) -> None:
    script = SESSIONS[name]
    for midstream in (False, True):
        heard = [turn for turn in script.turns if turn[0] == side]
        found = feed(begin(script, midstream=midstream), script, heard)
        assert found.protocol in (script.protocol, Protocol.UNKNOWN)
        assert script.encryption is not Encryption.FULL or not found.encryption.cleartext or len(heard) == 1


@pytest.mark.parametrize("name", sorted(SESSIONS))
def test_no_prefix_of_a_session_is_called_upgraded_before_a_hello(name: str) -> None:
    script = SESSIONS[name]
    before = [(who, data) for who, data in script.turns if data not in (CLIENT_HELLO, SERVER_HELLO)]
    for number in range(len(before) + 1):
        assert verdict(script, before[:number]).encryption is not Encryption.UPGRADED


@pytest.mark.parametrize("name", sorted(SESSIONS))
def test_a_session_is_not_told_on_the_other_transport(name: str) -> None:
    script = SESSIONS[name]
    other = script._replace(transport=Transport.UDP if script.transport is Transport.TCP else Transport.TCP)
    carried = {protocol for each in DETECTORS if each.transport is other.transport for protocol in each.protocols}
    assert verdict(other).protocol in {Protocol.UNKNOWN, *carried & {script.protocol}}


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
