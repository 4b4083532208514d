"""One flow, from its segments to a verdict."""

from javert.errors import NeedsMoreData, ParseError
from javert.model.telemetry import Transport
from javert.protocols.conversation import Conversation, Reading
from javert.protocols.interface import Direction, FlowHint, Protocol, Verdict
from javert.protocols.proxy_header import without_proxy_header
from javert.protocols.registry import candidates
from javert.protocols.streams import Datagrams, Stream

_UNKNOWN = Reading(Verdict(protocol=Protocol.UNKNOWN))
_TO_CLIENT = Direction.TO_CLIENT
_GIVEN_UP = Reading(Verdict(protocol=Protocol.UNKNOWN), final=True)

_HOPELESS_BYTES = 64
"""With this much from the beginning of each side, and no predicate that asks for more, none will fit."""
_HOPELESS_DATAGRAMS = 4
_LOOKS_AT_DATAGRAMS = frozenset((1, 4, 16))
_LOOKS_AT_SEGMENTS = frozenset((8, 16, 32, 64, 128, 256))


class Session:
    """What one flow is, told from its payload.

    Payload is kept in memory only, at most 16 KiB a direction, and dropped once the verdict is final. Segments may
    come in any order, repeated, overlapping or cut short, and each direction may be missing; who is the client may
    have been guessed wrong where the flow was joined midway or is UDP.

    Args:
        hint: what is known of the flow besides its payload.

    Attributes:
        sides_exchanged: the verdict fits only if who was taken for the client is the server.
    """

    __slots__ = (
        "_added",
        "_answered",
        "_datagrams",
        "_full",
        "_hint",
        "_reading",
        "_stale",
        "_streams",
        "sides_exchanged",
    )

    def __init__(self, hint: FlowHint) -> None:
        self._hint = hint
        self._streams: tuple[Stream, Stream] | None = None
        self._datagrams: tuple[Datagrams, Datagrams] | None = None
        if hint.transport is Transport.TCP:
            self._streams = (Stream(), Stream())
        else:
            self._datagrams = (Datagrams(), Datagrams())
        self._reading = _UNKNOWN
        self._added = 0
        self._answered = False
        self._full = 0
        self._stale = False
        self.sides_exchanged = False

    def segment(self, direction: Direction, offset: int, data: bytes, length: int) -> int:
        """Take in payload of a TCP segment.

        Args:
            direction: who sent it.
            offset: position of ``data[0]`` in that direction's stream: 0 is the first payload byte, or, in a flow
                joined midway, the first byte of the first segment seen; negative if it came before that one.
            data: the payload, or its beginning.
            length: the segment's payload on the wire, bytes. What is missing of it shows as a gap once the
                segment behind it comes.

        Returns:
            From which position on nothing of that direction is kept any more: what begins there or behind need not
            be given.
        """
        if self._streams is None:
            return 0
        stream = self._streams[direction is _TO_CLIENT]
        if stream.add(offset, data):
            self._added += 1
            self._stale = True
        return stream.past

    def datagram(self, direction: Direction, data: bytes, length: int) -> None:
        """Take in the payload of a UDP datagram, or its beginning.

        Args:
            direction: who sent it.
            data: the payload as far as it was captured.
            length: the payload on the wire, bytes.
        """
        if self._datagrams is not None and self._datagrams[direction is _TO_CLIENT].add(data):
            self._added += 1
            self._stale = True

    @property
    def decided(self) -> bool:
        """Whether nothing that follows can change the verdict: feeding may stop, and nothing is kept any more.

        It may be asked after every segment: it looks when the other side is first heard, when a side is kept no
        further, and else more and more rarely, so it may come out a little late, never too early.
        """
        if self._stale and self._due():
            self._evaluate()
        return self._reading.final

    @property
    def kept(self) -> int:
        """Payload bytes held now."""
        sides = self._streams or self._datagrams
        return sides[0].kept + sides[1].kept if sides is not None else 0

    def verdict(self) -> Verdict:
        """The best knowledge now; ``UNKNOWN`` if nothing fits, or too little came to tell."""
        self._evaluate()
        return self._reading.verdict

    def _due(self) -> bool:
        if self._streams is None:
            return self._added in _LOOKS_AT_DATAGRAMS
        client, server = self._streams
        full = client.full + server.full
        if full > self._full:
            self._full = full
            return True
        if not self._answered:
            self._answered = client.kept > 0 and server.kept > 0
            if self._answered:
                return True
        return self._added in _LOOKS_AT_SEGMENTS

    def _evaluate(self) -> None:
        if not self._stale:
            return
        self._stale = False
        sides = self._streams or self._datagrams
        if sides is None:
            return
        client, server = sides
        talk = Conversation(
            without_proxy_header(client.view()),
            server.view(),
            server_port=self._hint.server_port,
            midstream=self._hint.midstream,
        )
        transport = self._hint.transport
        reading = ask(talk, transport)
        self.sides_exchanged = False
        if reading is None and talk.midstream and transport is Transport.TCP:
            reading = ask(talk.swapped(), transport)
            self.sides_exchanged = reading is not None
        if reading is None:
            reading = _GIVEN_UP if self._hopeless() else _UNKNOWN
        elif client.full and server.full:
            reading = Reading(reading.verdict, final=True)
        elif self._streams is not None and not (client.kept and server.kept):
            reading = Reading(reading.verdict)  # the other side may still contradict
        self._reading = reading
        if reading.final:
            self._streams = self._datagrams = None

    def _hopeless(self) -> bool:
        if self._streams is None:
            return self._added >= _HOPELESS_DATAGRAMS
        client, server = self._streams
        begun = not self._hint.midstream and client.begun and server.begun
        return (begun and min(client.kept, server.kept) >= _HOPELESS_BYTES) or client.full or server.full


def ask(talk: Conversation, transport: Transport) -> Reading | None:
    """The first predicate's answer, in order; an unknown and not final reading if one of them waits for more.

    Returns:
        None if no predicate fits or waits.
    """
    client = talk.opening[0] if talk.client else -1
    server = talk.greeting[0] if talk.server else -1
    for detector in candidates(transport, client, server):
        if detector.text and not talk.textual:
            continue
        try:
            reading = detector.identify(talk)
        except NeedsMoreData:
            return _UNKNOWN
        except ParseError:
            continue
        if reading is not None:
            return reading
    return None
