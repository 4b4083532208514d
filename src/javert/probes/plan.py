"""Which questions a service is asked, and in which order.

Silent first: a service that speaks unasked is known by its greeting. One that waits is asked what it was seen to
speak, then what its program, port and unit suggest, then, whatever they suggest, TLS and HTTP. The order is all
that hints decide: the answer alone is the verdict.
"""

from collections.abc import Callable

import msgspec

from javert.model.telemetry import Acceptance, ProbeAnswer, Transport
from javert.probes import (
    amqp,
    dns,
    ftp,
    http,
    imap,
    irc,
    ldap,
    memcached,
    mongodb,
    mqtt,
    mysql,
    nntp,
    pop3,
    postgresql,
    rcommands,
    redis,
    rpc,
    rtsp,
    sip,
    smb,
    smtp,
    snmp,
    ssh,
    telnet,
    tftp,
    tls,
    vnc,
    x11,
    xmpp,
)
from javert.probes.dialogue import Dialogue, Heard, Talk, at_home, briefly, heard, within
from javert.probes.hints import expected
from javert.probes.interface import Ask, Ended, Reopen, Reply, Script, ServiceHint
from javert.probes.recognition import is_ambiguous, recognise

TIME_S = 4.8
"""All a service's questions together take no longer, seconds."""

_GREETING_S = 1.0
_EXPECTED_GREETING_S = 2.5
_GUESS_S = 1.2
_RESERVED_S = 0.5
_MOST_QUESTIONS = 7

_GREETED: dict[str, Callable[[bytes], Talk]] = {
    "ftp": ftp.converse,
    "imap": imap.converse,
    "irc": irc.converse,
    "mysql": mysql.converse,
    "nntp": nntp.converse,
    "pop3": pop3.converse,
    "redis": redis.converse,
    "smtp": smtp.converse,
    "ssh": ssh.converse,
    "telnet": telnet.converse,
    "vnc": vnc.converse,
}
"""Protocols in which the server speaks first, or may; given its greeting."""

_ASKED: dict[str, Callable[[bytes], Talk]] = {
    "amqp": amqp.converse,
    "dns": dns.converse,
    "http": http.converse,
    "http2": http.converse_http2,
    "irc": irc.converse,
    "ldap": ldap.converse,
    "memcached": memcached.converse,
    "mongodb": mongodb.converse,
    "mqtt": mqtt.converse,
    "nfs": rpc.converse,
    "postgresql": postgresql.converse,
    "redis": redis.converse,
    "rexec": rcommands.converse_rexec,
    "rlogin": rcommands.converse_rlogin,
    "rtsp": rtsp.converse,
    "sip": sip.converse,
    "smb1": smb.converse,
    "telnet": telnet.converse,
    "tls": tls.converse,
    "x11": x11.converse,
    "xmpp": xmpp.converse,
}
"""Protocols in which the client speaks first, or may; given nothing."""

_FURTHER = ("tls", "http")
"""Asked of every service that waits."""

_AFTER_HANGING_UP = ("http2", "postgresql", "ldap", "mqtt")
"""Asked of those that answer everything by closing the connection, as what expects another binary protocol does."""


def conversation(hint: ServiceHint) -> Script:
    """All that one service is asked, on as many connections as it takes.

    Args:
        hint: what is known of it.

    Returns:
        A script for a connection that is already open. It raises nothing, ends after at most ``TIME_S`` of waiting
        (by the replies' ``took_s``) whatever is replied, and returns what was found out until then.
    """
    found: list[ProbeAnswer] = []
    inquire = _inquire if hint.transport is Transport.TCP else _inquire_by_datagrams
    yield from within(inquire(expected(hint), found), TIME_S)
    return tuple(mysql.by_configuration(answer, hint.demands_tls) for answer in found)


def _inquire_by_datagrams(suggested: tuple[str, ...], found: list[ProbeAnswer]) -> Dialogue[None]:
    first = suggested[0] if suggested else ""
    if first == "tftp":
        answer = yield from tftp.converse(b"")
    elif first == "sip":
        answer = yield from sip.converse(b"", Transport.UDP)
    else:
        yield from snmp.converse(found)
        return
    if answer is not None:
        found.append(answer)


def _inquire(suggested: tuple[str, ...], found: list[ProbeAnswer]) -> Dialogue[None]:
    will_greet = bool(suggested) and suggested[0] in _GREETED and suggested[0] not in _ASKED
    greeting = yield Ask(b"", _is_greeting, _EXPECTED_GREETING_S if will_greet else _GREETING_S)
    if _hung_up(greeting):
        yield from at_home(_turned_away(suggested, found))
    else:
        yield from _go_on(greeting, suggested, found)


