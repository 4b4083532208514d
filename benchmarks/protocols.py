"""Protocol identification: right answers by protocol beside tshark and nDPI, cost a flow, speed of replay.

python -m benchmarks.protocols [--captures ../shared/captures] [--no-peers] [--rounds 5]
"""

import argparse
import os
import resource
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import labelled_captures as labelled
from benchmarks import peers
from benchmarks.interleaved import in_turns, ratios, row, spread

from javert.errors import ParseError
from javert.formats.capture_file import CaptureFile
from javert.formats.packets import Decoder, turned
from javert.model.telemetry import Transport
from javert.protocols.interface import Direction, FlowHint
from javert.protocols.session import Session

ROOT = Path(__file__).parents[1]
LIVE_SEGMENTS, LIVE_BYTES = 8, 1024
"""What the live sensor passes up of a flow at most."""
REPLAY = """
import sys
from javert.sensors.capture import read_capture
any(0 for _ in read_capture(open(sys.argv[1], "rb")))
"""
Recorded = tuple[FlowHint, list[tuple[Direction, int, bytes, int]]]


def score(directory: Path, answers: Callable[[Path], dict[labelled.Ends, labelled.Answer]]) -> labelled.Score:
    total = labelled.Score()
    for path, rows in labelled.captures(directory, labelled.read_labels(directory)):
        total.add(rows, answers(path))
    return total


def print_scores(scores: dict[str, labelled.Score]) -> None:
    protocols = sorted(next(iter(scores.values())).labelled)
    print("precision / recall by protocol (flows seen from their first byte, each once)")
    print(f"{'':12}{'flows':>6}" + "".join(f"{name:>18}" for name in scores))
    for protocol in protocols:
        flows = next(iter(scores.values())).labelled[protocol]
        cells = (f"{one.precision(protocol):.3f} / {one.recall(protocol):.3f}" for one in scores.values())
        print(f"{protocol:12}{flows:>6}" + "".join(f"{cell:>18}" for cell in cells))
    for name, one in scores.items():
        precision, recall = one.overall(cleartext=True)
        row(f"{name}: cleartext, precision / recall", f"{precision:.3f} / {recall:.3f}")
        row(f"{name}: encrypted or upgraded flows called cleartext", len(one.wrong_cleartext), "0 for Javert")


def record(directory: Path) -> list[Recorded]:
    """Every flow of the captures as the live sensor would pass it up."""
    flows: list[Recorded] = []
    for path in sorted(directory.iterdir()):
        if path.suffix not in (".pcap", ".pcapng", ".cap"):
            continue
        with path.open("rb") as stream:
            try:
                flows += _flows_of(CaptureFile(stream))
            except ParseError:
                continue
    return flows


def _flows_of(capture: CaptureFile) -> Iterator[Recorded]:
    decoder = Decoder()
    first: dict[object, bytes] = {}
    segments: dict[object, list[tuple[Direction, int, bytes, int]]] = {}
    begin: dict[object, int] = {}
    hints: dict[object, FlowHint] = {}
    for link_type, moment, buffer, start, end in capture:
        for segment in decoder.decode(link_type, buffer[start:end], moment):
            key = (segment.protocol, *sorted((segment.ends, turned(segment.ends))))
            up = first.setdefault(key, segment.ends) == segment.ends
            begin.setdefault((key, up), segment.sequence + (segment.flags & 2 > 0))
            transport = Transport.TCP if segment.protocol == 6 else Transport.UDP
            hints.setdefault(key, FlowHint(transport=transport, midstream=segment.flags & 2 == 0))
            if segment.payload and len(segments.setdefault(key, [])) < LIVE_SEGMENTS:
                offset = segment.sequence - begin[key, up]
                direction = Direction.TO_SERVER if up else Direction.TO_CLIENT
                segments[key].append((direction, offset, segment.payload[:LIVE_BYTES], segment.length))
    return iter([(hints[key], parts) for key, parts in segments.items()])


