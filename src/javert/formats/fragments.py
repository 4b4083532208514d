"""Fragmented IP datagrams, put together in bounded memory. Sources: RFC 791 3.2, RFC 8200 4.5, RFC 5722."""

from collections.abc import Iterator
from typing import NamedTuple

_OPEN_DATAGRAMS = 512
"""How many datagrams may wait for their fragments; the oldest gives way."""
_PATIENCE_S = 60.0
_LARGEST = 65535

_Key = tuple[bytes, int, bytes]
Incomplete = tuple[int, bytes, bytes, int]
"""What is left of a datagram: protocol, source and destination, its first fragment, that one's length."""


class Place(NamedTuple):
    """Where a fragment belongs: ``offset`` and ``length`` on the wire in octets; ``more`` follow it."""

    offset: int
    length: int
    more: bool


class _Datagram:
    __slots__ = ("end", "first_seen", "parts")

    def __init__(self, time: float) -> None:
        self.first_seen = time
        self.end = -1
        self.parts: dict[int, bytes] = {}


class Reassembly:
    """Collects fragments by (source and destination, protocol, identification)."""

    def __init__(self) -> None:
        self._open: dict[_Key, _Datagram] = {}
        self._abandoned: list[Incomplete] = []

    def add(self, key: _Key, place: Place, data: bytes, time: float) -> bytes | None:
        """Take in a fragment.

        Args:
            key: what belongs together.
            place: where in the datagram it belongs.
            data: as much as was captured.
            time: when it came, seconds.

        Returns:
            The whole datagram if this was the last piece of it. Of overlapping ones the first stands.
        """
        offset, length, more = place
        if offset + length > _LARGEST:
            return None
        datagram = self._open.get(key)
        if datagram is None or time - datagram.first_seen > _PATIENCE_S:
            if datagram is not None:
                self._abandon(key)
            elif len(self._open) >= _OPEN_DATAGRAMS:
                self._abandon(next(iter(self._open)))
            datagram = self._open[key] = _Datagram(time)
        datagram.parts.setdefault(offset, data)
        if not more:
            datagram.end = offset + length
        whole = _join(datagram)
        if whole is not None:
            del self._open[key]
        return whole

    def _abandon(self, key: _Key) -> None:
        datagram = self._open.pop(key)
        first = datagram.parts.get(0)
        if first and len(self._abandoned) < _OPEN_DATAGRAMS:
            addresses, protocol, _ = key
            self._abandoned.append((protocol, addresses, first, len(first)))

    def flush(self) -> Iterator[Incomplete]:
        """Give up on everything that is open: the first fragments, which at least name the ports."""
        for key in list(self._open):
            self._abandon(key)
        yield from self._abandoned
        self._abandoned.clear()


def _join(datagram: _Datagram) -> bytes | None:
    if datagram.end < 0 or 0 not in datagram.parts:
        return None
    whole = bytearray()
    for offset in sorted(datagram.parts):
        if offset > len(whole):
            return None
        whole += datagram.parts[offset][len(whole) - offset :]
    return bytes(whole[: datagram.end]) if len(whole) >= datagram.end else None