def _is_greeting(data: bytes) -> bool:
    return data.endswith(b"\n") or recognise(data) is not None


def _hung_up(reply: Reply) -> bool:
    return not reply.data and reply.ended in (Ended.CLOSED, Ended.RESET)


def _go_on(greeting: Reply, suggested: tuple[str, ...], found: list[ProbeAnswer]) -> Dialogue[None]:
    if greeting.data and greeting.ended is not Ended.FLOODED:
        yield from _greeted(greeting.data, suggested, found)
    elif greeting.ended is Ended.QUIET:
        yield from _waiting(suggested, found)


def _turned_away(suggested: tuple[str, ...], found: list[ProbeAnswer]) -> Dialogue[None]:
    """The service hung up at once: it may serve its own address alone, and reserved ports (rlogin, rsh)."""
    if (yield Reopen()).ended is Ended.RESET:
        return
    greeting = yield Ask(b"", _is_greeting, _GREETING_S)
    if not _hung_up(greeting):
        yield from _go_on(greeting, suggested, found)
    else:
        yield from _from_a_reserved_port(found)


def _from_a_reserved_port(found: list[ProbeAnswer]) -> Dialogue[None]:
    if (yield Reopen(from_its_own_address=True, from_a_reserved_port=True)).ended is Ended.RESET:
        return
    greeting = yield Ask(b"", _is_greeting, _RESERVED_S)
    if greeting.ended is Ended.QUIET and not greeting.data:
        answer = yield from rcommands.converse_from_reserved_port(b"")
        found += [answer] if answer is not None else []


def _greeted(greeting: bytes, suggested: tuple[str, ...], found: list[ProbeAnswer]) -> Dialogue[None]:
    """The service spoke first: go on in its protocol, if that is known."""
    if rcommands.is_refusal(greeting):
        found.append(rcommands.refused(greeting, suggested))
        return
    protocol = recognise(greeting)
    candidates: list[str] = []
    if protocol in _ASKED and protocol not in _GREETED:  # HTTP/2's settings, an error that tells what it wants
        yield Reopen()
        yield from _ask(protocol, found)
    elif protocol in _GREETED:
        candidates = [protocol]
    elif is_ambiguous(greeting):
        candidates = sorted(("smtp", "ftp"), key=lambda one: one not in suggested)
    for number, candidate in enumerate(candidates):
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
        if name in asked or name not in (*_ASKED, "snmp"):
            continue
        if asked:
            yield from heard(_reopen(), book)
            if book.refused:
                return
        asked.append(name)
        yield from heard(_ask(name, found), book)
        if found:
            if found[0].protocol == "tls" and "http" not in asked:
                yield from _in_the_clear_too(found)
            return
        told = recognise(book.answered)
        if told in _GREETED and told not in _ASKED:  # it was slow to greet
            yield Reopen()
            greeting = yield Ask(b"", _is_greeting, _EXPECTED_GREETING_S)
            yield from _greeted(greeting.data, suggested, found)
            return
        if told is not None:
            questions.insert(0, told)
        hung_up += not book.answered and book.ended in (Ended.CLOSED, Ended.RESET)
        if not questions and hung_up == len(asked) and _AFTER_HANGING_UP[0] not in asked:
            # A server of rlogin or rsh that is slow to hang up looks so too.
            yield from _from_a_reserved_port(found)
            if found:
                return
            questions += _AFTER_HANGING_UP


def _ask(name: str, found: list[ProbeAnswer]) -> Dialogue[None]:
    if name == "snmp":
        yield from snmp.converse(found)
        return
    answer = yield from briefly(_ASKED[name](b""), _GUESS_S)
    if answer is not None:
        found.append(answer)


def _reopen() -> Dialogue[None]:
    yield Reopen()


def _in_the_clear_too(found: list[ProbeAnswer]) -> Dialogue[None]:
    """What speaks TLS may take HTTP in the clear on the same port as well."""
    yield Reopen()
    clear = yield from http.converse(b"")
    if clear is not None and clear.protocol == "http":
        if clear.acceptance is Acceptance.CLEARTEXT_ONLY:
            clear = msgspec.structs.replace(clear, acceptance=Acceptance.TLS_OPTIONAL)
        found[:] = [clear]
