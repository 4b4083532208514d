"""Fixtures for the whole suite; each is a function that makes one kind of test material."""

import struct
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.windows.not_for_windows import reason, reason_of_file

PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_GNU_STACK = 1, 2, 3, 0x6474E551
DT_NULL, DT_STRTAB, DT_SYMTAB = 0, 5, 6
R, W, X = 4, 2, 1


_LEFT_OUT = pytest.StashKey[Counter[str]]()
"""On Windows: what is left out there, counted by the reason."""


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_LEFT_OUT] = Counter()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    if sys.platform != "win32" or not collection_path.is_relative_to(config.rootpath):
        return None
    why = reason_of_file(collection_path, collection_path.relative_to(config.rootpath).as_posix())
    if not why:
        return None
    files = list(collection_path.rglob("test_*.py")) if collection_path.is_dir() else [collection_path]
    config.stash[_LEFT_OUT][f"files of tests, each of which {why}"] += len(files)
    return True


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if sys.platform != "win32":
        return
    left_out = [item for item in items if reason(item.nodeid)]
    for item in left_out:
        config.stash[_LEFT_OUT][f"tests, each of which {reason(item.nodeid)}"] += 1
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for what, count in config.stash[_LEFT_OUT].items():
        terminalreporter.write_line(f"left out on Windows: {count} {what}")


class Segment(NamedTuple):
    """A program header: type, flags, sizes in the file and in memory, offset in the file."""

    kind: int
    flags: int = R
    in_file: int = 0
    in_memory: int = 0
    offset: int = 0


def elf_bytes(
    segments: Sequence[Segment] = (),
    *,
    kind: int = 2,
    machine: int = 62,
    bits: int = 64,
    order: str = "little",
    dynamic: Sequence[tuple[int, int]] | None = None,
    table_at: int | None = None,
    count: int | None = None,
    sections: Sequence[tuple[int, int]] = (),
) -> bytes:
    """The headers of an ELF file; addresses are places in the file, and the entry point is behind the header.

    ``dynamic`` adds a PT_DYNAMIC with these tags and those no loader can do without; ``count`` is a false e_phnum;
    ``sections`` are their types and flags.
    """
    mark = "<" if order == "little" else ">"
    wide = bits == 64
    size, entry = (64, 56) if wide else (52, 32)
    table_at = size if table_at is None else table_at
    segments = list(segments)
    body = b""
    end = table_at + entry * (len(segments) + 2 * (dynamic is not None))
    if dynamic is not None:
        tags = [*dynamic, (DT_STRTAB, 0), (DT_SYMTAB, 0), (DT_NULL, 0)]
        body = b"".join(struct.pack(mark + ("qQ" if wide else "iI"), *pair) for pair in tags)
        segments.append(Segment(PT_LOAD, R | W, len(body), len(body), end))
        segments.append(Segment(PT_DYNAMIC, R | W, len(body), len(body), end))
    section_at = end + len(body) if sections else 0
    head = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "little" else 2, 1]) + bytes(9)
    head += struct.pack(mark + "HHI", kind, machine, 1)
    head += struct.pack(mark + ("QQQ" if wide else "III"), size, table_at, section_at)
    head += struct.pack(
        mark + "IHHHHHH",
        0,
        size,
        entry,
        len(segments) if count is None else count,
        64 if wide else 40,
        len(sections),
        0,
    )
    table = b"".join(
        struct.pack(mark + "2I6Q", s.kind, s.flags, s.offset, s.offset, 0, s.in_file, s.in_memory, 0)
        if wide
        else struct.pack(mark + "8I", s.kind, s.offset, s.offset, 0, s.in_file, s.in_memory, s.flags, 0)
        for s in segments
    )
    headers = b"".join(
        struct.pack(mark + ("4xI4Q24x" if wide else "4x5I16x"), *section, 0, 0, 0) for section in sections
    )
    return head + bytes(table_at - len(head)) + table + body + headers


