"""Files of /proc as the manual pages describe them."""

import mmap
import os
from pathlib import Path

import pytest

from javert.errors import ParseError
from javert.formats.procfs import (
    Mapping,
    MemoryTraits,
    Placement,
    parse_cgroup,
    parse_executable_mappings,
    parse_interface_of,
    parse_local_ipv4,
    parse_local_ipv6,
    parse_personality,
    parse_stat,
    place_cgroup,
)

STAT = b"%s (%s) S 1 1 1 0 -1 %d 1 2 3 4 5 6 7 8 20 0 1 0 987654 1000 50 18446744073709551615 1 1"


# ---------------------------------------------------------------- stat


@pytest.mark.parametrize("name", [b"nginx", b"a b", b"(sd-pam)", b") S 0 0", b"a (b) c)", b"", b"tmux: server"])
def test_a_name_may_hold_anything(name):
    stat = parse_stat(STAT % (b"42", name, 4194560))
    assert (stat.pid, stat.name.encode(), stat.parent_pid, stat.start) == (42, name, 1, 987654)
    assert not stat.kernel_thread


def test_a_name_that_is_not_utf8_is_told_with_escapes():
    assert parse_stat(STAT % (b"42", b"\xff", 0)).name == r"\xff"


def test_a_kernel_thread_has_its_flag():
    assert parse_stat(STAT % (b"2", b"kthreadd", 2129984)).kernel_thread


@pytest.mark.parametrize(
    "data",
    [b"", b"42 nginx S 1", b"42 )nginx( S 1", b"x (nginx) S 1 1", b"42 (nginx) S 1 1 1 0 -1 0", b"42 (nginx)"],
)
def test_a_damaged_line_is_an_error(data):
    with pytest.raises(ParseError):
        parse_stat(data)


def test_this_process_is_itself():
    stat = parse_stat(Path("/proc/self/stat").read_bytes())
    assert (stat.pid, stat.parent_pid) == (os.getpid(), os.getppid())
    assert 0 < stat.start / os.sysconf("SC_CLK_TCK") <= float(Path("/proc/uptime").read_text().split()[0])


# ---------------------------------------------------------------- maps

LIBC = b"7f00-7f80 r-xp 00001000 fe:10 4242                       /usr/lib/libc.so.6\n"


def test_only_executable_mappings_of_files_count_and_each_once():
    data = (
        b"5500-5600 r--p 00000000 fe:10 4242                       /usr/lib/libc.so.6\n"
        + LIBC
        + LIBC
        + b"7f80-7f90 r-xp 00000000 00:00 0 \n"
        + b"7fff-8000 r-xp 00000000 00:00 0                          [vdso]\n"
    )
    mapping = Mapping("/usr/lib/libc.so.6", os.makedev(0xFE, 0x10), 4242, False)
    assert parse_executable_mappings(data) == ([mapping], MemoryTraits())


@pytest.mark.parametrize(("mode", "executable"), [(b"rw-p", False), (b"rwxp", True)])
def test_the_stack_is_executable_or_not(mode, executable):
    assert parse_executable_mappings(b"7ff0-7fff %s 00000000 00:00 0    [stack]\n" % mode) == (
        [],
        MemoryTraits(executable_stack=executable),
    )


def test_a_deleted_file_is_told_apart_from_its_name():
    (mapping,), _ = parse_executable_mappings(LIBC.replace(b"libc.so.6", b"libc.so.6 (deleted)"))
    assert (mapping.path, mapping.deleted) == ("/usr/lib/libc.so.6", True)


def test_two_files_of_one_name_are_two():
    found, _ = parse_executable_mappings(LIBC + LIBC.replace(b"4242", b"4243"))
    assert [mapping.inode for mapping in found] == [4242, 4243]


def test_large_device_numbers_are_told_as_stat_tells_them():
    (mapping,), _ = parse_executable_mappings(LIBC.replace(b"fe:10", b"103:12345"))
    assert mapping.device == os.makedev(0x103, 0x12345)


