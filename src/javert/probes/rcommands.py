"""rlogin, rsh and rexec. References: RFC 1282 (rlogin); rcmd(3), rshd(8), rexecd(8).

Sent: one NUL, with which rlogin begins; to what may be rexec the beginning of a name longer than names are; from a
reserved port, which servers of rlogin and rsh demand, four empty strings. Safe: nobody has a name that is empty or
too long, so it is refused; no file of trusted hosts fits an empty name. The server may log one line.
"""

import re

from javert.model.telemetry import Acceptance, ProbeAnswer
from javert.probes.dialogue import Talk
from javert.probes.interface import Ask

_NUL = b"\0"
_TOO_LONG = b"\0" + b"x" * 16
_EMPTY = b"\0\0\0\0"
_WAIT_S = 1.2
# The form of their errors (rcmd(3)): the octet 1 and a line.
_ERROR = re.compile(rb"\x01[ -~]{3,200}\r?\n")
_PROMPT = re.compile(rb"\x00[^\n]*(?:login|password)[^\n]*: ?\Z", re.IGNORECASE)
_OWN_WORDS = (
    ("rlogin", re.compile(rb"\x01rlogind: ")),
    ("rexec", re.compile(rb"\x01(?:Where are you\?|(?:username|password|command) too long)")),
    ("rsh", re.compile(rb"\x01(?:getnameinfo: |rshd: |(?:loc|rem)user too long)")),
)


def is_refusal(said: bytes) -> bool:
    """Whether a service said what servers of the three say to those they do not like."""
    return _ERROR.match(said) is not None


def named(said: bytes) -> str:
    """Which of the three a refusal is of, by its words; "" if they do not tell."""
    return next((protocol for protocol, words in _OWN_WORDS if words.match(said)), "")


def converse_rlogin(_greeting: bytes) -> Talk:
    """CLEARTEXT_ONLY if one NUL is refused in the manner of rlogin, for coming from an ordinary port."""
    return _answer("rlogin", (yield Ask(_NUL, is_refusal, _WAIT_S)).data)


def converse_rexec(_greeting: bytes) -> Talk:
    """CLEARTEXT_ONLY if a name is refused for its length."""
    return _answer("rexec", (yield Ask(_TOO_LONG, is_refusal, _WAIT_S)).data)


def converse_from_reserved_port(_greeting: bytes) -> Talk:
    """CLEARTEXT_ONLY: rlogin if a prompt follows the first NUL, rsh if an error does.

    For a service that hung up on connections from an ordinary port; on a connection from a reserved one.
    """
    said = (yield Ask(_EMPTY, _is_answer, _WAIT_S)).data
    if _PROMPT.match(said):
        return _clear("rlogin")
    if is_refusal(said):
        return _clear(named(said) or "rsh")
    return _clear("rsh") if re.fullmatch(rb"\x00[ -~]{3,200}\r?\n", said) else None


def refused(greeting: bytes, suggested: tuple[str, ...]) -> ProbeAnswer:
    """What a service is that refuses before it was asked: by its words, else by what it was held to be."""
    likely = next((name for name in suggested if name in ("rlogin", "rsh", "rexec")), "rsh")
    return _clear(named(greeting) or likely)


def _is_answer(said: bytes) -> bool:
    return said.endswith(b"\n") or _PROMPT.match(said) is not None


def _answer(protocol: str, said: bytes) -> ProbeAnswer | None:
    return _clear(named(said) or protocol) if is_refusal(said) else None


def _clear(protocol: str) -> ProbeAnswer:
    return ProbeAnswer(protocol=protocol, acceptance=Acceptance.CLEARTEXT_ONLY)
