"""How fast a large capture is replayed, beside tshark, and whether memory grows with the capture.

    python -m benchmarks.replay [--megabytes 1000] [--rounds 3]

The capture is made here: sessions in HTTP, SMTP with STARTTLS, DNS and TLS, again and again from new addresses,
with bulk data as in ordinary traffic. tshark is asked for the least that tells flows and protocols apart. The
figures: at least 5 times as fast, and under 300 MiB whatever the size. Start-up and the report are part of it: what
they take, however small the capture, counts for a tenth of the time at 1000 MB and for more below.
"""

import argparse
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.interleaved import in_turns, ratios, row, spread

FULL = ("--megabytes", "1000", "--rounds", "5")

_TSHARK = ("-T", "fields", "-e", "frame.protocols", "-e", "tcp.stream", "-e", "udp.stream")
_SYN, _FIN, _PUSH, _ACK = 2, 1, 8, 16
_TLS_HELLO = bytes.fromhex("16030100310100002d0303") + bytes(32) + bytes.fromhex("0000061301130200ff0100")
_TLS_ANSWER = bytes.fromhex("160303002a020000260303") + bytes(32) + bytes.fromhex("00130100")
_QUERY = bytes.fromhex("12340100000100000000000003777777076578616d706c65036f72670000010001")
_ANSWER = _QUERY[:2] + bytes.fromhex("81800001000000000000") + _QUERY[12:]
_BULK = 1400


class _Wire:
    """Frames of one session after another, each with the next time."""

    def __init__(self) -> None:
        self._microseconds = 1_700_000_000_000_000

    def _frame(self, transport: int, ends: bytes, ports: bytes, rest: bytes) -> bytes:
        self._microseconds += 20
        size = 20 + len(ports) + len(rest)
        ip = struct.pack(">BBHHHBBH", 0x45, 0, size, 1, 0, 64, transport, 0) + ends
        seconds, micro = divmod(self._microseconds, 1_000_000)
        header = struct.pack("<IIII", seconds, micro, size + 14, size + 14)
        return header + bytes(12) + b"\x08\x00" + ip + ports + rest

    def tcp(
        self, client: bytes, server: bytes, ports: tuple[int, int], talk: list[tuple[int, bytes]]
    ) -> Iterator[bytes]:
        ends = (client + server, server + client)
        numbers = (struct.pack(">HH", *ports), struct.pack(">HH", *ports[::-1]))
        sent = [100, 500]

        def segment(side: int, flags: int, data: bytes = b"") -> bytes:
            header = struct.pack(">IIBBHHH", sent[side], sent[1 - side], 0x50, flags, 65535, 0, 0)
            sent[side] += len(data) + bool(flags & (_SYN | _FIN))
            return self._frame(6, ends[side], numbers[side], header + data)

        yield segment(0, _SYN)
        yield segment(1, _SYN | _ACK)
        yield segment(0, _ACK)
        for side, data in talk:
            for at in range(0, len(data), _BULK):
                yield segment(side, _PUSH | _ACK, data[at : at + _BULK])
            yield segment(1 - side, _ACK)
        yield segment(0, _FIN | _ACK)
        yield segment(1, _FIN | _ACK)
        yield segment(0, _ACK)

    def udp(
        self, client: bytes, server: bytes, ports: tuple[int, int], talk: list[tuple[int, bytes]]
    ) -> Iterator[bytes]:
        for side, data in talk:
            ends = (client + server, server + client)[side]
            numbers = struct.pack(">HH", *(ports if side == 0 else ports[::-1]))
            yield self._frame(17, ends, numbers, struct.pack(">HH", len(data) + 8, 0) + data)


def _http(size: int) -> list[tuple[int, bytes]]:
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % size
    return [(0, b"GET /%d HTTP/1.1\r\nHost: example.org\r\n\r\n" % size), (1, answer + b"x" * size)]


def _smtp() -> list[tuple[int, bytes]]:
    lines = [(1, b"220 mx ESMTP\r\n"), (0, b"EHLO a\r\n"), (1, b"250-mx\r\n250 STARTTLS\r\n"), (0, b"STARTTLS\r\n")]
    return [*lines, (1, b"220 go ahead\r\n"), (0, _TLS_HELLO), (1, _TLS_ANSWER)]


def make_capture(path: Path, megabytes: int) -> tuple[int, int]:
    """Write a capture of about that size; how many bytes and how many flows it holds."""
    wire = _Wire()
    record = b"\x17\x03\x03\x10\x00" + bytes(4096)
    kinds = (
        (wire.tcp, 80, _http(800)),
        (wire.tcp, 8080, _http(60_000)),
        (wire.tcp, 25, _smtp()),
        (wire.udp, 53, [(0, _QUERY), (1, _ANSWER)]),
        (wire.tcp, 443, [(0, _TLS_HELLO), (1, _TLS_ANSWER), (0, record), (1, record * 12)]),
    )
    written = flows = 0
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        while written < megabytes << 20:
            transport, port, talk = kinds[flows % len(kinds)]
            client = struct.pack(">I", 0x0A000000 + flows % 4000)
            server = struct.pack(">I", 0xC6336400 + flows % 199)
            ports = (1024 + flows * 7 % 60000, port)
            written += file.write(b"".join(transport(client, server, ports, talk)))
            flows += 1
    return written, flows


def _run(command: list[str]) -> tuple[float, float, float]:
    """Seconds by the clock, seconds of processor time, and peak resident memory in MiB."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - began
    if process.returncode:
        raise SystemExit(f"{command[0]} ended with {process.returncode}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    program = shutil.which("javert", path=str(Path(sys.executable).parent)) or "javert"
    peaks: dict[str, list[float]] = {}
    processors: dict[str, list[float]] = {}

    def leg(name: str, command: list[str]) -> Callable[[], float]:
        def measure() -> float:
            seconds, processor, peak = _run(command)
            processors.setdefault(name, []).append(processor)
            peaks.setdefault(name, []).append(peak)
            return seconds

        return measure

    with tempfile.TemporaryDirectory() as directory:
        small, large = Path(directory, "small.pcap"), Path(directory, "large.pcap")
        for path, size in ((small, arguments.megabytes // 4), (large, arguments.megabytes)):
            written, flows = make_capture(path, size)
            row(f"{path.name}: MiB, flows", f"{written >> 20}, {flows}")
        legs = {name: leg(name, [program, "replay", str(path), "--format", "json"]) for name, path in
                (("javert, a quarter of it", small), ("javert", large))}  # fmt: skip
        if shutil.which("tshark"):
            legs["tshark"] = leg("tshark", ["tshark", "-n", "-r", str(large), *_TSHARK])
        results = in_turns(legs, arguments.rounds)
    for name, seconds in results.items():
        row(f"{name}: seconds", spread(seconds))
        row(f"{name}: processor seconds", spread(processors[name]))
        row(f"{name}: peak memory, MiB", spread(peaks[name]), "" if name == "tshark" else "< 300")
    if "tshark" in results:
        row("tshark's seconds / javert's", ratios(results, "tshark", "javert"), ">= 5")
        row("tshark's processor seconds / javert's", ratios(processors, "tshark", "javert"))
        row("javert's peak memory / tshark's", spread(peaks["javert"]).median / spread(peaks["tshark"]).median)
    growth = spread(peaks["javert"]).median - spread(peaks["javert, a quarter of it"]).median
    row(
        "growth of memory over the last three quarters, KiB a MiB",
        f"{growth * 1024 / (arguments.megabytes * 0.75):.2f}",
    )


if __name__ == "__main__":
    main()
