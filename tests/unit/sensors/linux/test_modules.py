"""What walks over real processes tell: what /proc tells, whatever a process has mapped, and news of it alone."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from javert.errors import BpfUnavailableError
from javert.formats.kernel_records import TASK_BUSY, TaskRecords
from javert.formats.procfs import parse_executable_mappings
from javert.model.rule_id import RuleId
from javert.model.telemetry import Limitation, Module, Process
from javert.sensors.linux.clock import BootClock
from javert.sensors.linux.modules import BpfModuleSensor
from javert.sensors.linux.processes import ProcessTable

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to look into all processes"),
]

CHILD = """
import ctypes, mmap, os, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
FILES = sorted(os.listdir(sys.argv[1]))

def take(first, count, protection=mmap.PROT_READ | mmap.PROT_EXEC):
    for number in range(first, first + count):
        fd = os.open(f"{sys.argv[1]}/{FILES[number % len(FILES)]}", os.O_RDONLY)
        if libc.mmap(None, 4096, protection, mmap.MAP_PRIVATE, fd, 0) in (None, 2**64 - 1):
            raise OSError(ctypes.get_errno(), "mmap")
        os.close(fd)

for line in sys.stdin:
    exec(line)
    print("done", flush=True)
"""


class Child:
    """A process that does as it is told, a line of Python at a time."""

    def __init__(self, files: Path, **options: object) -> None:
        command = [sys.executable, "-S", "-c", CHILD, str(files)]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, **options)  # type: ignore[call-overload]
        self.pid = self.process.pid
        self.do("pass")

    def do(self, line: str) -> None:
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()

    def mapped(self) -> set[tuple[str, int, int]]:
        mappings, _stack = parse_executable_mappings(Path(f"/proc/{self.pid}/maps").read_bytes())
        return {(mapping.path, mapping.device, mapping.inode) for mapping in mappings}


@pytest.fixture(scope="module")
def files() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="javert-test-"))
    for number in range(7000):
        (made / f"{number:04}.so").write_bytes(b"x")
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def child(files) -> Iterator[Child]:
    made = Child(files)
    yield made
    made.end()


class Watch:
    def __init__(self, rules: tuple[RuleId, ...] = (RuleId.SOFTWARE_WITHOUT_DEP,)) -> None:
        self.records: list[object] = []
        self.sensor = BpfModuleSensor(ProcessTable(), BootClock(), rules, None)
        try:
            self.sensor.start(self.records.append)
        except BpfUnavailableError as error:
            pytest.skip(str(error))

    def told_of(self, pid: int) -> set[tuple[str, int, int]]:
        """What the sensor has told of a process when it is flushed."""
        self.sensor._book.flush(everything=True)
        return {
            (record.path, record.device, record.inode)
            for record in self.records
            if isinstance(record, Module) and any(key.pid == pid for key in record.processes)
        }

    def walk(self) -> TaskRecords:
        """Another walk; its records as the kernel wrote them."""
        made: list[TaskRecords] = []

        class Kept(TaskRecords):
            def __init__(self) -> None:
                super().__init__()
                made.append(self)
                self.tasks: list[object] = []

            def feed(self, chunk: bytes) -> list:
                found = super().feed(chunk)
                self.tasks += found
                return found

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("javert.sensors.linux.modules.TaskRecords", Kept)
            self.sensor._look_at_all()
        return made[0]


@pytest.fixture
def watch() -> Iterator[Watch]:
    made = Watch()
    yield made
    made.sensor.stop()


def test_a_process_that_did_nothing_is_told_by_its_number_alone(child, watch):
    assert watch.told_of(child.pid) == child.mapped()
    for _ in range(3):
        walk = watch.walk()
        assert child.pid in walk.unchanged
        assert watch.told_of(child.pid) == child.mapped()


@pytest.mark.parametrize(
    "change",
    [
        "take(0, 1)",
        "take(0, 1); take(1, 1); take(0, 1)",
        "take(0, 3, mmap.PROT_READ); take(3, 1)",
        "m = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC); take(7, 2)",
    ],
)
def test_what_a_process_maps_later_is_told_by_the_next_walk(child, watch, change):
    watch.walk()
    child.do(change)
    walk = watch.walk()
    assert child.pid not in walk.unchanged
    assert watch.told_of(child.pid) == child.mapped()
    assert child.pid in watch.walk().unchanged


def test_what_execve_makes_of_a_process_is_told(child, watch):
    watch.walk()
    child.process.stdin.write("os.execv('/bin/sleep', ['sleep', '60'])\n")
    child.process.stdin.flush()
    while "libc" not in Path(f"/proc/{child.pid}/maps").read_text() or "python" in os.readlink(
        f"/proc/{child.pid}/exe"
    ):
        pass
    assert child.pid not in watch.walk().unchanged
    assert any(path.endswith("/sleep") for path, *_ in watch.told_of(child.pid))


def test_who_becomes_somebody_else_is_told_again(child, watch):
    watch.walk()
    child.do("os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534)")
    walk = watch.walk()
    assert child.pid not in walk.unchanged
    users = {record.root for record in watch.records if isinstance(record, Process) and record.key.pid == child.pid}
    assert users == {True, False}


@pytest.mark.parametrize("count", [40, 200, 1024, 1100, 2000])
def test_as_many_files_as_a_process_likes(child, watch, count):
    """Past a block of numbers, and past the nodes that are read straight from the kernel's tree."""
    child.do(f"take(0, {count})")
    walk = watch.walk()
    (task,) = (task for task in walk.tasks if task.who.key.pid == child.pid)
    assert not task.flags & TASK_BUSY
    assert watch.told_of(child.pid) == child.mapped()
    assert len(child.mapped()) > count


