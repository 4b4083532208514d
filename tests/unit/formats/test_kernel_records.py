"""What records of the kernel programs mean; test_bpf_objects.py compares their layouts with C."""

import os
import struct

import pytest

from javert.errors import ParseError
from javert.formats.kernel_records import (
    TICKS_PER_SECOND,
    TaskRecords,
    parse_module_event,
    parse_network_event,
    parse_path,
    parse_who,
)
from javert.model.telemetry import ProcessKey


def who_bytes(pid=100, start_ns=12_349_999_999, device=8 << 20 | 3, name=b"nginx"):
    return struct.pack("<QQQ6I16s16s", start_ns, 77, 4242, device, pid, 99, 33, 5, 6, name, b"systemd")


def path_bytes(names, length=None, truncated=0):
    return struct.pack("<II1280s", len(names) if length is None else length, truncated, names)


def identity_bytes(pid=100):
    key = struct.pack("<16sQQIIIHBBBB6x", bytes(16), 0, 0, 0, 33, 5, 80, 6, 0, 0, 0)
    return key + struct.pack("<Q", 0) + who_bytes(pid)


def endpoint_bytes(exe=b"", truncated=0, cmdline=b"", cmdline_length=None, pid=100):
    length = len(cmdline) if cmdline_length is None else cmdline_length
    lengths = struct.pack("<II", length, 0)
    head = struct.pack("<IIQ", 1, 12, 34)
    return head + identity_bytes(pid) + lengths + path_bytes(exe, truncated=truncated) + cmdline.ljust(512, b"\0")


def segment_bytes(payload, captured=None, direction=1):
    captured = len(payload) if captured is None else captured
    head = struct.pack(
        "<IIQQ16sHHIIIHBB", 2, 12, 34, 56, bytes(16), 5000, 80, 5, 0, len(payload), captured, direction, 0
    )
    return head + payload.ljust(1024, b"\xee")


# ---------------------------------------------------------------- who


def test_a_start_is_told_in_ticks_rounded_down_as_proc_does():
    assert parse_who(who_bytes(start_ns=12_349_999_999), 0).key == ProcessKey(100, 1234)


def test_ticks_are_those_of_this_system():
    assert os.sysconf("SC_CLK_TCK") == TICKS_PER_SECOND


@pytest.mark.parametrize(("major", "minor"), [(8, 3), (0, 255), (259, 70_000), (4095, (1 << 20) - 1)])
def test_a_device_is_told_as_stat_tells_it(major, minor):
    assert parse_who(who_bytes(device=major << 20 | minor), 0).exe_device == os.makedev(major, minor)


def test_a_name_ends_at_its_nul_and_needs_not_be_text():
    assert parse_who(who_bytes(name=b"a\xffb\0rest of another"), 0).name == r"a\xffb"
    assert parse_who(who_bytes(name=b"sixteen letters!"), 0).name == "sixteen letters!"


def test_a_cut_task_is_an_error():
    with pytest.raises(ParseError):
        parse_who(who_bytes()[:-1], 0)


# ---------------------------------------------------------------- paths


def test_names_stand_from_the_file_upwards():
    assert parse_path(path_bytes(b"nginx\0sbin\0usr\0"), 0) == ("/usr/sbin/nginx", False)


def test_without_names_there_is_no_path():
    assert parse_path(path_bytes(b""), 0) == ("", False)


def test_a_name_that_is_not_utf8_keeps_its_bytes():
    path, _ = parse_path(path_bytes(b"caf\xe9\0"), 0)
    assert os.fsencode(path) == b"/caf\xe9"


def test_a_path_whose_beginning_is_missing_says_so():
    assert parse_path(path_bytes(b"deep\0", truncated=1), 0) == ("/deep", True)


def test_what_stands_behind_the_length_is_not_read():
    assert parse_path(path_bytes(b"a\0left over\0", length=2), 0) == ("/a", False)


def test_a_length_beyond_the_record_is_an_error():
    with pytest.raises(ParseError, match="impossible length"):
        parse_path(path_bytes(b"a\0", length=1281), 0)


def test_a_cut_path_is_an_error():
    with pytest.raises(ParseError, match="cut"):
        parse_path(path_bytes(b"a\0")[:-1], 0)


# ---------------------------------------------------------------- endpoints


def test_pid_zero_means_that_nobody_was_at_hand():
    assert parse_network_event(endpoint_bytes(pid=0)).who is None
    assert parse_network_event(endpoint_bytes(pid=1)).who is not None


def test_half_a_path_is_no_executable():
    """It would name another file."""
    assert parse_network_event(endpoint_bytes(exe=b"sh\0bin\0", truncated=1)).exe == ""
    assert parse_network_event(endpoint_bytes(exe=b"sh\0bin\0")).exe == "/bin/sh"


def test_a_command_line_ends_at_its_length():
    event = parse_network_event(endpoint_bytes(cmdline=b"curl\0http://left over", cmdline_length=5))
    assert event.cmdline == b"curl\0"


