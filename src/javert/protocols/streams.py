"""What one side of a flow sent, put back in order, in bounded memory."""

from bisect import bisect_right

KEPT_BYTES = 16 * 1024
"""How much of one side of a flow is kept: upgrades and logins come long before."""

KEPT_PIECES = 64
"""How many pieces with gaps between them are kept."""

KEPT_DATAGRAMS = 32
"""How many datagrams of one side are kept."""

_ENDLESS = 1 << 62


class Stream:
    """One direction of a TCP connection: pieces without gaps, ordered by their place in the stream.

    Retransmitted and overlapping bytes count once (the first that came stand, as in most receivers); segments
    out of order find their place; a gap that never closes stays one. Kept are the first ``KEPT_BYTES`` in
    stream order of what was seen.

    Attributes:
        past: nothing is kept of what begins here or further along the stream, as things are.
    """

    __slots__ = ("_kept", "_pieces", "_starts", "past")

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._pieces: list[bytearray] = []
        self._kept = 0
        self.past = _ENDLESS

    @property
    def full(self) -> bool:
        """Nothing further along the stream will be kept."""
        return self._kept >= KEPT_BYTES

    @property
    def kept(self) -> int:
        """Bytes kept."""
        return self._kept

    @property
    def begun(self) -> bool:
        """The first byte of the stream is there."""
        return bool(self._starts) and self._starts[0] == 0

    def add(self, offset: int, data: bytes) -> bool:
        """Put ``data`` at ``offset``; whether anything was kept of it."""
        if not data:
            return False
        if not self._starts:
            self._starts.append(offset)
            self._pieces.append(bytearray(data[:KEPT_BYTES]))
            self._kept = len(self._pieces[0])
            return True
        last = self._pieces[-1]
        if offset == self._starts[-1] + len(last):
            room = KEPT_BYTES - self._kept
            if room <= 0:
                return self._refuse(offset)
            last += data[:room]
            self._kept += min(room, len(data))
            return True
        return self._insert(offset, data[:KEPT_BYTES])

    def _refuse(self, past: int) -> bool:
        self.past = past
        return False

    def _insert(self, offset: int, data: bytes) -> bool:
        """Put in what does not simply follow: only the parts that nobody sent before."""
        end = self._starts[-1] + len(self._pieces[-1])
        if offset >= end and self.full:
            return self._refuse(end)
        if offset >= end and len(self._starts) >= KEPT_PIECES:
            return False
        before = self._kept
        index = max(bisect_right(self._starts, offset) - 1, 0)
        while data and index < len(self._starts):
            start, piece = self._starts[index], self._pieces[index]
            if offset < start:
                self._place(index, offset, data[: start - offset])
                data, offset = data[start - offset :], start
                index = bisect_right(self._starts, offset) - 1
                continue
            overlap = start + len(piece) - offset
            if overlap > 0:
                data, offset = data[overlap:], offset + overlap
            index += 1
        if data:
            self._place(len(self._starts), offset, data)
        changed = self._kept != before
        self._trim()
        return changed

    def _place(self, index: int, offset: int, data: bytes) -> None:
        """Insert bytes nobody sent before in front of piece ``index``, joining the neighbours they touch."""
        self._kept += len(data)
        piece = bytearray(data)
        if index > 0 and self._starts[index - 1] + len(self._pieces[index - 1]) == offset:
            index -= 1
            self._pieces[index] += piece
        else:
            self._starts.insert(index, offset)
            self._pieces.insert(index, piece)
        following = index + 1
        if (
            following < len(self._starts)
            and self._starts[index] + len(self._pieces[index]) == self._starts[following]
        ):
            self._pieces[index] += self._pieces[following]
            del self._starts[following], self._pieces[following]

    def _trim(self) -> None:
        """Let go of what lies furthest along the stream until the rest fits."""
        while self._kept > KEPT_BYTES or len(self._starts) > KEPT_PIECES:
            surplus = self._kept - KEPT_BYTES
            last = self._pieces[-1]
            if len(self._starts) > KEPT_PIECES or surplus >= len(last):
                self.past = _ENDLESS
                self._kept -= len(last)
                del self._starts[-1], self._pieces[-1]
            else:
                del last[len(last) - surplus :]
                self._kept -= surplus

    def view(self) -> tuple[bytes, ...]:
        """The pieces in stream order."""
        return tuple(map(bytes, self._pieces))


class Datagrams:
    """One direction of a UDP flow: the first datagrams as they came."""

    __slots__ = ("_items", "_kept")

    def __init__(self) -> None:
        self._items: list[bytes] = []
        self._kept = 0

    @property
    def full(self) -> bool:
        """Nothing that follows will be kept."""
        return self._kept >= KEPT_BYTES or len(self._items) >= KEPT_DATAGRAMS

    @property
    def kept(self) -> int:
        """Bytes kept."""
        return self._kept

    def add(self, data: bytes) -> bool:
        """Keep ``data``, one datagram; whether anything was kept of it."""
        if not data or self.full:
            return False
        self._items.append(data[: KEPT_BYTES - self._kept])
        self._kept += len(self._items[-1])
        return True

    def view(self) -> tuple[bytes, ...]:
        """The datagrams in the order they came."""
        return tuple(self._items)
