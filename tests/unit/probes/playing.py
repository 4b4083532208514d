"""A conversation as a script: what Javert does, and what the service answers, in turn."""

from collections.abc import Generator
from typing import NamedTuple, TypeVar

from tests.unit.probes.words import ALLOWED

from javert.probes.dialogue import FAREWELL_S
from javert.probes.interface import Ask, Ended, Reopen, Reply, StartTls, Step

T = TypeVar("T")


class Said(NamedTuple):
    """Javert sends ``sent``; the service says ``said`` and then what ``ended`` tells."""

    sent: bytes
    said: bytes = b""
    ended: Ended = Ended.QUIET


class Tls(NamedTuple):
    """Javert begins TLS; it works, or the service says ``said`` instead."""

    works: bool
    said: bytes = b""


class Again(NamedTuple):
    """Javert connects again; from the service's own address, a reserved port, localhost; it may be refused."""

    own: bool = False
    reserved: bool = False
    localhost: bool = False
    refused: bool = False


Turn = tuple[bytes, bytes] | Said | Tls | Again
"""A pair is a question and its whole answer: not to be recognised as whole is a failure."""


def play(script: Generator[Step, Reply, T], *turns: Turn) -> T:
    """What ``script`` returns when the service answers so. Words of farewell need no turn."""
    waiting = list(turns)
    try:
        step = next(script)
        while True:
            assert not isinstance(step, Ask) or step.data in ALLOWED
            if isinstance(step, Ask) and step.wait_s <= FAREWELL_S and not _is_next(step, waiting):
                step = script.send(Reply(b"", Ended.QUIET))
                continue
            assert waiting, f"it goes on: {step}"
            step = script.send(_reply(step, waiting.pop(0)))
    except StopIteration as end:
        assert not waiting, f"it ended before {waiting[0]}"
        result: T = end.value
        return result


def _is_next(step: Ask, waiting: list[Turn]) -> bool:
    return bool(waiting) and waiting[0][0] == step.data


def _reply(step: Step, turn: Turn) -> Reply:
    if isinstance(turn, Again):
        assert step == Reopen(
            from_its_own_address=turn.own, from_a_reserved_port=turn.reserved, from_localhost=turn.localhost
        )
        return Reply(b"", Ended.RESET if turn.refused else Ended.ENOUGH)
    if isinstance(turn, Tls):
        assert isinstance(step, StartTls), step
        return Reply(turn.said, Ended.ENOUGH if turn.works else Ended.CLOSED, tls=turn.works)
    assert isinstance(step, Ask), step
    if isinstance(turn, Said):
        assert step.data == turn.sent
        return Reply(turn.said, turn.ended)
    sent, said = turn
    assert step.data == sent
    assert step.enough(said), f"{said!r} is not taken for a whole answer to {sent!r}"
    return Reply(said, Ended.ENOUGH)
