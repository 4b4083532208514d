"""The list of what may be said, itself."""

import importlib
import pkgutil
import re
from collections.abc import Iterator

from tests.unit.probes.words import ALLOWED

from javert import probes

FORBIDDEN = re.compile(
    rb"\b(?:PASS|ACCT|LOGIN|AUTHENTICATE|AUTHINFO|AUTH (?!TLS)|RCPT|DATA|BDAT|STOR|APPE|DELE|MKD|RMD|SITE|"
    rb"POST|IHAVE|PUT|DELETE|PATCH|SET|CONFIG|EVAL|FLUSH\w*|NICK|JOIN|PRIVMSG|REGISTER|INVITE|DESCRIBE|SETUP|insert|update)\b"
)


def test_nothing_that_may_be_said_logs_in_or_writes() -> None:
    assert not [said for said in ALLOWED if FORBIDDEN.search(said)]


def test_every_word_on_the_list_is_one_that_a_conversation_has() -> None:
    had = {b""}
    for _, name, _ in pkgutil.iter_modules(probes.__path__):
        for value in vars(importlib.import_module(f"javert.probes.{name}")).values():
            had.update(_octets(value))
    assert had >= ALLOWED


def _octets(value: object) -> Iterator[bytes]:
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, tuple):
        yield from (octets for one in value for octets in _octets(one))
    elif isinstance(value, dict):
        yield from (octets for one in value.values() for octets in _octets(one))
