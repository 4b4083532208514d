"""A capture as a sensor: packets in, flows and endpoints out.

What a capture cannot tell is who: the endpoints carry no process. Memory is bounded by ``FlowTable``.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import BinaryIO

from javert.formats.capture_file import CaptureFile, Readable
from javert.formats.gunzip import Gunzip
from javert.formats.packets import Decoder, link_type_known
from javert.model.rule_id import PAYLOAD_RULES
from javert.model.telemetry import Limitation
from javert.sensors.flow_table import Flow, FlowTable
from javert.sensors.plain_frames import PlainFrames


class CaptureReader:
    """The flows of one capture, each yielded when it has ended; iterate once.

    Attributes:
        packets: how many were read so far.

    Raises:
        ParseError: (at construction) the stream is no capture.
    """

    def __init__(self, stream: BinaryIO, progress: Callable[[int], None] | None = None) -> None:
        source = _Source(stream, progress)
        self._file = CaptureFile(Gunzip(source) if source.beginning.startswith(b"\x1f\x8b") else source)
        self._decoder = Decoder()
        self._table = FlowTable()
        self._tcp, self._udp = self._table.tcp, self._table.udp
        self._unknown_links: dict[int, int] = {}
        self.packets = 0

    def __iter__(self) -> Iterator[Flow]:
        table, packets, plain = self._table, iter(self._file), PlainFrames(self._table)
        budget = 1
        while True:
            for link_type, time, buffer, start, end in plain.others(islice(packets, budget)):
                self._decode(link_type, buffer[start:end], time)
            whole = plain.packets - self.packets == budget
            self.packets = plain.packets
            if not whole:
                break
            budget = table.sweep(plain.time)
            yield from table.ended
            table.ended.clear()
        for segment in self._decoder.flush():
            table.take(segment, plain.time)
        table.end_all()
        yield from table.ended
        table.ended.clear()

    @property
    def limitations(self) -> tuple[Limitation, ...]:
        """What of the capture could not be read, so far."""
        found = []
        damage = self._file.damage
        if damage is not None:
            found.append(
                Limitation(
                    code=f"capture-{damage.reason}", rules=PAYLOAD_RULES, params={"offset": str(damage.offset)}
                )
            )
        for link_type, frames in self._unknown_links.items():
            params = {"link_type": str(link_type), "frames": str(frames)}
            found.append(
                Limitation(
                    code="capture-link-type",
                    rules=PAYLOAD_RULES,
                    scope=str(link_type),
                    params=params,
                    blinds=frames == self.packets,
                )
            )
        return tuple(found)

    def _decode(self, link_type: int, frame: bytes, time: float) -> None:
        if not link_type_known(link_type):
            self._unknown_links[link_type] = self._unknown_links.get(link_type, 0) + 1
            return
        segments = self._decoder.decode(link_type, frame, time)
        for segment in segments:
            tracked = self._table.take(segment, time)
            if len(segments) > 1:
                tracked.tunnel = True


class _Source:
    """The raw stream, with its beginning looked at and its progress told."""

    def __init__(self, stream: Readable, progress: Callable[[int], None] | None) -> None:
        self._stream = stream
        self._progress = progress
        self._position = 0
        self.beginning = stream.read(4096)

    def read(self, size: int, /) -> bytes:
        if self.beginning:
            data, self.beginning = self.beginning, b""
        else:
            data = self._stream.read(size)
        self._position += len(data)
        if self._progress is not None:
            self._progress(self._position)
        return data


def read_capture(stream: BinaryIO, progress: Callable[[int], None] | None = None) -> CaptureReader:
    """The flows of a pcap or pcapng capture, compressed with gzip or not.

    Args:
        stream: the capture; need not be seekable.
        progress: is told how many bytes of ``stream`` were read, every 64 KiB or so.

    Raises:
        ParseError: it is no capture.
    """
    return CaptureReader(stream, progress)
