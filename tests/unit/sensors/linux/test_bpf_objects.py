"""The committed kernel programs are what their source compiles to, and their reader knows their layouts."""

import json
import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from javert.errors import ParseError
from javert.formats import kernel_records, script_records
from javert.formats.kernel_records import TaskRecords, parse_module_event, parse_network_event
from javert.sensors.linux.network_programs import OBJECTS, Counters, KernelState

NEEDED = ("clang-14", "llvm-strip-14", "bpftool", "make")
MISSING = [tool for tool in NEEDED if not shutil.which(tool)]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")

# Clang describes only types that maps, globals and signatures name; these are the ones that travel through rings.
PROBE = """
#include "network.h"
#include "modules.h"
#include "scripts.h"
struct script_event n;
struct client_event a; struct cgroup_event p; struct segment_event b; struct listen_event c;
struct module_event d; struct task_record e; struct module_block f; struct unchanged_record o;
enum event_type g; enum segment_flags h; enum task_flags i; enum module_flags j; enum record_type k;
enum role l; enum direction m;
"""


class Field(NamedTuple):
    """A member that is no structure itself: its name with dots, place and size in bytes."""

    name: str
    offset: int
    size: int


class TypeInformation:
    """The BTF of an object, as bpftool reads it."""

    def __init__(self, path: Path) -> None:
        text = subprocess.run(
            ["bpftool", "-j", "btf", "dump", "file", path], stdout=subprocess.PIPE, check=True, timeout=60
        ).stdout
        self._types: dict[int, dict[str, Any]] = {entry["id"]: entry for entry in json.loads(text)["types"]}

    def size(self, name: str) -> int:
        return int(self._struct(name)["size"])

    def fields(self, name: str) -> list[Field]:
        return list(self._flat(self._struct(name), "", 0))

    def offset(self, name: str, member: str) -> int:
        return next(field.offset for field in self.fields(name) if field.name == member)

    def enumeration(self, name: str) -> dict[str, int]:
        entry = next(e for e in self._types.values() if e["kind"] == "ENUM" and e["name"] == name)
        return {value["name"]: value["val"] for value in entry["values"]}

    def map_entries(self, name: str) -> int:
        """``max_entries`` of a map: __uint() hides the number in the length of an array."""
        variable = next(e for e in self._types.values() if e["kind"] == "VAR" and e["name"] == name)
        members = {m["name"]: m["type_id"] for m in self._types[variable["type_id"]]["members"]}
        return int(self._types[self._types[members["max_entries"]]["type_id"]]["nr_elems"])

    def _struct(self, name: str) -> dict[str, Any]:
        return next(e for e in self._types.values() if e["kind"] == "STRUCT" and e["name"] == name)

    def _flat(self, entry: dict[str, Any], prefix: str, base: int) -> Iterator[Field]:
        for member in entry["members"]:
            bare = self._bare(member["type_id"])
            offset = base + member["bits_offset"] // 8
            if bare["kind"] == "STRUCT":
                yield from self._flat(bare, f"{prefix}{member['name']}.", offset)
            else:
                yield Field(prefix + member["name"], offset, self._size_of(bare))

    def _bare(self, number: int) -> dict[str, Any]:
        entry = self._types[number]
        while entry["kind"] in ("TYPEDEF", "CONST", "VOLATILE"):
            entry = self._types[entry["type_id"]]
        return entry

    def _size_of(self, bare: dict[str, Any]) -> int:
        if bare["kind"] == "ARRAY":
            return int(bare["nr_elems"]) * self._size_of(self._bare(bare["type_id"]))
        return 8 if bare["kind"] == "PTR" else int(bare["size"])


@pytest.fixture(scope="module")
def headers(tmp_path_factory: pytest.TempPathFactory) -> TypeInformation:
    """The types that the headers declare, as clang lays them out for BPF."""
    directory = tmp_path_factory.mktemp("probe")
    (directory / "probe.c").write_text(PROBE)
    command = ["clang-14", "-O2", "-g", "-target", "bpf", "-mcpu=v3", "-D__TARGET_ARCH_x86", "-I", str(OBJECTS)]
    subprocess.run([*command, "-c", "probe.c", "-o", "probe.o"], cwd=directory, check=True, timeout=60)
    return TypeInformation(directory / "probe.o")


def laid_out(types: TypeInformation, name: str, values: dict[str, int | bytes]) -> bytes:
    """The bytes of a C structure in which every member has its value; members not named are zero."""
    data = bytearray(types.size(name))
    fields = {field.name: field for field in types.fields(name)}
    for member, value in values.items():
        field = fields[member]
        raw = value if isinstance(value, bytes) else value.to_bytes(field.size, "little")
        assert len(raw) <= field.size
        data[field.offset : field.offset + len(raw)] = raw
    return bytes(data)