@pytest.fixture(scope="session")
def make_elf() -> Callable[..., bytes]:
    """``make_elf([(kind, flags, in_file, in_memory, offset), …], bits=…, order=…, …)``: see ``elf_bytes``."""

    def make(segments: Sequence[Sequence[int]] = (), **options: object) -> bytes:
        return elf_bytes([Segment(*each) for each in segments], **options)  # type: ignore[arg-type]

    return make


class Exchange(NamedTuple):
    """One flow of a capture: who, and what they said, "> " before what the client sends and "< " before the rest.

    ``syn_only``: (TCP) nobody answered the first segment.
    """

    lines: Sequence[bytes] = ()
    client: str = "192.0.2.1"
    client_port: int = 40000
    server: str = "198.51.100.2"
    server_port: int = 80
    udp: bool = False
    syn_only: bool = False


def _packet(
    source: tuple[str, int], destination: tuple[str, int], transport: int, header: bytes, data: bytes
) -> bytes:
    ends = struct.pack(">HH", source[1], destination[1])
    payload = ends + header + data
    addresses = ip_address(source[0]).packed + ip_address(destination[0]).packed
    if len(addresses) == 32:
        return (
            bytes(12)
            + b"\x86\xdd"
            + struct.pack(">IHBB", 6 << 28, len(payload), transport, 64)
            + addresses
            + payload
        )
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, 64, transport, 0)
    return bytes(12) + b"\x08\x00" + ip + addresses + payload


def _frames(exchange: Exchange) -> Iterable[bytes]:
    ends = (exchange.client, exchange.client_port), (exchange.server, exchange.server_port)
    if exchange.udp:
        for line in exchange.lines:
            source, destination = ends if line[:1] == b">" else ends[::-1]
            yield _packet(source, destination, 17, struct.pack(">HH", len(line) + 6, 0), line[2:])
        return
    syn, fin, push, ack = 2, 1, 8, 16
    sent = {b">": 100, b"<": 500}

    def segment(side: bytes, flags: int, data: bytes = b"") -> bytes:
        source, destination = ends if side == b">" else ends[::-1]
        header = struct.pack(">IIBBHHH", sent[side], 0, 0x50, flags, 65535, 0, 0)
        sent[side] += len(data) + bool(flags & (syn | fin))
        return _packet(source, destination, 6, header, data)

    yield segment(b">", syn)
    if exchange.syn_only:
        return
    yield segment(b"<", syn | ack)
    yield segment(b">", ack)
    for line in exchange.lines:
        yield segment(line[:1], push | ack, line[2:])
    yield segment(b">", fin | ack)
    yield segment(b"<", fin | ack)
    yield segment(b">", ack)


def capture_bytes(exchanges: Iterable[Exchange], *, start: float = 1_700_000_000.0, ng: bool = False) -> bytes:
    """A capture file of Ethernet frames, a hundredth of a second apart: pcap, or pcapng."""
    data = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)]
    if ng:
        data = [struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)]
        data.append(struct.pack("<IIHHII", 1, 20, 1, 0, 0, 20))
    moment = round(start * 1e6)
    for exchange in exchanges:
        for frame in _frames(exchange):
            moment += 10_000
            size = len(frame)
            if ng:
                body = (
                    struct.pack("<IIIII", 0, moment >> 32, moment & 0xFFFFFFFF, size, size)
                    + frame
                    + bytes(-size % 4)
                )
                data.append(struct.pack("<II", 6, len(body) + 12) + body + struct.pack("<I", len(body) + 12))
            else:
                data.append(struct.pack("<IIII", *divmod(moment, 1_000_000), size, size) + frame)
    return b"".join(data)


@pytest.fixture(scope="session")
def make_capture() -> Callable[..., bytes]:
    """``make_capture([{"lines": [b"> GET …", …], …}, …], start=…, ng=…)``: see ``Exchange``, ``capture_bytes``."""

    def make(exchanges: Iterable[dict[str, object]] = (), **options: object) -> bytes:
        return capture_bytes([Exchange(**each) for each in exchanges], **options)  # type: ignore[arg-type]

    return make