@pytest.mark.parametrize(
    "name", ["two words", "tab\there", "line\nfeed", "carriage\rreturn", r"back\101slash", "\udcff", "é"]
)
def test_the_kernel_s_own_line_gives_back_the_file_s_name(tmp_path, name):
    """The kernel escapes the line feed, and nothing else (seq_path(m, path, "\\n") in fs/proc/task_mmu.c)."""
    file = tmp_path / f"{name}.so"
    file.write_bytes(bytes(mmap.PAGESIZE))
    with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, prot=mmap.PROT_READ | mmap.PROT_EXEC):
        found, _ = parse_executable_mappings(Path("/proc/self/maps").read_bytes())
    status = file.stat()
    assert Mapping(str(file), status.st_dev, status.st_ino, False) in found


@pytest.mark.parametrize(
    "line", [b"7f00-7f80 r-xp 00001000 fe:10\n", b"x\n", b"\n", LIBC.replace(b"fe:10", b"fe10")]
)
def test_a_damaged_map_is_an_error(line):
    with pytest.raises(ParseError):
        parse_executable_mappings(LIBC + line)


# ---------------------------------------------------------------- cgroup

ID = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("path", "container", "unit"),
    [
        ("/", "", ""),
        ("/system.slice/nginx.service", "", "nginx.service"),
        ("/user.slice/user-0.slice/user@0.service/app.slice/x.service", "", "x.service"),
        ("/user.slice/user-0.slice/session-3.scope", "", "session-3.scope"),
        ("/system.slice/ssh.socket", "", "ssh.socket"),
        (f"/system.slice/docker-{ID}.scope", ID[:12], ""),
        (f"/docker/{ID}", ID[:12], ""),
        (f"/machine.slice/libpod-{ID}.scope/container", ID[:12], ""),
        (f"/kubepods.slice/kubepods-pod1.slice/cri-containerd-{ID}.scope", ID[:12], ""),
        (f"/kubepods/besteffort/pod1/crio-{ID}", ID[:12], ""),
        ("/lxc.payload.web/system.slice/nginx.service", "web", ""),
        ("/lxc/web/system.slice", "web", ""),
        ("/machine.slice/machine-web.scope", "web", ""),
        ("/system.slice/docker.service", "", "docker.service"),
        (f"/build/{ID[:40]}", "", ""),
        (f"/system.slice/web.service/libpod-payload-{ID}", ID[:12], "web.service"),
        (f"/machine.slice/libpod-conmon-{ID}.scope", "", f"libpod-conmon-{ID}.scope"),
        (
            f"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{ID}.scope",
            ID[:12],
            "user@1000.service",
        ),
        (f"/libpod_parent/libpod-{ID}", ID[:12], ""),
        (f"/machine.slice/machine-libpod_pod_{ID}.slice/libpod-{ID}.scope", ID[:12], ""),
        (f"/system.slice/nerdctl-{ID}.scope", ID[:12], ""),
        (
            f"/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:{ID}",
            ID[:12],
            "containerd.service",
        ),
        (f"/kubepods/burstable/pod1/{ID}", ID[:12], ""),
        (f"/docker/{ID}/docker/{'f' * 64}", ID[:12], ""),
        (f"/../../system.slice/docker-{ID}.scope", ID[:12], ""),
        ("/system.slice/lxc-net.service", "", "lxc-net.service"),
        ("/system.slice/lxc-monitord.service", "", "lxc-monitord.service"),
        ("/lxc.monitor.web", "", ""),
        ("/lxc/100/ns/system.slice/ssh.service", "100", ""),
        ("/lxc.payload.web/lxc.payload.inner", "web", ""),
        (r"/machine.slice/machine-my\x2dweb.scope", "my-web", ""),
        (r"/machine.slice/machine-lxc\x2d42\x2dmy\x2dweb.scope/libvirt", "my-web", ""),
        (r"/machine.slice/machine-qemu\x2d1\x2dguest.scope/libvirt", "", r"machine-qemu\x2d1\x2dguest.scope"),
        ("/machine.slice/systemd-nspawn@web.service/payload/system.slice/nginx.service", "web", ""),
        ("/system.slice/system-getty.slice/getty@tty1.service", "", "getty@tty1.service"),
        ("/user.slice/user-1000.slice/user@1000.service/app.slice/app-a@b.service", "", "app-a@b.service"),
        ("/user.slice/user-1000.slice/user@1000.service/init.scope", "", "init.scope"),
        ("/home/lxcfs", "", ""),
    ],
)
def test_a_group_names_its_container_or_its_unit(path, container, unit):
    assert place_cgroup(path) == Placement(container, unit)