def places(layout: struct.Struct) -> list[tuple[int, int]]:
    """Offset and size of every value that a ``struct`` format reads."""
    found = []
    at = 0
    count = ""
    for letter in layout.format.lstrip("<"):
        if letter.isdigit():
            count += letter
            continue
        number = int(count or 1)
        count = ""
        if letter in "sx":
            size, number = number, 1
        else:
            size = struct.calcsize(f"<{letter}")
        for _ in range(number):
            if letter != "x":
                found.append((at, size))
            at += size
    return found


# ---------------------------------------------------------------- objects


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The objects compiled twice, from copies of the source at places of different depth."""
    top = tmp_path_factory.mktemp("objects")
    outputs = []
    for place in ("here", "some/where/else"):
        source, output = top / place / "bpf", top / place / "out"
        shutil.copytree(OBJECTS, source, ignore=shutil.ignore_patterns("*.o"))
        output.mkdir()
        subprocess.run(["make", "-s", "-C", source, f"OUT={output}"], check=True, timeout=120)
        outputs.append(output)
    return outputs[0], outputs[1]


@pytest.mark.parametrize("name", ["network.bpf.o", "modules.bpf.o", "scripts.bpf.o"])
def test_the_committed_object_is_what_the_source_compiles_to(compiled, name):
    committed = (OBJECTS / name).read_bytes()
    assert (compiled[0] / name).read_bytes() == committed, "run `make bpf` and commit source and objects together"


@pytest.mark.parametrize("name", ["network.bpf.o", "modules.bpf.o", "scripts.bpf.o"])
def test_the_place_of_the_checkout_leaves_no_trace(compiled, name):
    first, second = (output / name for output in compiled)
    assert first.read_bytes() == second.read_bytes()
    assert str(first.parent.parent).encode() not in first.read_bytes()


def test_nothing_but_source_and_objects_lies_beside_them():
    allowed = {".c", ".h", ".o"}
    assert [p.name for p in OBJECTS.iterdir() if p.suffix not in allowed and p.name != "Makefile"] == []


# ---------------------------------------------------------------- layouts


@pytest.mark.parametrize(
    ("layout", "name"),
    [
        (kernel_records.WHO, "who"),
        (kernel_records.PATH_NAMES, "path_names"),
        (kernel_records.ENDPOINT_KEY, "endpoint_key"),
        (kernel_records.SEGMENT_HEAD, "segment_event"),
        (kernel_records.MODULE_HEAD, "module_event"),
        (kernel_records.LISTEN_HEAD, "listen_event"),
        (script_records.SCRIPT_HEAD, "script_event"),
        (kernel_records.ENDPOINT_EVENT_HEAD, "endpoint_event"),
        (kernel_records.CGROUP_HEAD, "cgroup_event"),
        (kernel_records.TASK_RECORD_HEAD, "task_record"),
        (kernel_records.TASK_RECORD_HEAD, "module_block"),
        (kernel_records.TASK_RECORD_HEAD, "unchanged_record"),
    ],
)
def test_every_value_is_read_where_the_header_puts_it(headers, layout, name):
    fields = [field for field in headers.fields(name) if field.offset < layout.size]
    read = places(layout)
    assert set(read) <= {(field.offset, field.size) for field in fields}
    unread = [f.name for f in fields if (f.offset, f.size) not in read and not f.name.startswith("pad")]
    assert unread == []


@pytest.mark.parametrize(
    ("layout", "file", "name"),
    [
        (kernel_records.ENDPOINT, "network.bpf.o", "endpoint"),
        (kernel_records.ENDPOINT_KEY, "network.bpf.o", "endpoint_key"),
        (kernel_records.PORT_KEY, "network.bpf.o", "port_key"),
        (kernel_records.OWN_FLOW_KEY, "network.bpf.o", "own_flow_key"),
        (kernel_records.NETWORK_STATE, "network.bpf.o", "state"),
        (kernel_records.MODULES_STATE, "modules.bpf.o", "state"),
        (script_records.SCRIPT_STATE, "scripts.bpf.o", "script_state"),
    ],
)
def test_what_is_shared_through_maps_is_laid_out_as_in_the_object(layout, file, name):
    types = TypeInformation(OBJECTS / file)
    assert layout.size == types.size(name)
    fields = types.fields(name)
    read = places(layout)
    assert set(read) <= {(field.offset, field.size) for field in fields}
    assert [f.name for f in fields if (f.offset, f.size) not in read and not f.name.startswith("pad")] == []


@pytest.mark.parametrize(
    ("layout", "name"), [(kernel_records.WHO, "who"), (kernel_records.PATH_NAMES, "path_names")]
)
def test_nested_structures_have_the_size_that_is_reckoned_with(headers, layout, name):
    assert layout.size == headers.size(name)


def test_the_state_and_the_counters_of_the_network_programs_are_named_in_order():
    fields = TypeInformation(OBJECTS / "network.bpf.o").fields("state")
    assert [field.name for field in fields] == list(KernelState._fields)
    fields = TypeInformation(OBJECTS / "network.bpf.o").fields("endpoint")
    assert [field.name for field in fields if field.name != "pad"] == list(Counters._fields)


def test_user_space_writes_into_the_counters_where_the_kernel_reads():
    types = TypeInformation(OBJECTS / "network.bpf.o")
    assert types.offset("endpoint", "interval_ms") == kernel_records.INTERVAL_AT
    assert types.offset("state", "stock_taken") == kernel_records.STOCK_TAKEN_AT
    assert types.offset("state", "self_pid") == kernel_records.SELF_PID_AT
    assert types.offset("state", "walk_stops") == kernel_records.WALK_STOPS_AT
    assert types.offset("state", "own_flows") == kernel_records.OWN_FLOWS_AT
    assert types.offset("state", "asked_processes") == kernel_records.ASKED_PROCESSES_AT
    assert types.map_entries("endpoints") == types.map_entries("endpoint_index") == kernel_records.ENDPOINTS


@pytest.mark.parametrize(
    ("name", "prefix", "shared"),
    [
        ("event_type", "EVENT_", {"ENDPOINT", "SEGMENT", "LISTEN", "UNLISTEN", "CGROUP"}),
        ("segment_flags", "SEGMENT_", {"MIDSTREAM", "AT_LISTENER", "UDP"}),
        (
            "task_flags",
            "TASK_",
            {"ROOT", "EXECUTABLE_STACK", "BUSY", "READ_IMPLIES_EXEC", "CODE_MEMORY", "DROPPED"},
        ),
        ("module_flags", "MODULE_", {"DELETED", "DETACHED"}),
    ],
)
def test_both_sides_number_alike(headers, name, prefix, shared):
    values = headers.enumeration(name)
    assert set(values) == {prefix + word for word in shared}
    assert values == {word: getattr(kernel_records, word) for word in values}


# ---------------------------------------------------------------- whole records, laid out as C would

WHO = {
    "who.start_ns": 12_340_000_000,
    "who.cgroup": 77,
    "who.exe_inode": 4242,
    "who.exe_device": 8 << 20 | 3,
    "who.pid": 100,
    "who.parent_pid": 99,
    "who.uid": 33,
    "who.network_namespace": 5,
    "who.mount_namespace": 6,
    "who.name": b"nginx",
    "who.parent_name": b"systemd",
}
EXE = {"exe.length": 15, "exe.names": b"nginx\0sbin\0usr\0"}


def check_who(who):
    assert (who.key.pid, who.key.start) == (100, 1234)
    assert (who.cgroup, who.exe_inode, who.exe_device) == (77, 4242, 8 << 8 | 3)
    assert (who.parent_pid, who.uid, who.network_namespace, who.mount_namespace) == (99, 33, 5, 6)
    assert (who.name, who.parent_name) == ("nginx", "systemd")


def test_an_endpoint_as_c_lays_it_out(headers):
    key = {
        "key.address": bytes([0] * 10 + [255, 255, 192, 0, 2, 7]),
        "key.uid": 33,
        "key.network_namespace": 5,
        "key.port": 8443,
        "key.transport": 17,
        "key.role": 1,
        "key.peer_loopback": 1,
        "key.prompted": 1,
    }
    identity = {f"identity.{name}": value for name, value in {**key, **WHO, "socket_inode": 56}.items()}
    head = {f"endpoint.{name}": value for name, value in {"type": 1, "endpoint": 12, **identity}.items()}
    rest = {"cmdline_length": 8, "cmdline": b"nginx\0-g"}
    event = parse_network_event(laid_out(headers, "client_event", {**head, **EXE, **rest}))
    assert (event.endpoint, event.socket_inode) == (12, 56)
    assert (event.address, event.port, event.uid, event.network_namespace) == ("192.0.2.7", 8443, 33, 5)
    assert (event.udp, event.server, event.peer_loopback, event.midstream) == (True, True, True, False)
    assert event.prompted
    assert (event.exe, event.cmdline) == ("/usr/sbin/nginx", b"nginx\0-g")
    check_who(event.who)


def test_midstream_and_role_are_not_taken_for_one_another(headers):
    values = {"type": 1, "identity.key.transport": 6, "identity.key.midstream": 1}
    event = parse_network_event(laid_out(headers, "endpoint_event", values))
    assert (event.udp, event.server, event.peer_loopback, event.midstream) == (False, False, False, True)
    assert not event.prompted
    assert event.who is None


def test_an_endpoint_told_later_is_the_one_of_its_event(headers):
    key = {"key.address": bytes(range(16)), "key.port": 23, "key.transport": 6, "key.uid": 33}
    raw = laid_out(headers, "endpoint_identity", {**key, **WHO, "socket_inode": 56})
    assert len(raw) == kernel_records.ENDPOINT_IDENTITY_SIZE
    event = laid_out(headers, "endpoint_event", {"type": 1, "endpoint": 12})[: -len(raw)] + raw
    assert kernel_records.parse_endpoint_identity(12, raw) == parse_network_event(event)
    check_who(parse_network_event(event).who)


def test_a_control_group_as_c_lays_it_out(headers):
    values = {"type": 5, "cgroup": 77, "path.length": 23, "path.names": b"a.service\0system.slice\0"}
    event = parse_network_event(laid_out(headers, "cgroup_event", values))
    assert event == kernel_records.CgroupEvent(77, "/system.slice/a.service")
    cut = parse_network_event(laid_out(headers, "cgroup_event", {**values, "path.truncated": 1}))
    assert cut == kernel_records.CgroupEvent(77, "")


def test_a_segment_as_c_lays_it_out(headers):
    values = {
        "type": 2,
        "endpoint": 12,
        "time_ns": 34,
        "cookie": 56,
        "peer": bytes(range(16)),
        "peer_port": 5000,
        "local_port": 80,
        "network_namespace": 5,
        "offset": 7,
        "length": 2000,
        "captured": 5,
        "direction": 1,
        "flags": 3,
        "data": b"GET /never told",
    }
    event = parse_network_event(laid_out(headers, "segment_event", values))
    assert event == kernel_records.SegmentEvent(12, 34, 56, bytes(range(16)), 5000, 80, 7, 2000, True, 3, b"GET /")


def test_a_listener_as_c_lays_it_out(headers):
    values = {
        "type": 3,
        "time_ns": 34,
        "address": bytes(16),
        "network_namespace": 5,
        "port": 80,
        "socket_inode": 56,
        "cmdline_length": 6,
        "cmdline": b"nginx\0",
    }
    event = parse_network_event(laid_out(headers, "listen_event", {**values, **WHO, **EXE}))
    assert (event.listening, event.time_ns, event.address, event.port) == (True, 34, "::", 80)
    assert (event.network_namespace, event.socket_inode) == (5, 56)
    assert (event.exe, event.cmdline) == ("/usr/sbin/nginx", b"nginx\0")
    check_who(event.who)


def test_a_module_as_c_lays_it_out(headers):
    values = {
        "time_ns": 34,
        "inode": 4242,
        "module": 12,
        "device": 8 << 20 | 3,
        "mode": 0o100755,
        "uid": 33,
        "gid": 34,
        "flags": 1,
        "task_flags": 2,
        "path.length": 12,
        "path.truncated": 1,
        "path.names": b"libc.so\0lib\0",
    }
    event = parse_module_event(laid_out(headers, "module_event", {**values, **WHO}))
    assert (event.module, event.time_ns, event.device, event.inode) == (12, 34, 8 << 8 | 3, 4242)
    assert (event.mode, event.uid, event.gid, event.flags, event.task_flags) == (0o755, 33, 34, 1, 2)
    assert (event.path, event.truncated) == ("/lib/libc.so", True)
    check_who(event.who)


def test_a_script_as_c_lays_it_out(headers):
    values = {
        "time_ns": 34,
        "hashbang": 1,
        "cmdline_length": 9,
        "interpreter": b"dash",
        "filename": b"./job.sh",
        "directory.length": 8,
        "directory.names": b"app\0opt\0",
        "root.length": 5,
        "root.names": b"jail\0",
        "cmdline": b"sh\0job.sh",
    }
    data = laid_out(headers, "script_event", {**values, **WHO})
    event = script_records.parse_script_event(data)
    assert event.root == "/jail"
    sent = headers.offset("script_event", "directory.names") + 8
    assert script_records.parse_script_event(data[:sent]) == event._replace(root="/")
    with pytest.raises(ParseError):
        script_records.parse_script_event(data[: sent - 1])
    assert (event.time_ns, event.hashbang, event.interpreter) == (34, True, "dash")
    assert (event.filename, event.directory, event.cmdline) == ("./job.sh", "/opt/app", b"sh\0job.sh")
    check_who(event.who)


def test_a_task_as_c_lays_it_out(headers):
    numbers = struct.pack("<2I", 12, 13)
    modules = laid_out(headers, "module_block", {"type": 2, "count": 2, "modules": numbers})
    modules = modules[: headers.offset("module_block", "modules") + len(numbers)]
    task = laid_out(headers, "task_record", {"type": 1, "flags": 5, **WHO})
    unchanged = laid_out(headers, "unchanged_record", {"type": 3, "pid": 99})
    reader = TaskRecords()
    (record,) = reader.feed(unchanged + modules + task)
    assert (record.flags, record.modules, reader.unchanged) == (5, (12, 13), [99])
    check_who(record.who)