@pytest.mark.parametrize("command", ["take(0, 7000)", "FILES[2:] = []; take(0, 20000)"])
def test_who_maps_more_than_a_walk_has_room_for_is_looked_up_in_proc(child, watch, command):
    """Nobody may blind a walk by mapping thousands of files, or two of them in turns, thousands of times."""
    child.do(command)
    walk = watch.walk()
    (task,) = (task for task in walk.tasks if task.who.key.pid == child.pid)
    assert task.flags & TASK_BUSY
    assert watch.told_of(child.pid) == child.mapped()
    assert not any(isinstance(record, Limitation) for record in watch.records)


def test_a_walk_tells_when_a_module_was_last_seen(child, watch):
    watch.sensor.stop()
    last = {record.path: record for record in watch.records if isinstance(record, Module)}
    (program,) = {path for path, _device, inode in child.mapped() if inode == os.stat(sys.executable).st_ino}
    assert last[program].last_seen > last[program].first_seen


def test_the_stack_of_a_process_that_made_it_executable_is_told(child, watch):
    watch.walk()
    child.do(
        "at, end = next(map(lambda n: int(n, 16), line.split()[0].split('-')) for line in open('/proc/self/maps')"
        " if '[stack]' in line);"
        "assert libc.mprotect(ctypes.c_void_p(at), ctypes.c_size_t(end - at), 7) == 0"
    )
    watch.walk()
    told = [
        record.executable_stack
        for record in watch.records
        if isinstance(record, Process) and record.key.pid == child.pid
    ]
    assert (told[0], told[-1]) == (False, True)


OVERLAY = """
mount -t tmpfs none "$1" && cd "$1" && mkdir lower upper work merged && cp /bin/sleep lower/sleeper &&
mount -t overlay none -o lowerdir=lower,upperdir=upper,workdir=work merged && exec merged/sleeper 300
"""


