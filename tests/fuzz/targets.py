"""What the fuzzer drives: functions of bytes that must give a value or a ParseError, and where they start from.

Each target takes any bytes and raises only if Javert broke a promise: another exception, a value that is not what
its docstring says, or memory beyond what is kept. Seeds are made by code.
"""

import io
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from tests.conftest import (
    PT_DYNAMIC,
    PT_GNU_STACK,
    PT_INTERP,
    PT_LOAD,
    Exchange,
    R,
    Segment,
    W,
    X,
    capture_bytes,
    elf_bytes,
)
from tests.protocol_sessions import SESSIONS, Script

from javert.errors import ParseError
from javert.formats import (
    accounts,
    cmdline,
    elf,
    elf_dynamic,
    file_capabilities,
    kernel_records,
    loader_environment,
    mountinfo,
    posix_acl,
    proc_status,
    procfs,
    script_records,
    sock_diag,
)
from javert.formats.packets import Decoder
from javert.model.telemetry import ElfKind, Encryption, Transport
from javert.protocols.interface import Direction, FlowHint, Protocol, Verdict
from javert.protocols.session import Session
from javert.protocols.streams import KEPT_BYTES
from javert.sensors.capture import CaptureReader

LINK_TYPES = (1, 113, 276, 101, 12, 228, 229, 0, 108, 14, 47)
PORTS = (0, 512, 514, 80)
LARGEST_READS = 5 * 1024 * 1024
"""Of an ELF object: headers, and at most 4 MiB of strings (formats/elf_dynamic.py)."""


class Target(NamedTuple):
    """A function of bytes, the bytes it starts from, and how much it is run in CI."""

    check: Callable[[bytes], None]
    seeds: list[bytes]
    runs: int


# ---------------------------------------------------------------- flows
# A flow in bytes: how it was seen (1), then for each segment its side and disorder (1), length (2) and payload.

IN_ORDER, AGAIN, GAP, DECIDE = range(4)


def write_flow(script: Script) -> bytes:
    """A session as a flow in bytes."""
    how = (script.transport is Transport.UDP) | PORTS.index(script.server_port) << 2
    pieces = [(who == "S", data) for who, data in script.turns]
    return bytes((how,)) + b"".join(struct.pack("<BH", side, len(data)) + data for side, data in pieces)


def check_flow(flow: bytes) -> None:
    """A session of any segments gives a verdict; in bounded memory; the same however the bytes were cut."""
    how = flow[0] if flow else 0
    transport = Transport.UDP if how & 1 else Transport.TCP
    hint = FlowHint(transport=transport, midstream=bool(how & 2), server_port=PORTS[how >> 2 & 3])
    session = Session(hint)
    sent = [bytearray(), bytearray()]
    orderly = transport is Transport.TCP
    at = 1
    while at + 3 <= len(flow):
        control, length = struct.unpack_from("<BH", flow, at)
        data = flow[at + 3 : at + 3 + length % 2048]
        at += 3 + len(data)
        side, disorder = control & 1, control >> 1 & 3
        direction = Direction(side)
        if transport is Transport.UDP:
            session.datagram(direction, data, len(data))
        else:
            place = len(sent[side]) + {AGAIN: -(control >> 3), GAP: control >> 3}.get(disorder, 0)
            session.segment(direction, place, data, len(data))
            sent[side] += data
        orderly = orderly and disorder in (IN_ORDER, DECIDE)
        if disorder == DECIDE:
            assert isinstance(session.decided, bool)
        assert session.kept <= 2 * KEPT_BYTES
    verdict = session.verdict()
    assert isinstance(verdict, Verdict)
    if verdict.protocol is Protocol.UNKNOWN:
        assert verdict == Verdict(protocol=Protocol.UNKNOWN)
    if verdict.protocol in (Protocol.TLS, Protocol.SSH, Protocol.QUIC, Protocol.DTLS):
        assert verdict.encryption is Encryption.FULL
    if orderly and max(map(len, sent)) < KEPT_BYTES:
        at_once = Session(hint)
        for direction in Direction:
            whole = bytes(sent[direction.value])
            at_once.segment(direction, 0, whole, len(whole))
        assert at_once.verdict() == verdict


# ---------------------------------------------------------------- captures


