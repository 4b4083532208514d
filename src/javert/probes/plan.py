"""Which questions a service is asked, and in which order.

Silent first: a service that speaks unasked is known by its greeting. One that waits is asked what it was seen to
speak, then what its port, program and unit suggest, then, whatever they suggest, TLS and HTTP. The order is all
that hints decide: the answer alone is the verdict.
"""

from collections.abc import Callable

from javert.model.telemetry import Acceptance, ProbeAnswer, Transport
from javert.probes import http, ssh, tls
from javert.probes.dialogue import Dialogue, Heard, Talk, heard, within
from javert.probes.hints import expected
from javert.probes.interface import Ask, Ended, Reopen, Script, ServiceHint
from javert.probes.recognition import is_ambiguous, recognise

TIME_S = 4.8
"""All a service's questions together take no longer, seconds."""

_GREETING_S = 1.0
_EXPECTED_GREETING_S = 2.5
_MOST_QUESTIONS = 6

_GREETED: dict[str, Callable[[bytes], Talk]] = {
    "ssh": ssh.converse,
}
"""Protocols in which the server speaks first; given its greeting."""

_ASKED: dict[str, Callable[[bytes], Talk]] = {
    "http": http.converse,
    "http2": http.converse_http2,
    "tls": tls.converse,
}
"""Protocols in which the client speaks first; given nothing."""

_FURTHER = ("tls", "http")
"""Asked of every service that waits."""

_AFTER_HANGING_UP = ("http2",)
"""Asked of those that answer both by closing the connection, as what expects another binary protocol does."""


def conversation(hint: ServiceHint) -> Script:
    """All that one service is asked, on as many connections as it takes.

    Args:
        hint: what is known of it.

    Returns:
        A script for a connection that is already open. It raises nothing, ends after at most ``TIME_S`` of waiting
        (by the replies' ``took_s``) whatever is replied, and returns what was found out until then.
    """
    found: list[ProbeAnswer] = []
    if hint.transport is Transport.TCP:
        yield from within(_inquire(hint, found), TIME_S)
    return tuple(found)


def _inquire(hint: ServiceHint, found: list[ProbeAnswer]) -> Dialogue[None]:
    suggested = expected(hint)
    will_greet = bool(suggested) and suggested[0] in _GREETED
    greeting = yield Ask(b"", _is_greeting, _EXPECTED_GREETING_S if will_greet else _GREETING_S)
    if greeting.data:
        yield from _greeted(greeting.data, suggested, found)
    elif greeting.ended is Ended.QUIET:
        yield from _waiting(suggested, found)


def _is_greeting(data: bytes) -> bool:
    return data.endswith(b"\n") or recognise(data) is not None


def _greeted(greeting: bytes, suggested: tuple[str, ...], found: list[ProbeAnswer]) -> Dialogue[None]:
    """The service spoke first: go on in its protocol, if that is known."""
    protocol = recognise(greeting)
    if protocol in _GREETED:
        candidates = [protocol]
    elif is_ambiguous(greeting):
        candidates = sorted(("smtp", "ftp"), key=lambda one: one not in suggested)
    else:
        candidates = []
    for number, candidate in enumerate(name for name in candidates if name in _GREETED):
        said = greeting
        if number:
            yield Reopen()
            said = (yield Ask(b"", _is_greeting, _EXPECTED_GREETING_S)).data
        answer = yield from _GREETED[candidate](said)
        if answer is not None:
            found.append(answer)
            return


def _waiting(suggested: tuple[str, ...], found: list[ProbeAnswer]) -> Dialogue[None]:
    """The service waits: ask until an answer fits."""
    book = Heard()
    questions = [*suggested, *_FURTHER]
    asked: list[str] = []
    hung_up = 0
    while questions and len(asked) < _MOST_QUESTIONS:
        name = questions.pop(0)
        if name in asked or name not in _ASKED:
            continue
        if asked:
            yield from heard(_reopen(), book)
            if book.refused:
                return
        asked.append(name)
        answer = yield from heard(_ASKED[name](b""), book)
        if answer is not None:
            found.append((yield from _in_the_clear_too(answer, asked)))
            return
        told = recognise(book.answered)
        if told in _GREETED:  # it was slow to greet
            yield Reopen()
            greeting = yield Ask(b"", _is_greeting, _EXPECTED_GREETING_S)
            yield from _greeted(greeting.data, suggested, found)
            return
        if told is not None:
            questions.insert(0, told)
        hung_up += not book.answered and book.ended in (Ended.CLOSED, Ended.RESET)
        if not questions and hung_up == len(asked):
            questions += _AFTER_HANGING_UP


def _reopen() -> Dialogue[None]:
    yield Reopen()


def _in_the_clear_too(answer: ProbeAnswer, asked: list[str]) -> Dialogue[ProbeAnswer]:
    """What speaks TLS may take HTTP in the clear on the same port as well."""
    if answer.protocol != "tls" or "http" in asked:
        return answer
    yield Reopen()
    clear = yield from http.converse(b"")
    if clear is None or clear.protocol != "http":
        return answer
    optional = clear.acceptance is Acceptance.CLEARTEXT_ONLY
    return ProbeAnswer(
        protocol="http",
        acceptance=Acceptance.TLS_OPTIONAL if optional else clear.acceptance,
        authentication=clear.authentication,
        product=clear.product,
    )
