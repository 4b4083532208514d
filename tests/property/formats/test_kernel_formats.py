"""Whatever the bytes, the readers of kernel records, sockets and /proc give a value or a ParseError."""

import ipaddress
import os
import re
import struct
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from javert.errors import ParseError
from javert.formats.addresses import address_text, is_loopback, is_unspecified
from javert.formats.cmdline import MASK, redact, split
from javert.formats.kernel_records import (
    EndpointEvent,
    ListenEvent,
    SegmentEvent,
    TaskRecords,
    parse_module_event,
    parse_network_event,
)
from javert.formats.procfs import (
    Mapping,
    parse_cgroup,
    parse_executable_mappings,
    parse_local_ipv4,
    parse_local_ipv6,
    parse_stat,
)
from javert.formats.sock_diag import AF_INET6, SocketEntry, parse_dump

WORDS = st.sampled_from([0, 1, 2, 3, 4, 5, 20, 1280, 1281, 0x7FFFFFFF, 0xFFFFFFFF])


@st.composite
def damaged(draw, size):
    """``size`` bytes of noise with a few likely numbers planted, and then cut or lengthened."""
    data = bytearray(draw(st.binary(min_size=16, max_size=16)) * (size // 16 + 1))
    for _ in range(draw(st.integers(0, 6))):
        struct.pack_into("<I", data, draw(st.integers(0, size // 4 - 1)) * 4, draw(WORDS))
    return bytes(data[: draw(st.integers(0, len(data)) | st.just(size))])


@given(st.sampled_from([1, 2, 3, 4, 5]), damaged(2100) | st.binary(max_size=100))
def test_network_events(kind, body):
    try:
        event = parse_network_event(struct.pack("<I", kind) + body)
    except ParseError:
        return
    match event:
        case SegmentEvent():
            assert len(event.data) <= len(body)
        case EndpointEvent():
            assert len(event.cmdline) <= 512
            ipaddress.ip_address(event.address)
        case ListenEvent():
            assert len(event.cmdline) <= 512
            ipaddress.ip_address(event.address)


@given(damaged(1450))
def test_module_events(data):
    with suppress(ParseError):
        event = parse_module_event(data)
        assert event.mode <= 0o7777
        assert event.path == "" or event.path.startswith("/")


@given(st.lists(damaged(112) | st.builds(struct.pack, st.just("<II"), st.just(2), WORDS), max_size=8))
def test_task_records(chunks):
    reader = TaskRecords()
    with suppress(ParseError):
        for chunk in chunks:
            reader.feed(chunk)


# ---------------------------------------------------------------- sockets


def netlink(kind, flags, body, lie):
    return struct.pack("=IHHII", max(0, 16 + len(body) + lie), kind, flags, 1, 0) + body + bytes(-len(body) % 4)


MESSAGES = st.builds(
    netlink,
    st.sampled_from([1, 2, 3, 20, 21]),
    st.sampled_from([0, 2, 0x12]),
    st.binary(min_size=72, max_size=90) | st.binary(max_size=20),
    st.sampled_from([0, 0, 0, 0, -1, 1, -16, 100]),
)


@given(st.binary(max_size=120) | st.lists(MESSAGES, max_size=6).map(b"".join))
def test_socket_listings(data):
    try:
        chunk = parse_dump(data)
    except ParseError:
        return
    for found in chunk.entries:
        ipaddress.ip_address(found.address)
        ipaddress.ip_address(found.peer)
        assert 0 <= found.port <= 65535
        assert found.family == AF_INET6 or not found.dual_stack
    assert isinstance(chunk.done, bool)


@given(
    st.tuples(*[st.integers(0, 255)] * 2, st.binary(min_size=16, max_size=16), st.integers(0, 65535)),
    st.integers(0, 2**32 - 1),
)
def test_an_ipv6_socket_comes_out_as_it_went_in(numbers, inode):
    state, uid, address, port = numbers
    fixed = struct.pack("=BBBB", AF_INET6, state, 0, 0) + struct.pack(">HH", port, 0) + address + bytes(16)
    body = fixed + struct.pack("=IIIIIIII", 0, 0, 0, 0, 0, 0, uid, inode)
    (found,) = parse_dump(netlink(20, 2, body, 0)).entries
    assert found == SocketEntry(AF_INET6, state, address_text(address), port, "::", 0, uid, inode, True)


@given(st.binary(max_size=20))
def test_addresses(raw):
    try:
        text = address_text(raw)
    except ParseError:
        assert len(raw) not in (4, 16)
        return
    address = ipaddress.ip_address(raw)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    assert text == str(address)
    assert is_loopback(text) == address.is_loopback
    assert is_unspecified(text) == address.is_unspecified


# ---------------------------------------------------------------- /proc

STAT = b"42 (nginx) S 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 1000"
MAPS = b"7f00-7f80 r-xp 00001000 fe:10 4242                  /usr/lib/libc.so.6 (deleted)\n"


@st.composite
def spoiled(draw, sample):
    """A line with a part of it replaced by something else, or something else altogether."""
    start = draw(st.integers(0, len(sample)))
    end = draw(st.integers(start, len(sample)))
    return sample[:start] + draw(st.binary(max_size=12)) + sample[end:]


@given(st.binary(max_size=80) | spoiled(STAT))
def test_process_status_lines(data):
    with suppress(ParseError):
        stat = parse_stat(data)
        stat.name.encode("utf-8")


@given(st.binary().filter(lambda name: b"\0" not in name), st.integers(0, 2**31), st.integers(0, 2**63))
def test_no_name_can_forge_a_status_line(name, pid, start):
    stat = parse_stat(b"%d (%s) S 7 %s%d 0" % (pid, name, b"0 " * 17, start))
    assert (stat.pid, stat.parent_pid, stat.start) == (pid, 7, start)
    assert stat.name == name.decode("utf-8", "backslashreplace")


@given(st.binary(max_size=120) | st.lists(spoiled(MAPS), max_size=3).map(b"".join))
def test_memory_maps(data):
    with suppress(ParseError):
        found, traits = parse_executable_mappings(data)
        assert all(mapping.path.startswith("/") for mapping in found)
        assert {type(trait) for trait in traits} == {bool}


@given(st.binary(min_size=1, max_size=60).filter(lambda n: not re.search(rb"[\0\\]| \(deleted\)$", n)))
def test_a_mapped_file_s_name_survives_as_the_kernel_writes_it(name):
    line = b"7f00-7f80 r-xp 00001000 fe:10 4242 /" + name.replace(b"\n", rb"\012") + b"\n"
    (mapping,), _ = parse_executable_mappings(line)
    assert mapping == Mapping(os.fsdecode(b"/" + name), os.makedev(0xFE, 0x10), 4242, False)


@given(st.text(max_size=120))
def test_control_groups_and_addresses_from_any_text(text):
    parse_cgroup(text)
    assert all(
        ipaddress.ip_address(address) for address in parse_local_ipv4("|-- 10.0.0.1\n /32 host LOCAL\n" + text)
    )
    with suppress(ParseError):
        for address in parse_local_ipv6(text):
            ipaddress.ip_address(address)


# ---------------------------------------------------------------- command lines

ARGUMENTS = st.lists(
    st.text(max_size=12)
    | st.from_regex(r"--?[A-Za-z-]{1,12}(=.{0,12})?", fullmatch=True)
    | st.text(max_size=12).map(lambda text: f"/{text}"),
    max_size=30,
)
HARMLESS = re.compile(r"--[A-Za-z-]*|--[A-Za-z][A-Za-z-]*=\*\*\*|-[A-Za-z0-9]|-[^\W\d_]\*\*\*|\*\*\*|…")


@given(st.text(max_size=20), ARGUMENTS)
def test_without_paths_only_names_of_options_are_left(program, arguments):
    shown = redact([program, *arguments], lambda _path: False).split(" ")
    assert re.fullmatch(r"\*\*\*|[A-Za-z0-9_.+:-]{1,32}", shown[0])
    assert [word for word in shown[1:] if not HARMLESS.fullmatch(word)] == []


@given(ARGUMENTS, st.text(min_size=1, max_size=12))
def test_a_secret_leaves_no_trace_wherever_it_stands(arguments, word):
    secret = f"5{word}5ecret"  # a digit keeps it from looking like the name of an option
    for place in (secret, f"--password={secret}", f"-p{secret}", f"user:{secret}", f"https://u:{secret}@host/"):
        assert "5ecret" not in redact(["tool", *arguments, place], lambda _path: False)


@given(st.binary(max_size=60))
def test_command_lines_are_split_whatever_they_hold(raw):
    shown = redact(split(raw), lambda _path: False)
    shown.encode("utf-8")
    assert MASK in shown or not split(raw)[1:] or " " in shown