def test_a_length_that_lies_reads_no_further_than_the_command_line():
    event = parse_network_event(endpoint_bytes(cmdline=b"c" * 512, cmdline_length=2**32 - 1) + b"something else")
    assert event.cmdline == b"c" * 512


def test_an_endpoint_of_no_process_is_short():
    whole = parse_network_event(endpoint_bytes(pid=0))
    assert parse_network_event(endpoint_bytes(pid=0)[: 16 + len(identity_bytes())]) == whole


@pytest.mark.parametrize("length", [0, 3, 4, 15, 16, 71, 72, 159, 161, 168, 200, 1000, -1])
def test_a_cut_endpoint_is_an_error(length):
    with pytest.raises(ParseError):
        parse_network_event(endpoint_bytes()[:length])


# ---------------------------------------------------------------- segments


@pytest.mark.parametrize("payload", [b"", b"x", b"y" * 1024])
def test_a_segment_holds_what_was_captured(payload):
    event = parse_network_event(segment_bytes(payload))
    assert (event.data, event.length) == (payload, len(payload))


def test_a_segment_that_was_not_read_has_a_length_and_no_data():
    event = parse_network_event(segment_bytes(b"GET /", captured=0))
    assert (event.data, event.length) == (b"", 5)


def test_the_direction_is_the_host_s_own():
    assert parse_network_event(segment_bytes(b"x", direction=1)).from_network
    assert not parse_network_event(segment_bytes(b"x", direction=0)).from_network


def test_a_cut_segment_is_an_error():
    with pytest.raises(ParseError):
        parse_network_event(segment_bytes(b"")[:59])
    with pytest.raises(ParseError):
        parse_network_event(segment_bytes(b"GET /")[:64])


def test_an_unknown_event_is_an_error():
    with pytest.raises(ParseError, match="unknown type 9"):
        parse_network_event(struct.pack("<I", 9) + bytes(4000))


# ---------------------------------------------------------------- listeners


@pytest.mark.parametrize(("kind", "listening"), [(3, True), (4, False)])
def test_a_listener_comes_or_goes(kind, listening):
    head = struct.pack("<IIQ16sIHHQQ", kind, 0, 34, b"\0" * 10 + b"\xff\xff\x7f\0\0\1", 5, 8080, 0, 56, 0)
    lengths = struct.pack("<II", 0, 0)
    event = parse_network_event(head + who_bytes(pid=0) + lengths + path_bytes(b"") + bytes(512))
    assert (event.listening, event.address, event.port, event.who) == (listening, "127.0.0.1", 8080, None)


# ---------------------------------------------------------------- modules and tasks


def test_the_mode_of_a_module_is_told_without_the_kind_of_file():
    head = struct.pack("<QQ8I", 34, 4242, 12, 8 << 20 | 3, 0o104755, 0, 0, 0, 0, 0)
    event = parse_module_event(head + who_bytes() + path_bytes(b"su\0bin\0"))
    assert (event.mode, event.device, event.path) == (0o4755, os.makedev(8, 3), "/bin/su")


@pytest.mark.parametrize("length", [0, 47, 48, 143, 144, 1000])
def test_a_cut_module_is_an_error(length):
    data = struct.pack("<QQ8I", 34, 4242, 12, 0, 0, 0, 0, 0, 0, 0) + who_bytes() + path_bytes(b"a\0")
    with pytest.raises(ParseError):
        parse_module_event(data[:length])


def modules(*numbers):
    return struct.pack(f"<{2 + len(numbers)}I", 2, len(numbers), *numbers)


def unchanged(pid):
    return struct.pack("<II", 3, pid)


def task(pid, flags=0):
    return struct.pack("<II", 1, flags) + who_bytes(pid)


def test_modules_belong_to_the_task_behind_them():
    records = TaskRecords().feed(modules(1) + modules(2, 5) + task(100, 1) + task(101) + modules(3) + task(102))
    assert [(r.who.key.pid, r.flags, r.modules) for r in records] == [
        (100, 1, (1, 2, 5)),
        (101, 0, ()),
        (102, 0, (3,)),
    ]


def test_records_may_be_cut_anywhere_between_chunks():
    data = modules(1, 4) + task(100) + unchanged(99) + modules(2) + task(101)
    whole = TaskRecords().feed(data)
    assert len(whole) == 2
    for cut in range(len(data)):
        reader = TaskRecords()
        assert reader.feed(data[:cut]) + reader.feed(data[cut:]) == whole
        assert reader.unchanged == [99]


def test_a_task_is_told_only_when_it_is_complete():
    reader = TaskRecords()
    assert reader.feed(modules(1) + task(100)[:-1]) == []
    assert [record.modules for record in reader.feed(task(100)[-1:])] == [(1,)]


def test_a_block_longer_than_the_kernel_writes_is_an_error():
    with pytest.raises(ParseError, match="impossible length"):
        TaskRecords().feed(struct.pack("<II", 2, 1025))


def test_an_unknown_record_is_an_error():
    with pytest.raises(ParseError, match="unknown type 7"):
        TaskRecords().feed(struct.pack("<II", 7, 0))