def check_capture(data: bytes) -> None:
    """A capture gives flows and at most one damage, or is none."""
    with suppress(ParseError):
        reader = CaptureReader(io.BytesIO(data))
        for flow in reader:
            assert isinstance(flow.verdict, Verdict)
            assert 0 <= flow.client_port <= 0xFFFF
            assert 0 <= flow.server_port <= 0xFFFF
        assert len(reader.limitations) <= 1 + reader.packets


def check_packets(data: bytes) -> None:
    """Frames of any link type give segments whose payload lies in them."""
    decoder = Decoder()
    link_type = LINK_TYPES[data[0] % len(LINK_TYPES)] if data else 1
    frames = data[1:].split(b"\xf0\x0d") if data else []
    for number, frame in enumerate(frames):
        for segment in decoder.decode(link_type, frame, float(number)):
            assert len(segment.payload) <= 1 << 16
    assert sum(len(segment.payload) for segment in decoder.flush()) <= len(data)


# ---------------------------------------------------------------- files


def check_elf(data: bytes) -> None:
    """A file is read in a bounded number of bounded reads, and is an image or none."""
    asked: list[int] = []

    def read(offset: int, length: int) -> bytes:
        assert 0 <= offset < 1 << 63
        assert length >= 0
        asked.append(length)
        return data[offset : offset + length]

    with suppress(ParseError):
        image = elf.read_image(data[: elf.HEAD_SIZE], read)
        if image is not None:
            assert elf.kind_of(image, read) in (*ElfKind, None)
            assert elf.has_interpreter(image) in (True, False)
    with suppress(ParseError):
        found = elf_dynamic.read_dependencies(read)
        assert all(isinstance(name, str) for name in (*found.needed, *found.search, found.interpreter))
    assert sum(asked) <= LARGEST_READS


# ---------------------------------------------------------------- the kernel's records and texts

RECORDS: tuple[Callable[[bytes], object], ...] = (
    kernel_records.parse_network_event,
    kernel_records.parse_module_event,
    script_records.parse_script_event,
    lambda data: kernel_records.TaskRecords().feed(data),
    sock_diag.parse_dump,
    posix_acl.parse,
    file_capabilities.parse_permitted,
    loader_environment.ignores_environment,
)
TEXTS: tuple[Callable[[bytes], object], ...] = (
    procfs.parse_stat,
    procfs.parse_executable_mappings,
    procfs.parse_personality,
    lambda data: procfs.parse_cgroup(data.decode("utf-8", "surrogateescape")),
    lambda data: procfs.parse_local_ipv4(data.decode("utf-8", "surrogateescape")),
    lambda data: procfs.parse_local_ipv6(data.decode("utf-8", "surrogateescape")),
    proc_status.parse_ids,
    mountinfo.parse,
    accounts.parse_passwd,
    accounts.parse_group,
    loader_environment.loader_variables,
    lambda data: cmdline.redact(cmdline.split(data), lambda _: False),
)


def check_records(data: bytes) -> None:
    """Records of the kernel, chosen by the first octet, are a value or a ParseError."""
    if data:
        with suppress(ParseError):
            RECORDS[data[0] % len(RECORDS)](data[1:])


def check_texts(data: bytes) -> None:
    """Texts of /proc and /etc, chosen by the first octet, are a value or a ParseError."""
    if data:
        with suppress(ParseError):
            TEXTS[data[0] % len(TEXTS)](data[1:])


# ---------------------------------------------------------------- seeds


def _exchanges() -> list[Exchange]:
    return [
        Exchange(
            [(b"> " if who == "C" else b"< ") + data for who, data in script.turns],
            udp=script.transport is Transport.UDP,
            client="2001:db8::1" if number % 2 else "192.0.2.1",
            server="2001:db8::2" if number % 2 else "192.0.2.2",
        )
        for number, script in enumerate(SESSIONS.values())
    ]


def _capture_seeds() -> list[bytes]:
    exchanges = _exchanges()
    return [
        capture_bytes(exchanges[at : at + 3], ng=ng) for at in range(0, len(exchanges), 3) for ng in (False, True)
    ]


