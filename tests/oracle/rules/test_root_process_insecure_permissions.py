"""The rule on this machine: every file that its root processes map as code, and faults planted one by one."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from javert.model.assessment import Outcome
from javert.model.rule_id import RuleId
from javert.model.telemetry import (
    Host,
    Module,
    Process,
    ProcessKey,
    RunEnded,
    RunStarted,
)
from javert.model.view import Telemetry, assemble
from javert.rules.root_process_insecure_permissions import RULE
from javert.sensors.linux.permissions import PathWalker
from javert.sensors.linux.principals import principals

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to see the maps of root's processes"),
]


def mapped_executable(pid: int) -> set[tuple[str, int, int, bool]]:
    """(path, device, inode, deleted) of what a process of this mount namespace maps executable."""
    found = set()
    for line in Path(f"/proc/{pid}/maps").read_text(errors="surrogateescape").splitlines():
        _range, permissions, _offset, device, inode, *path = line.split(None, 5)
        if "x" in permissions and path and path[0].startswith("/"):
            major, minor = (int(part, 16) for part in device.split(":"))
            gone = path[0].endswith(" (deleted)")
            found.add((path[0].removesuffix(" (deleted)"), os.makedev(major, minor), int(inode), gone))
    return found


def observe(pids: list[int]) -> Telemetry:
    """What the sensors would record of these processes, which share this mount namespace."""
    records = [
        RunStarted(
            run_id="test",
            javert_version="0",
            started_at=0.0,
            planned_s=1.0,
            host=Host(hostname="h", os="linux", kernel="6", architecture="x86_64"),
            rules=(RuleId.ROOT_PROCESS_INSECURE_PERMISSIONS,),
        )
    ]
    walker = PathWalker(records.append)
    modules: dict[tuple[str, int, int, bool], list[ProcessKey]] = {}
    for pid in pids:
        key = ProcessKey(pid, 0)
        try:
            mapped = mapped_executable(pid)
            name = Path(f"/proc/{pid}/comm").read_text().strip()
        except OSError:
            continue
        records.append(Process(key=key, name=name, uid=0, root=True))
        for module in mapped:
            modules.setdefault(module, []).append(key)
    for (path, device, inode, deleted), keys in modules.items():
        way = walker.walk(mount_namespace=1, root="/", path=path)
        records.append(
            Module(
                path=path,
                device=device,
                inode=inode,
                mount_namespace=1,
                root_processes=tuple(keys),
                way=way,
                deleted=deleted,
            )
        )
    records += [principals(uids=walker.uids, gids=walker.gids), RunEnded(ended_at=1.0)]
    return assemble(records)


def root_processes() -> list[int]:
    mine = Path("/proc/self/ns/mnt").stat().st_ino
    pids = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                if (entry / "ns/mnt").stat().st_ino == mine and entry.stat().st_uid == 0:
                    pids.append(int(entry.name))
            except OSError:
                continue
    return pids


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory of root's, to which only directories of root's lead (pytest's own lie under /tmp)."""
    made = Path(tempfile.mkdtemp(prefix="javert-test-", dir="/opt"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def sleeper(place) -> Iterator[tuple[Path, int]]:
    """A root process whose program is a copy of sleep."""
    program = place / "bin" / "sleeper"
    program.parent.mkdir(mode=0o755)
    shutil.copy("/bin/sleep", program)
    program.chmod(0o755)
    process = subprocess.Popen([program, "300"])
    while not any("libc.so" in path for path, *_ in mapped_executable(process.pid)):
        assert process.poll() is None
    yield program, process.pid
    process.kill()
    process.wait()


def test_what_debian_installs_is_not_reported():
    """Every finding on this machine must be a file that somebody else owns or may write, and none of Debian's."""
    telemetry = observe(root_processes())
    verdict = RULE.evaluate(telemetry)
    assert verdict.coverage["root_processes"] > 3
    assert verdict.coverage["modules_judged"] >= 10
    owned = subprocess.run(
        ["dpkg", "-S", *(finding.attributes.path for finding in verdict.findings), "/bin/sh"],
        capture_output=True,
        text=True,
        check=False,
    )
    debians = {line.partition(": ")[2] for line in owned.stdout.splitlines()}
    assert [finding.attributes.path for finding in verdict.findings if finding.attributes.path in debians] == []
    for finding in verdict.findings:
        assert all(anybody_else_may(Path(way.path)) for way in finding.attributes.ways), finding


def anybody_else_may(path: Path) -> bool:
    """Whether there is a reason to suspect it; other tests plant faults meanwhile, and remove them."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return True
    return status.st_uid != 0 or bool(status.st_mode & 0o022)


def test_a_root_daemon_as_installed_is_clear(sleeper):
    _program, pid = sleeper
    verdict = RULE.evaluate(observe([pid]))
    assert (verdict.outcome, verdict.findings, verdict.exclusions) == (Outcome.CLEAR, (), ())
    assert verdict.coverage["modules_judged"] >= 3  # the program, the loader, the C library


@pytest.mark.parametrize(
    ("fault", "at", "reason", "principals_", "fix"),
    [
        ("chown nobody {}", "sleeper", "owner", ("user:nobody",), "chown root {}"),
        ("chmod o+w {}", "sleeper", "mode-other", ("others",), "chmod o-w {}"),
        ("chgrp nogroup {0}; chmod g+w {0}", "sleeper", "mode-group", ("group:nogroup",), "chmod g-w {}"),
        ("setfacl -m u:www-data:rwx {}", "sleeper", "acl", ("user:www-data",), "setfacl -n -m u:www-data:r-x {}"),
        ("setfacl -m g:mail:rw {}", "sleeper", "acl", ("group:mail",), "setfacl -n -m g:mail:r-- {}"),
        ("chown nobody {}", "", "directory", ("user:nobody",), "chown root {}"),
        ("chmod o+w {}", "", "directory", ("others",), "chmod o-w {}"),
        ("setfacl -m u:www-data:rwx {}", "", "directory", ("user:www-data",), "setfacl -n -m u:www-data:r-x {}"),
    ],
)
def test_each_fault_is_found_and_its_command_ends_it(sleeper, fault, at, reason, principals_, fix):
    program, pid = sleeper
    place = str(program.parent / at if at else program.parent)
    subprocess.run(["sh", "-c", fault.format(place)], check=True)
    (finding,) = RULE.evaluate(observe([pid])).findings
    assert finding.identity == ("", str(program))
    (way,) = finding.attributes.ways
    assert (way.path, way.reason, way.principals, way.fix) == (place, reason, principals_, fix.format(place))
    subprocess.run(["sh", "-c", way.fix], check=True)
    assert RULE.evaluate(observe([pid])).outcome is Outcome.CLEAR


@pytest.mark.parametrize(
    "harmless",
    [
        "chgrp 61234 {0}; chmod g+w {0}",  # a group that nobody is in
        "setfacl -m u:www-data:rwx,m::r-x {0}",  # the mask takes the write permission away
        "setfacl -m u:root:rwx {0}",
        "chown nobody {0}; chmod 700 $(dirname {0})",  # nobody cannot get there
        "chmod o+w {0}; chmod 700 $(dirname {0})",
        "chmod 1755 $(dirname {0})",
    ],
)
def test_near_misses_are_not_found(sleeper, harmless):
    program, pid = sleeper
    subprocess.run(["sh", "-c", harmless.format(program)], check=True)
    assert RULE.evaluate(observe([pid])).outcome is Outcome.CLEAR


def test_a_group_counts_once_a_running_process_holds_it(sleeper):
    program, pid = sleeper
    subprocess.run(["sh", "-c", f"chgrp 54321 {program}; chmod g+w {program}"], check=True)
    assert RULE.evaluate(observe([pid])).outcome is Outcome.CLEAR
    service = subprocess.Popen(["sleep", "300"], user=54322, group=54322, extra_groups=[54321])
    try:
        (finding,) = RULE.evaluate(observe([pid])).findings
    finally:
        service.kill()
        service.wait()
    assert [way.principals for way in finding.attributes.ways] == [("group:54321",)]


def test_a_program_replaced_while_it_runs_is_judged_by_what_is_there_now(sleeper):
    program, pid = sleeper
    program.unlink()
    assert RULE.evaluate(observe([pid])).outcome is Outcome.CLEAR
    program.write_text("another")
    os.chown(program, 65534, 65534)
    (finding,) = RULE.evaluate(observe([pid])).findings
    assert finding.text == "root-process-insecure-permissions.deleted"
    assert finding.attributes.deleted
    assert [way.principals for way in finding.attributes.ways] == [("user:nobody",)]