def microseconds_a_flow(flows: list[Recorded]) -> float:
    began = time.process_time()
    for hint, segments in flows:
        session = Session(hint)
        feed = session.segment if hint.transport is Transport.TCP else None
        for direction, offset, data, length in segments:
            if feed is not None:
                feed(direction, offset, data, length)
            else:
                session.datagram(direction, data, length)
            if session.decided:
                break
        session.verdict()
    return (time.process_time() - began) / len(flows) * 1e6


HOSTILE = {
    "spaces in a request line": (b"A b" + b" " * 16000, b""),
    "status lines without an end": (b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 " * 1250),
    "subnegotiations without an end": (b"", b"\xff\xfd\x18" + b"\xff\xfa" * 8000),
    "AMQP methods": (b"AMQP\x00\x00\x09\x01" + b"\x00\x0a\x00\x0b" * 4000, b""),
    "prompts": (b"a\r\n", b"hello\r\n" + b"login: x" * 2000),
    "empty lines": (b"\n" * 16000, b"\n" * 16000),
}


def slowest_hostile_flow() -> tuple[float, str]:
    """Milliseconds and name of the flow, made to be slow to read, whose verdict costs most."""
    costs = []
    for name, (client, server) in HOSTILE.items():
        session = Session(FlowHint(transport=Transport.TCP, midstream=True))
        session.segment(Direction.TO_SERVER, 0, client, len(client))
        session.segment(Direction.TO_CLIENT, 0, server, len(server))
        began = time.process_time()
        session.verdict()
        costs.append(((time.process_time() - began) * 1e3, name))
    return max(costs)


def write_large(directory: Path, target: Path, copies: int) -> int:
    """One capture of everything in ``directory`` that is IPv4 on Ethernet, several times with other addresses."""
    packets = []
    for path in sorted(directory.iterdir()):
        with path.open("rb") as stream:
            try:
                packets += [
                    bytearray(buffer[start:end])
                    for link_type, _, buffer, start, end in CaptureFile(stream)
                    if link_type == 1 and end - start > 34
                ]
            except ParseError:
                continue
    packets = [frame for frame in packets if frame[12:14] == b"\x08\x00"]
    with target.open("wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        moment = 1_700_000_000_000_000
        for copy in range(copies):
            for frame in packets:
                moment += 500
                frame[26] ^= copy
                frame[30] ^= copy
                out.write(struct.pack("<IIII", *divmod(moment, 1_000_000), len(frame), len(frame)) + frame)
    return len(packets) * copies


def processor_seconds(*command: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def replay_against_tshark(directory: Path, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        large = Path(scratch) / "large.pcap"
        packets = write_large(directory, large, copies=4)
        fields = ("-T", "fields", "-e", "_ws.col.Protocol", "-e", "tcp.stream", "-e", "udp.stream")
        results = in_turns(
            {
                "javert": lambda: processor_seconds(sys.executable, "-c", REPLAY, os.fspath(large)),
                "tshark": lambda: processor_seconds("tshark", "-r", os.fspath(large), *fields),
            },
            rounds,
        )
        row("replay, microseconds a packet", f"{statistics.median(results['javert']) / packets * 1e6:.2f}")
        row("replay, times as fast as tshark -T fields", ratios(results, "tshark", "javert"), "at least 5")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--captures", type=Path, default=ROOT.parent / "shared" / "captures")
    parser.add_argument("--no-peers", action="store_true", help="leave out tshark and nDPI (they take minutes)")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if not (options.captures / "labels.jsonl").exists():
        print("no labelled captures; pass --captures DIRECTORY")
        return
    there = [] if options.no_peers else peers.installed()
    answers = {"Javert": labelled.javert}
    answers |= {name: {"tshark": peers.tshark, "nDPI": peers.ndpi}[name] for name in there}
    print_scores({name: score(options.captures, tool) for name, tool in answers.items()})
    flows = record(options.captures)
    costs = [microseconds_a_flow(flows) for _ in range(options.rounds)]
    row("verdict on the live path, microseconds of Python a flow", spread(costs), "below 15")
    cost, name = slowest_hostile_flow()
    row("verdict on 32 KiB made to be slow to read, milliseconds", f"{cost:.1f} ({name})")
    if "tshark" in there:
        replay_against_tshark(options.captures, options.rounds)


if __name__ == "__main__":
    main()