def test_lines_of_both_versions_are_read_alike():
    text = f"12:pids:/docker/{ID}\n1:name=systemd:/docker/{ID}\n0::/\n"
    assert parse_cgroup(text) == Placement(ID[:12], "")
    assert parse_cgroup("0::/system.slice/nginx.service\n") == Placement("", "nginx.service")
    assert parse_cgroup("") == Placement("", "")


def test_a_colon_in_a_path_is_part_of_it():
    assert parse_cgroup("0::/system.slice/my:app.service\n").unit == "my:app.service"


# ---------------------------------------------------------------- addresses

FIB_TRIE = """Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     |-- 192.0.2.0
        /24 link UNICAST
Local:
  +-- 127.0.0.0/8 2 0 2
        |-- 127.0.0.0
           /8 host LOCAL
        |-- 127.0.0.1
           /32 host LOCAL
     |-- 192.0.2.7
        /32 host LOCAL
     |-- 192.0.2.255
        /32 link BROADCAST
Local:
     |-- 192.0.2.7
        /32 host LOCAL
"""


def test_a_host_s_own_ipv4_addresses_are_its_local_routes_to_one_address():
    assert parse_local_ipv4(FIB_TRIE) == ("127.0.0.1", "192.0.2.7")
    assert parse_local_ipv4("") == ()


def test_a_host_s_own_ipv6_addresses():
    text = (
        "00000000000000000000000000000001 01 80 10 80       lo\n"
        "20010db8000000000000000000000042 02 40 00 80     eth0\n"
    )
    assert parse_local_ipv6(text) == ("::1", "2001:db8::42")
    assert parse_interface_of(text, "2001:db8::42") == 2
    assert parse_interface_of(text, "fe80::1") == 0
    assert parse_local_ipv6("") == ()


@pytest.mark.parametrize("text", ["zz 01 80 10 80 lo\n", "0001 01\n"])
def test_a_damaged_list_of_addresses_is_an_error(text):
    with pytest.raises(ParseError):
        parse_local_ipv6(text)
    with pytest.raises(ParseError):
        parse_interface_of(text, "fe80::1")


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (b"7f00-7f10 rwxp 00000000 00:00 0 ", True),
        (b"7f00-7f10 rwxp 00000000 00:00 0 [anon:code cache]", True),
        (b"7f00-7f10 rwxp 00000000 00:00 0                          [heap]", True),
        (b"7f00-7f10 rwxp 00000000 00:00 0                          [stack]", False),
        (b"7f00-7f10 rw-p 00000000 00:00 0 ", False),
        (b"7f00-7f10 r-xp 00000000 00:00 0                          [vdso]", False),
        (b"7f00-7f10 rwxp 00000000 fd:00 4711                       /usr/bin/patched", False),
        (b"7f00-7f10 rwxs 00000000 00:01 4711                       /memfd:code (deleted)", False),
        (b"", False),
    ],
)
def test_memory_of_no_file_that_is_writable_and_executable(line, found):
    around = b"55d0-55d1 r--p 00000000 fd:00 1 /bin/x\n%s\n55d1-55d2 r-xp 00000000 fd:00 1 /bin/x\n"
    _, traits = parse_executable_mappings(around % line if line else b"")
    assert traits.code_memory is found


@pytest.mark.parametrize(("data", "found"), [(b"00000000\n", False), (b"00400000\n", True), (b"00440000\n", True)])
def test_the_personality_that_makes_all_memory_executable(data, found):
    assert parse_personality(data) is found


def test_a_damaged_personality_is_an_error():
    with pytest.raises(ParseError):
        parse_personality(b"none\n")