def test_a_file_on_an_overlay_has_the_path_and_the_number_that_the_process_knows(watch, tmp_path):
    """As files of containers have. What lies in the layer below has another path, and none in the container."""
    command = ["unshare", "--mount", "sh", "-c", OVERLAY, "sh", str(tmp_path)]
    process = subprocess.Popen(command)
    try:
        while not os.readlink(f"/proc/{process.pid}/exe").endswith("/merged/sleeper"):
            assert process.poll() is None
        mappings, _stack = parse_executable_mappings(Path(f"/proc/{process.pid}/maps").read_bytes())
        for _ in range(2):
            watch.walk()
            told = watch.told_of(process.pid)
            assert {(each.path, each.device, each.inode) for each in mappings} <= told
            assert [path for path, *_ in told if path.endswith("sleeper")] == [f"{tmp_path}/merged/sleeper"]
        modules = [record for record in watch.records if isinstance(record, Module)]
        assert {record.deleted for record in modules if record.path == f"{tmp_path}/merged/sleeper"} == {False}
    finally:
        process.kill()
        process.wait()


GIVES_ROOT_UP = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>
extern int needed(void);
int main(int count, char **words)
{
	if (needed() || setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
		return 1;
	if (!dlopen(words[1], RTLD_NOW))
		return 2;
	write(1, "done", 5);
	sleep(atoi(words[2]));
	return 0;
}
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory to which every user gets."""
    made = Path(tempfile.mkdtemp(prefix="javert-test-", dir="/opt"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.mark.parametrize("lives", [True, False])
def test_who_gives_root_up_counts_for_what_was_mapped_before_and_not_for_more(place, lives):
    """Through a library that the program needs and one that this needs; a plugin is opened as another user."""
    libraries = {"deep": "int deep(void) { return 0; }", "plugin": "int plugin;"}
    libraries["needed"] = "extern int deep(void); int needed(void) { return deep(); }"
    for name, text in libraries.items():
        links = ["-ldeep"] if name == "needed" else []
        command = ["gcc", "-shared", "-fPIC", "-x", "c", "-", "-o", f"lib{name}.so.1.2"]
        command.append(f"-Wl,-soname,lib{name}.so.1")
        subprocess.run([*command, "-L.", "-Wl,-rpath,$ORIGIN", *links], input=text.encode(), cwd=place, check=True)
        for link in (f"lib{name}.so.1", f"lib{name}.so"):
            (place / link).symlink_to(f"lib{name}.so.1.2")
    command = ["gcc", "-x", "c", "-", "-o", "daemon", "-L.", "-lneeded", "-Wl,-rpath,$ORIGIN,-rpath-link,."]
    subprocess.run(command, input=GIVES_ROOT_UP.encode(), cwd=place, check=True)
    watch = Watch((RuleId.ROOT_PROCESS_INSECURE_PERMISSIONS,))
    pipe = subprocess.PIPE
    words = [place / "daemon", place / "libplugin.so.1", "300" if lives else "0"]
    with subprocess.Popen(words, stdout=pipe) as process:
        assert process.stdout.read(4) == b"done"
        if not lives:
            process.wait()
        watch.sensor.stop()
        process.kill()
    modules = {record.path: record for record in watch.records if isinstance(record, Module) and record.path}
    mine = {path: module for path, module in modules.items() if path.startswith(f"{place}/")}
    assert {path.rpartition("/")[2] for path, module in mine.items() if module.root_processes and module.way} == {
        *("daemon", "libneeded.so.1.2", "libdeep.so.1.2"),
    }
    assert f"{place}/libplugin.so.1.2" in mine
    assert {key.pid for key in mine[f"{place}/daemon"].root_processes} == {process.pid}


def of_root(watch: Watch) -> set[str]:
    """Paths of what processes had mapped as root, when the sensor has stopped."""
    watch.sensor.stop()
    return {record.path for record in watch.records if isinstance(record, Module) and record.root_processes}


@pytest.fixture
def library(place) -> Path:
    source = b"int planted(void) { return 42; }"
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-x", "c", "-", "-o", place / "library.so"], input=source, check=True
    )
    return place / "library.so"


OPENS_AND_CLOSES = """
import _ctypes, ctypes, sys
library = ctypes.CDLL(sys.argv[1])
assert library.planted() == 42
_ctypes.dlclose(library._handle)
assert "library.so" not in open("/proc/self/maps").read()
"""


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="told apart on x86-64 alone")
@pytest.mark.parametrize("cached", [True, False])
def test_a_library_that_is_opened_and_closed_again_between_two_walks(watch, library, cached):
    """As PAM does it. Its pages may be in memory, or have to be read when its code is run."""
    if not cached:
        with library.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    subprocess.run([sys.executable, "-c", OPENS_AND_CLOSES, library], check=True)
    assert str(library) in of_root(watch)
    assert not [r for r in watch.records if isinstance(r, Limitation) and r.code == "modules-closed-unseen"]


def test_a_file_is_told_by_each_name_by_which_root_runs_it(watch, place):
    """One that only root can change may have another name where others can: a hard link, or another mount."""
    shutil.copy("/bin/true", place / "program")
    (place / "linked").mkdir()
    os.link(place / "program", place / "linked" / "program")
    (place / "bound").mkdir()
    subprocess.run(["mount", "--bind", place / "linked", place / "bound"], check=True)
    names = {str(place / name / "program") for name in ("", "linked", "bound")}
    try:
        for name in names:
            subprocess.run([name], check=True)
        assert names <= of_root(watch)
    finally:
        subprocess.run(["umount", place / "bound"], check=True)


WITHOUT_ITS_FIRST_THREAD = """
import ctypes, os, sys, threading, _ctypes
def go():
    for line in sys.stdin:
        exec(line)
        print("done", flush=True)
threading.Thread(target=go).start()
ctypes.CDLL(None).syscall({"x86_64": 60, "aarch64": 93}[os.uname().machine], 0)
"""


@pytest.mark.parametrize("ends", [True, False])
def test_a_process_goes_on_after_its_first_thread_has_ended(watch, place, ends):
    """/proc/PID/maps is empty then; what the others map is told by the next walk, or at their end."""
    (place / "late.so").write_bytes(b"x")
    pipe = subprocess.PIPE
    command = [sys.executable, "-S", "-c", WITHOUT_ITS_FIRST_THREAD]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        while Path(f"/proc/{process.pid}/maps").read_bytes():
            assert process.poll() is None
        late = f"import mmap; kept = mmap.mmap(os.open('{place}/late.so', os.O_RDONLY), 1, mmap.MAP_PRIVATE, 5)"
        for line in (late, *(["os._exit(0)"] if ends else [])):
            process.stdin.write(line + "\n")
            process.stdin.flush()
            assert process.stdout.readline() == ("" if "_exit" in line else "done\n")
        if ends:
            process.wait()
        try:
            assert str(place / "late.so") in of_root(watch)
        finally:
            process.kill()


@pytest.mark.serial  # it fills the table of all who watch from now on
def test_users_who_map_all_they_can_leave_room_for_what_root_maps(watch, files, place):
    """Seven thousand files by ten names each are more than the table of modules has room for."""
    mounted = [place / str(number) for number in range(10)]
    children = []
    try:
        for directory in mounted:
            directory.mkdir()
            subprocess.run(["mount", "--bind", files, directory], check=True)
            for first in range(0, 7000, 2500):
                children.append(Child(directory))
                children[-1].do("os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534)")
                children[-1].do(f"take({first}, 2500)")
                watch.walk()
        shutil.copy("/bin/true", place / "program")
        subprocess.run([place / "program"], check=True)
        assert str(place / "program") in of_root(watch)
        assert watch.sensor.report().lost == 0
    finally:
        for child in children:
            child.end()
        for directory in mounted:
            subprocess.run(["umount", directory], check=False)