def _packet_seeds() -> list[bytes]:
    inner = bytes((0x45, 0)) + struct.pack(">HHHBBH", 48, 7, 0, 64, 17, 0) + bytes((192, 0, 2, 1, 192, 0, 2, 2))
    datagram = struct.pack(">HHHH", 40000, 53, 28, 0) + bytes(20)
    frame = bytes(12) + b"\x08\x00" + inner + datagram
    fragments = [
        bytes(12) + b"\x08\x00" + inner[:6] + struct.pack(">H", flags) + inner[8:] + datagram[start:end]
        for flags, start, end in ((0x2000, 0, 16), (2, 16, 28))
    ]
    tagged = bytes(12) + b"\x88\xa8\x00\x01\x81\x00\x00\x02\x08\x00" + inner + datagram
    labelled = bytes(12) + b"\x88\x47" + bytes((0, 1, 1, 64)) + inner + datagram
    carried = struct.pack(">HHHH", 40000, 4789, 16 + len(frame), 0) + b"\x08" + bytes(7) + frame
    vxlan = bytes(12) + b"\x08\x00" + inner[:2] + struct.pack(">H", 20 + len(carried)) + inner[4:] + carried
    gre = bytes(12) + b"\x08\x00" + inner[:9] + b"\x2f" + inner[10:] + b"\x00\x00\x08\x00" + inner + datagram
    frames = (frame, b"\xf0\x0d".join(fragments), tagged, labelled, vxlan, gre)
    return [bytes((link,)) + each[skip:] for each in frames for link, skip in ((0, 0), (3, 14))]


def _elf_seeds() -> list[bytes]:
    segments = [
        Segment(PT_LOAD, R | X, 4096, 4096, 0),
        Segment(PT_INTERP, R, 28, 28, 64),
        Segment(PT_GNU_STACK, R | W, 0, 0, 0),
        Segment(PT_LOAD, R | W, 64, 128, 4096),
    ]
    kinds = [
        elf_bytes(segments, bits=bits, order=order, dynamic=[(1, 1), (5, 64), (10, 64), (0x6FFFFFFB, 1 << 27)])
        for bits in (32, 64)
        for order in ("little", "big")
    ]
    return [*kinds, elf_bytes([Segment(PT_DYNAMIC)]), elf_bytes([]), b"\x7fELF"]


def _record_seeds() -> list[bytes]:
    """A record of every kind and length that some reader expects, for every reader."""
    sizes = ((1, 400), (2, 1400), (3, 300), (0x54, 72), (20, 68))
    return [
        bytes((which,)) + struct.pack("<I", kind) + bytes(size)
        for which in range(len(RECORDS))
        for kind, size in sizes
    ]


_TEXT_SEEDS = (
    b"1 (a b) c) S 0 1 1 0 -1 4194560 " + b"1 " * 44,
    b"7f00-8f00 r-xp 00001000 08:01 12345 /usr/lib/libc.so.6 (deleted)\n7ffc-7ffd rwxp 00000000 00:00 0 [stack]\n",
    b"00040000\n",
    b"0::/system.slice/docker-" + b"0" * 64 + b".scope\n",
    b"  |-- 192.0.2.1\n     /32 host LOCAL\n",
    b"20010db8000000000000000000000001 02 40 00 80 eth0\n",
    b"Uid:\t1\t2\t3\t4\nGid:\t1\t2\t3\t4\nGroups:\t5 6\nNSpid:\t7\t1\n",
    b"36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n",
    b"root:x:0:0:root:/root:/bin/sh\n",
    b"staff:x:50:joe,amy\n",
    b"LD_LIBRARY_PATH=/a:/b\0LD_PRELOAD=c\0PATH=/bin\0",
    b"mysql\0-psecret\0--password=x\0http://a:b@c/\0",
)


TARGETS: dict[str, Target] = {
    "flow": Target(check_flow, [write_flow(script) for script in SESSIONS.values()], 500_000),
    "capture": Target(check_capture, _capture_seeds(), 10_000),
    "packets": Target(check_packets, _packet_seeds(), 40_000),
    "elf": Target(check_elf, _elf_seeds(), 40_000),
    "records": Target(check_records, _record_seeds(), 40_000),
    "texts": Target(check_texts, [bytes((at,)) + seed for at, seed in enumerate(_TEXT_SEEDS)], 40_000),
}
