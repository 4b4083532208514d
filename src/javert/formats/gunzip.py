"""Gzip data, inflated as it is read. Source: RFC 1952 (members may follow each other)."""

import zlib

from javert.errors import ParseError
from javert.formats.capture_file import Readable

_CHUNK = 1 << 16
_GZIP = 31
"""zlib's window bits for a gzip header and trailer."""


class Gunzip:
    """Reads inflated bytes from a stream of gzip members, a bounded amount at a time."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._inflate = zlib.decompressobj(_GZIP)
        self._pending = b""
        self._damaged = False

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes; none at the end.

        Raises:
            ParseError: the data is damaged or ends inside a member. Everything before the damage was given out.
        """
        while not self._damaged:
            if not self._pending:
                self._pending = self._stream.read(_CHUNK)
                if not self._pending:
                    if self._inflate.eof:
                        return b""
                    raise ParseError("the compressed data ends early")
            if self._inflate.eof:
                self._inflate = zlib.decompressobj(_GZIP)
            before = self._inflate.copy()
            try:
                data = self._inflate.decompress(self._pending, size)
            except zlib.error:
                self._damaged = True
                if rest := _up_to_the_damage(before, self._pending):
                    return rest
                break
            self._pending = self._inflate.unused_data if self._inflate.eof else self._inflate.unconsumed_tail
            if data:
                return data
        raise ParseError("the compressed data is damaged")


def _up_to_the_damage(inflate: "zlib._Decompress", data: bytes) -> bytes:
    """What ``data`` inflates to before the first byte that cannot be; zlib itself would drop all of it."""
    whole = bytearray()
    for at in range(len(data)):
        try:
            whole += inflate.decompress(data[at : at + 1])
        except zlib.error:
            break
    return bytes(whole)
