"""What conversations share: waiting within their time, and hearing what was said."""

from collections.abc import Generator
from typing import TypeVar

import msgspec

from javert.errors import NeedsMoreData
from javert.model.telemetry import ProbeAnswer
from javert.probes.interface import Ask, Ended, Reopen, Reply, StartTls, Step
from javert.protocols.tls import is_server_hello

T = TypeVar("T")

Dialogue = Generator[Step, Reply, T]

Talk = Dialogue[ProbeAnswer | None]
"""One protocol's questions. It returns what the service is, or None if its answers are not of this protocol."""

FAREWELL_S = 0.3
_LEAST_S = 0.05


class Heard:
    """What both sides said on the connection that is open now.

    Attributes:
        asked: what was sent.
        answered: what the service sent, decrypted where TLS ran.
        ended: how the last step ended.
        refused: the last connection did not come about.
    """

    def __init__(self) -> None:
        self.asked = self.answered = b""
        self.ended = Ended.QUIET
        self.refused = False

    def note(self, step: Step, reply: Reply) -> None:
        """Take in one step and what came of it."""
        if isinstance(step, Ask):
            self.asked += step.data
            self.answered += reply.data
        elif isinstance(step, StartTls):
            self.answered += reply.data
        else:
            self.asked = self.answered = b""
            self.refused = reply.ended is Ended.RESET
        self.ended = reply.ended


def heard(script: Dialogue[T], book: Heard) -> Dialogue[T]:
    """The same dialogue, with what is said noted in ``book``."""
    try:
        step = next(script)
        while True:
            reply = yield step
            book.note(step, reply)
            step = script.send(reply)
    except StopIteration as end:
        result: T = end.value
        return result


def at_home(script: Dialogue[T]) -> Dialogue[T]:
    """The same dialogue, on connections that come from the service's own address."""
    try:
        step = next(script)
        while True:
            if isinstance(step, Reopen):
                step = msgspec.structs.replace(step, from_its_own_address=not step.from_localhost)
            step = script.send((yield step))
    except StopIteration as end:
        result: T = end.value
        return result


def briefly(script: Dialogue[T], seconds: float) -> Dialogue[T]:
    """The same dialogue, whose first step waits no longer than ``seconds``: a guess that may be wrong."""
    try:
        step = _hurried(next(script), seconds)
        while True:
            step = script.send((yield step))
    except StopIteration as end:
        result: T = end.value
        return result


def within(script: Dialogue[None], seconds: float) -> Dialogue[None]:
    """The same dialogue, ended when its steps have taken ``seconds`` in all; no step waits beyond that."""
    left = seconds
    try:
        step = next(script)
        while left > _LEAST_S:
            reply = yield _hurried(step, left)
            left -= reply.took_s
            step = script.send(reply)
    except StopIteration:
        return
    finally:
        script.close()


def _hurried(step: Step, left: float) -> Step:
    if isinstance(step, Ask):
        return Ask(step.data, step.enough, min(step.wait_s, left))
    if isinstance(step, StartTls):
        return StartTls(min(step.wait_s, left))
    return step


def something(data: bytes) -> bool:
    """Any answer is enough."""
    return bool(data)


def tls_works(wait_s: float = 3.0) -> Dialogue[bool]:
    """Begin TLS, and tell whether the service really does.

    A handshake that ended after the service's hello counts: what was missing is a certificate of the client.
    """
    reply = yield StartTls(wait_s)
    return reply.tls or _is_server_hello(reply.data)


def _is_server_hello(data: bytes) -> bool:
    try:
        return is_server_hello(data)
    except NeedsMoreData:
        return False


def farewell(words: bytes) -> Dialogue[None]:
    """Take leave as a client does before it closes the connection."""
    yield Ask(words, something, FAREWELL_S)
