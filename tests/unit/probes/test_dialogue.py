"""What conversations share: time, and hearing."""

import pytest
from tests.unit.probes.playing import Again, Said, Tls, play

from javert.probes.dialogue import Dialogue, Heard, at_home, briefly, farewell, heard, tls_works, within
from javert.probes.interface import Ask, Ended, Reopen, Reply, StartTls, Step


def three_steps() -> Dialogue[None]:
    for _ in range(3):
        yield Ask(b"QUIT\r\n", bool, 2.0)


def taken(script: Dialogue[None], took_s: float) -> list[Step]:
    steps = []
    try:
        steps.append(next(script))
        while True:
            steps.append(script.send(Reply(b"", Ended.QUIET, took_s=took_s)))
    except StopIteration:
        return steps


@pytest.mark.parametrize(("took_s", "waits"), [(0.0, [2.0, 2.0, 2.0]), (1.0, [2.0, 2.0, 1.0]), (2.0, [2.0, 1.0])])
def test_no_step_waits_beyond_the_time_of_all(took_s: float, waits: list[float]) -> None:
    steps = taken(within(three_steps(), 3.0), took_s)
    assert [step.wait_s for step in steps if isinstance(step, Ask)] == waits


def test_a_dialogue_whose_time_is_up_is_closed() -> None:
    ended = []

    def script() -> Dialogue[None]:
        try:
            yield StartTls(9.0)
            yield Reopen()
        finally:
            ended.append(True)

    assert taken(within(script(), 1.0), 1.0) == [StartTls(1.0)]
    assert ended


def test_a_guess_waits_briefly_at_first_only() -> None:
    steps = taken(briefly(three_steps(), 0.5), 0.0)
    assert [step.wait_s for step in steps if isinstance(step, Ask)] == [0.5, 2.0, 2.0]


def test_at_home_every_connection_comes_from_the_own_address() -> None:
    def script() -> Dialogue[None]:
        yield Reopen()
        yield Reopen(from_a_reserved_port=True)

    play(at_home(script()), Again(own=True), Again(own=True, reserved=True))


def test_what_is_said_is_noted_and_forgotten_with_its_connection() -> None:
    def script() -> Dialogue[None]:
        yield Ask(b"FEAT\r\n", bool)
        yield StartTls()
        assert (book.asked, book.answered) == (b"FEAT\r\n", b"whatHTTP")
        yield Reopen()
        assert (book.asked, book.answered, book.refused) == (b"", b"", False)
        yield Reopen()

    book = Heard()
    play(heard(script(), book), (b"FEAT\r\n", b"what"), Tls(False, b"HTTP"), Again(), Again(refused=True))
    assert book.refused


@pytest.mark.parametrize(
    ("turn", "works"),
    [
        (Tls(True), True),
        (Tls(False), False),
        (Tls(False, bytes.fromhex("16 0303")), False),
        (Tls(False, bytes.fromhex("15 0303 0002 02 28")), False),
        (Tls(False, bytes.fromhex("16 0303 007a 02 000076 0303")), True),
    ],
)
def test_a_hello_of_the_server_is_what_makes_tls(turn: Tls, works: bool) -> None:
    assert play(tls_works(), turn) is works


def test_words_of_farewell() -> None:
    play(farewell(b"QUIT\r\n"), Said(b"QUIT\r\n", b"221 Bye\r\n", Ended.ENOUGH))
