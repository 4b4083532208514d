"""Lines of a text protocol, and the place where TLS takes over from them."""

import re
from collections.abc import Sequence
from typing import NamedTuple

# What may stand where a line of text would begin. TLS: a record with a handshake (RFC 8446 5.1: type 22, legacy
# versions 3.0 to 3.4) or a ClientHello in SSLv2 framing (RFC 5246 appendix E.2); no text protocol sends octet 0x16
# there. A security layer of SASL: a length of four octets (RFC 4422 3.7), in practice below 1 MiB.
_TAKES_OVER = re.compile(
    rb"(?:\A|\n)(?=\x16\x03[\x00-\x04][\x00-\x48].[\x01\x02]|[\x80-\xbf].\x01(?:\x00\x02|\x03[\x00-\x03]))|"
    rb"\n(?=(?P<layer>\x00[\x00-\x0f]..))",
    re.DOTALL,
)


_TEXT = bytes((9, 13, *range(0x20, 0x7F), *range(0x80, 0x100)))


class Lines(NamedTuple):
    """One side of a text protocol.

    Attributes:
        complete: whole lines without their line end. A line cut by a gap counts as whole.
        rest: the beginning of the next line.
        tls: a TLS hello stands where the next line would begin.
        sealed: messages of a security layer of SASL stand there.
    """

    complete: list[bytes]
    rest: bytes
    tls: bool
    sealed: bool = False

    @property
    def text(self) -> bool:
        """Whether the first line, or what there is of it, holds no control characters."""
        first = self.complete[0] if self.complete else self.rest
        return not first[:80].translate(None, _TEXT)


def read_lines(pieces: Sequence[bytes]) -> Lines:
    """The lines in ``pieces``: ended by CR LF, or by a bare LF, which RFC 5321 2.3.8 forbids and many send."""
    complete: list[bytes] = []
    rest = b""
    for piece in pieces:
        if rest:
            complete.append(rest)
        takes_over = _TAKES_OVER.search(piece)
        if takes_over:
            piece = piece[: takes_over.end()]  # noqa: PLW2901 - only the text before it is read
        *whole, rest = piece.split(b"\n")
        complete += [line.rstrip(b"\r") for line in whole]
        if takes_over:
            layer = takes_over["layer"] is not None
            return Lines(complete, b"", tls=not layer, sealed=layer)
    return Lines(complete, rest, False)
