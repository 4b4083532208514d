"""Login prompts of terminal sessions (telnet, rlogin)."""

import re
from collections.abc import Sequence

# What getty, login(1), PAM, routers and switches print. What follows the prompt shows that it was answered: the
# server sends at least a line end when Enter comes.
_PASSWORD = re.compile(
    rb"(?:password|passcode|passwd|pin)(?: for [^\r\n:]{1,64})?[ \t]*:[ \t]*[^ \t]", re.IGNORECASE
)
_LOGIN = re.compile(
    rb"(?:login|user ?name|user|account|password|passcode|passwd)(?: for [^\r\n:]{1,64})?[ \t]*:[ \t]*[^ \t]",
    re.IGNORECASE,
)


def password_answered(server: Sequence[bytes]) -> bool:
    """Whether a password prompt was shown and the server went on after it."""
    return any(map(_PASSWORD.search, server))


def login_answered(server: Sequence[bytes]) -> bool:
    """Whether a login or password prompt was shown and the server went on after it."""
    return any(map(_LOGIN.search, server))
