"""Answers of the protocols that speak in lines: when one is whole, and what it says."""

import re
from collections.abc import Callable

from javert.protocols.ftp import final_replies
from javert.protocols.lines import read_lines

_WANTS_TLS = re.compile(
    rb"\b(?:STARTTLS|TLS|SSL|encrypt(?:ed|ion)?|secure|clear ?text|plain ?text|AUTH first)\b", re.I
)


def whole_reply(data: bytes) -> bool:
    """Whether ``data`` holds a reply of a code of three digits, with all its lines (RFC 5321 4.2, RFC 959 4.2)."""
    return data.endswith(b"\n") and bool(final_replies(read_lines((data,)).complete))


def code_of(reply: bytes) -> int:
    """The code a reply begins with; 0 if it has none."""
    return int(reply[:3]) if reply[:3].isdigit() and len(reply) >= 3 else 0


def whole_line(data: bytes) -> bool:
    """Whether ``data`` ends with a line's end."""
    return data.endswith(b"\n")


def whole_list(data: bytes) -> bool:
    """Whether ``data`` is an answer of several lines up to the one with a dot, or a refusal in one line.

    POP3 (RFC 1939 3) and NNTP (RFC 3977 3.1.1) answer so; a refusal is ``-ERR``, or a code of 4yz or 5yz.
    """
    return data.endswith((b"\n.\r\n", b"\n.\n")) or (data[:1] in (b"-", b"4", b"5") and whole_line(data))


def tagged(tag: bytes) -> Callable[[bytes], bool]:
    """A test whether an answer of IMAP holds the line that completes the command with ``tag`` (RFC 9051 2.2.2)."""

    def whole(data: bytes) -> bool:
        return whole_line(data) and any(line.startswith(tag + b" ") for line in read_lines((data,)).complete)

    return whole


def wants_tls(refusal: bytes) -> bool:
    """Whether the words of a refusal name encryption as what is missing."""
    return _WANTS_TLS.search(refusal) is not None
