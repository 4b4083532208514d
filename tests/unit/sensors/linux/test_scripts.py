"""Scripts of real root processes: long-lived, of a moment, by every way of starting one, and what is none."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from javert.errors import BpfUnavailableError
from javert.formats.script_records import Script
from javert.model.telemetry import LibrarySearch, Limitation, Module, ModuleKind, PathNode, Process, ProcessKey
from javert.sensors.linux.clock import BootClock
from javert.sensors.linux.processes import ProcessTable
from javert.sensors.linux.scripts import BpfScriptSensor, PollingScriptSensor, ScriptBook

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be seen as a root process"),
]
OWN_NAMESPACE = os.stat("/proc/self/ns/mnt").st_ino


@pytest.fixture
def place() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="javert-test-"))
    yield made
    shutil.rmtree(made)


@pytest.fixture
def script(place) -> Path:
    file = place / "job.sh"
    file.write_text("#!/bin/sh -e\nexit 0\n")
    file.chmod(0o755)
    return file


class Watch:
    """A sensor that runs, and what it emitted."""

    def __init__(self, sensor):
        self.records = []
        self.sensor = sensor
        try:
            sensor.start(self.records.append)
        except BpfUnavailableError as error:
            pytest.skip(str(error))

    def scripts(self, place: Path) -> dict[str, Module]:
        """Scripts below ``place`` when the sensor has stopped."""
        self.sensor.stop()
        return {
            record.path: record
            for record in self.records
            if isinstance(record, Module) and record.path.startswith(f"{place}/")
        }


@pytest.fixture
def kernel():
    watch = Watch(BpfScriptSensor(ProcessTable(), BootClock()))
    yield watch
    watch.sensor.stop()


def test_a_script_of_a_moment_is_seen_with_the_way_to_it(kernel, place, script):
    subprocess.run([script], check=True)
    (module,) = kernel.scripts(place).values()
    assert (module.path, module.kind, module.deleted) == (str(script), ModuleKind.SCRIPT, False)
    assert (module.device, module.inode) == (script.stat().st_dev, script.stat().st_ino)
    assert module.way == ("/", *map(str, reversed(script.parents[:-1])), str(script))
    nodes = {record.path for record in kernel.records if isinstance(record, PathNode)}
    assert set(module.way) <= nodes
    (process,) = module.root_processes
    assert process in {record.key for record in kernel.records if isinstance(record, Process) and record.root}


@pytest.mark.parametrize(
    "command",
    [
        ["./job.sh"],
        ["sh", "job.sh", "argument"],
        ["bash", "--norc", "../{name}/job.sh"],
        ["dash", "-e", "{place}/job.sh"],
        ["env", "-i", "./job.sh"],
        ["sh", "-c", "exec ./job.sh"],
        ["bash", "-euo", "pipefail", "job.sh"],
    ],
)
def test_every_way_to_start_it(kernel, place, script, command):
    command = [word.format(place=place, name=place.name) for word in command]
    subprocess.run(command, cwd=place, check=True)
    assert list(kernel.scripts(place)) == [str(script)]


@pytest.mark.parametrize(
    "command", [["sh", "-c", "true", "job.sh"], ["cat", "job.sh"], ["sh", "-s"], ["python3", "-c", "0", "job.sh"]]
)
def test_what_runs_no_script(kernel, place, script, command):
    subprocess.run(command, cwd=place, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    assert kernel.scripts(place) == {}


def test_scripts_behind_one_and_the_same_first_argument(kernel, place, script):
    """The kernel tells a start once; busybox takes the script after the name of its shell."""
    shutil.copy("/bin/true", place / "busybox")
    shutil.copy(script, place / "other.sh")
    for name in ("job.sh", "other.sh"):
        subprocess.run([place / "busybox", "sh", name], cwd=place, check=True)
    assert set(kernel.scripts(place)) == {f"{place}/job.sh", f"{place}/other.sh"}


def test_scripts_of_one_name_on_two_file_systems(kernel, place, script):
    """Both root directories have the same inode number."""
    mounted = [place / "first", place / "second"]
    try:
        for directory in mounted:
            directory.mkdir()
            subprocess.run(["mount", "-t", "tmpfs", "javert-test", directory], check=True)
            shutil.copy(script, directory)
            subprocess.run(["sh", "job.sh"], cwd=directory, check=True)
        assert len({directory.stat().st_ino for directory in mounted}) == 1
        assert set(kernel.scripts(place)) == {f"{directory}/job.sh" for directory in mounted}
    finally:
        for directory in mounted:
            subprocess.run(["umount", directory], check=False)


def test_a_script_that_is_the_interpreter_of_a_script(kernel, place, script):
    outer = place / "outer"
    outer.write_text(f"#!{script}\n")
    outer.chmod(0o755)
    subprocess.run([outer], check=True)
    assert set(kernel.scripts(place)) == {str(outer), str(script)}


@pytest.mark.serial  # all who watch count it
def test_a_script_run_by_the_number_of_an_open_file_is_counted_as_lost(kernel, script):
    with script.open("rb") as file:
        os.set_inheritable(file.fileno(), True)
        pid = os.fork()
        if pid == 0:
            os.execve(file.fileno(), ["job"], {})
        os.waitpid(pid, 0)
    kernel.sensor.stop()
    assert kernel.sensor.report().lost == 1


def test_a_directory_given_to_python(kernel, place):
    (place / "__main__.py").write_text("")
    subprocess.run(["python3", place], check=True)
    assert set(kernel.scripts(place)) == {f"{place}/__main__.py"}


@pytest.fixture
def jail(place):
    """A directory with what it takes to run a shell in it."""
    for path in ("/bin/dash", "/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2"):
        (place / path[1:]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place / path[1:])
    return place


def wait_until_it_reads(process: subprocess.Popen, name: str) -> None:
    """Until then execve(2) may be under way, in which the kernel has yet to tell of the program."""
    names: list[str] = []
    while name not in names:
        assert process.poll() is None
        names = []
        for entry in Path(f"/proc/{process.pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                names.append(entry.readlink().name)


@pytest.mark.parametrize("command", [["/bin/dash", "/app/job.sh"], ["/app/job.sh"]])
def test_a_script_below_another_root_directory(kernel, jail, command):
    """Its links lead to files there, and never to those of the host."""
    (jail / "data").mkdir()
    (jail / "data" / "job.sh").write_text("#!/bin/dash\n")
    (jail / "data" / "job.sh").chmod(0o755)
    (jail / "app").symlink_to("/data/../../../data")
    subprocess.run(["chroot", jail, *command], check=True)
    (module,) = kernel.scripts(jail).values()
    assert module.path == f"{jail}/data/job.sh"
    assert f"{jail}/app" in module.way
    assert "/app" not in module.way


@pytest.mark.parametrize("sensor", ["kernel", "polling"])
def test_a_script_below_another_root_directory_that_ran_before(jail, sensor):
    (jail / "job.sh").write_text("read line\n")
    table = ProcessTable()
    process = subprocess.Popen(["chroot", jail, "/bin/dash", "/job.sh"], stdin=subprocess.PIPE)
    try:
        wait_until_it_reads(process, "job.sh")
        watch = Watch(BpfScriptSensor(table, BootClock()) if sensor == "kernel" else PollingScriptSensor(table))
        assert set(watch.scripts(jail)) == {f"{jail}/job.sh"}
    finally:
        process.kill()
        process.communicate()


CONTAINER = """
mount --bind "$1" "$1" && cd "$1" && mkdir -p host && pivot_root . host && exec /bin/dash /app
"""


@pytest.mark.parametrize("sensor", ["kernel", "polling"])
def test_an_absolute_link_of_a_container_leads_to_its_own_files(jail, sensor):
    """On the host nothing is where the link leads to."""
    (jail / "only-here.sh").write_text("read line\n")
    (jail / "app").symlink_to("/only-here.sh")
    table = ProcessTable()
    watch = Watch(BpfScriptSensor(table, BootClock()) if sensor == "kernel" else PollingScriptSensor(table))
    command = ["unshare", "--mount", "sh", "-c", CONTAINER, "sh", jail]
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    try:
        wait_until_it_reads(process, "only-here.sh")
        watch.sensor.stop()
        modules = [r for r in watch.records if isinstance(r, Module) and r.path == "/only-here.sh"]
        assert {module.way for module in modules} == {("/", "/app", "/only-here.sh")}
        assert {module.mount_namespace for module in modules} != {OWN_NAMESPACE}
    finally:
        process.kill()
        process.communicate()


def test_a_device_is_no_script(kernel):
    subprocess.run(["sh", "/dev/null"], check=True)
    kernel.sensor.stop()
    assert not [record for record in kernel.records if isinstance(record, Module) and record.path == "/dev/null"]


def test_a_link_to_the_script_is_on_the_way(kernel, place, script):
    (place / "link").symlink_to("job.sh")
    subprocess.run([place / "link"], check=True)
    (module,) = kernel.scripts(place).values()
    assert module.path == str(script)
    assert module.way[-2:] == (f"{place}/link", str(script))


@pytest.mark.parametrize(("option", "told"), [("", True), (" -I", False)])
def test_where_a_script_of_python_imports_from_is_looked_at(kernel, place, option, told):
    script = place / "job.py"
    script.write_text(f"#!/usr/bin/python3{option}\n")
    script.chmod(0o755)
    (place / "link.py").symlink_to("job.py")
    for command in ([script], [place / "link.py"], ["python3", *option.split(), "job.py"]):
        subprocess.run(command, cwd=place, check=True)
    assert set(kernel.scripts(place)) == {str(script)}
    searches = [
        record for record in kernel.records if isinstance(record, LibrarySearch) and record.path == str(script)
    ]
    assert len(searches) == told
    for search in searches:
        (file,) = search.files
        assert (file.path, file.by, file.way[-1]) == (f"{place}/*.py", "python-path", f"{place}/*.py")


def test_scripts_of_other_users_are_not_told(kernel, place, script):
    place.chmod(0o755)
    subprocess.run([script], user=65534, group=65534, extra_groups=[], check=True)
    assert kernel.scripts(place) == {}


def test_a_script_that_is_gone_was_there(kernel, place):
    script = place / "once.sh"
    script.write_text('#!/bin/sh\nrm "$0"\n')
    script.chmod(0o755)
    subprocess.run([script], check=True)
    (module,) = kernel.scripts(place).values()
    assert module.deleted
    assert module.way[-1] == str(script)


def test_many_starts_of_one_script_are_told_once(kernel, place, script):
    for _ in range(20):
        subprocess.run(["sh", script], check=True)
    kernel.sensor.poll()
    (module,) = kernel.scripts(place).values()
    assert len(module.processes) == 1
    assert kernel.sensor.report().lost == 0


@pytest.mark.parametrize(
    "make", [lambda: BpfScriptSensor(ProcessTable(), BootClock()), lambda: PollingScriptSensor(ProcessTable())]
)
def test_what_ran_before_is_seen_too(place, script, make):
    script.write_text("#!/bin/sh\nread line\n")
    process = subprocess.Popen(["/bin/sh", "job.sh"], cwd=place, stdin=subprocess.PIPE)
    while b"job.sh" not in Path(f"/proc/{process.pid}/cmdline").read_bytes():
        time.sleep(0.01)
    try:
        (module,) = Watch(make()).scripts(place).values()
    finally:
        process.kill()
        process.communicate()
    assert module.path == str(script)
    assert [key.pid for key in module.root_processes] == [process.pid]


def start(*command: str) -> None:
    """As fast as it goes: several thousand programs in the seconds between two looks at the ring."""
    pid = os.posix_spawnp(command[0], command, {"PATH": "/usr/bin:/bin"})
    assert os.waitpid(pid, 0)[1] == 0


@pytest.mark.serial
@pytest.mark.parametrize("command", [["true"], ["sh", "-c", ": {number}"], ["sh", "{script}", "{number}"]])
def test_other_starts_take_no_room_from_scripts(kernel, place, script, command):
    """A build on the host starts thousands of programs between two looks at the ring."""
    shutil.copy(script, place / "last.sh")
    for number in range(2500):
        start(*(word.format(script=script, number=number) for word in command))
    start("sh", f"{place}/last.sh")
    assert f"{place}/last.sh" in kernel.scripts(place)
    assert kernel.sensor.report().lost == 0


@pytest.mark.serial  # it fills the rings of all who watch
def test_what_finds_no_room_is_counted(kernel, place, script):
    """8 MiB, of which each takes about a kilobyte."""
    for number in range(9500):
        start("sh", "-e", str(script), str(number))
    assert kernel.scripts(place)
    assert kernel.sensor.report().lost > 0


def test_a_script_in_a_namespace_of_a_moment_is_not_forgotten(kernel, place, script):
    subprocess.run(["unshare", "--mount", "sh", script], check=True)
    kernel.sensor.stop()
    (limit,) = [r for r in kernel.records if isinstance(r, Limitation) and r.code == "root-scripts-gone"]
    assert int(limit.params["count"]) >= 1


def test_an_argument_that_names_no_file_goes_nowhere(kernel, place):
    """A guess at the command line may hit a password; only files that exist are ever told."""
    subprocess.run(["sh", "hunter2-the-password"], cwd=place, stderr=subprocess.DEVNULL, check=False)
    kernel.sensor.stop()
    assert not any("hunter2" in repr(record) for record in kernel.records)


def test_javert_itself_is_left_out(script):
    records = []
    book = ScriptBook(records.append)
    book.add(OWN_NAMESPACE, Script((str(script),), certain=True), ProcessKey(os.getpid(), 1), 5.0)
    book.flush(everything=True)
    assert records == []


def test_a_script_in_a_namespace_that_is_gone_has_no_way():
    records = []
    book = ScriptBook(records.append)
    gone = ProcessKey(4194304, 1)
    assert book.add(OWN_NAMESPACE + 1, Script(("/job.sh",), certain=True), gone, 5.0)
    assert not book.add(OWN_NAMESPACE + 1, Script(("/other.sh",), certain=False), gone, 5.0)
    book.flush()
    (module,) = records
    assert (module.path, module.way, module.deleted) == ("/job.sh", (), False)
    assert not any(isinstance(record, Limitation) for record in records)
