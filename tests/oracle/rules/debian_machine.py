"""A Debian system that runs beside this one, in namespaces of its own, and may be changed as one likes.

Its files are an overlay over what ``tests.debian_root`` made, with all changes in memory; processes, network, host
name and mounts are its own. It ends with its first process, and that with the test, however this one ends.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from javert.model.rule_id import RuleId
from javert.model.telemetry import AnyRecord, Host, Limitation, Process, RunEnded, RunStarted
from javert.model.view import Telemetry, assemble
from javert.sensors.linux.clock import BootClock
from javert.sensors.linux.libbpf import cgroup2_mount
from javert.sensors.linux.modules import BpfModuleSensor
from javert.sensors.linux.permissions import PathWalker
from javert.sensors.linux.processes import ProcessTable
from javert.sensors.linux.scripts import BpfScriptSensor

RULES = (RuleId.ROOT_PROCESS_INSECURE_PERMISSIONS,)

FURNISH = """
set -e
own=$1 lower=$2
mount -t tmpfs none "$own"
mkdir "$own/upper" "$own/work" "$own/root"
chmod 755 "$own" "$own/upper"
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$own/upper,workdir=$own/work" "$own/root"
cd "$own/root"
mount -t proc proc proc
mount -t tmpfs none run
mount -t tmpfs -o mode=1777 none tmp
mount -t sysfs -o ro none sys || test "$3" = mapped
mount -t devpts -o newinstance,ptmxmode=0666 none dev/pts || test "$3" = mapped
ip link set lo up
hostname machine
mkdir -p run/lock run/sshd
mkdir .outside
pivot_root . .outside
umount -l .outside
rmdir .outside
: >/run/furnished
exec sleep infinity
"""

FIRST_MAPPED = 100_000


class Machine:
    """A Debian system; ``close`` ends it and all that runs in it.

    Args:
        lower: the root directory that it starts from.
        mapped: its root user is another user outside, by a user namespace; a container without it has none.
        cgroup: name of a control group for it, as container engines give one.
    """

    def __init__(self, lower: Path, *, mapped: bool = False, cgroup: str = "") -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="javert-machine-", dir="/var/tmp"))
        self._directory.chmod(0o755)
        self._cgroup = Path(f"{cgroup2_mount(Path('/proc/self/mounts').read_text())}/{cgroup}") if cgroup else None
        self._users: subprocess.Popen[bytes] | None = None
        unshare = ("unshare", "--mount", "--pid", "--net", "--uts", "--ipc", "--fork", "--kill-child")
        command = [
            *self._enter_cgroup(),
            *(self._enter_users() if mapped else ()),
            "setpriv",
            "--pdeathsig",
            "KILL",
            *unshare,
        ]
        self._holder = subprocess.Popen(
            [*command, "sh", "-c", FURNISH, "sh", self._directory, lower, "mapped" if mapped else ""],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self._await()
        self.namespace = Path(f"/proc/{self.first}/ns/mnt").stat().st_ino

    @property
    def root(self) -> Path:
        """Its root directory as seen from outside."""
        return Path(f"/proc/{self.first}/root")

    def command(self, *command: object) -> list[str]:
        """What runs a command in it."""
        enter = [*self._enter_cgroup(), "nsenter", "--target", str(self.first), "--all", "--root", "--wdns=/"]
        clean = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "HOME=/root"]
        return [*enter, *clean, *map(str, command)]

    def run(self, *command: object) -> str:
        """Run a command to its end; what it said.

        Raises:
            RuntimeError: it failed.
        """
        with tempfile.TemporaryFile("w+") as said:  # a pipe would be held open by daemons it starts
            done = subprocess.run(
                self.command(*command), stdin=subprocess.DEVNULL, stdout=said, stderr=said, check=False, timeout=120
            )
            said.seek(0)
            text = said.read()
        if done.returncode:
            raise RuntimeError(f"{command} ended with {done.returncode}: {text[-2000:]}")
        return text

    def shell(self, line: str) -> str:
        """Run a line of shell."""
        return self.run("sh", "-ec", line)

    def close(self) -> None:
        """End everything in it, and remove its directory."""
        for process in filter(None, (self._holder, self._users)):
            process.kill()
            process.communicate()
        shutil.rmtree(self._directory, ignore_errors=True)
        if self._cgroup is not None:
            for _ in range(500):
                try:
                    self._cgroup.rmdir()
                    break
                except OSError:  # processes that were killed are still leaving it
                    os.sched_yield()

    def _enter_users(self) -> list[str]:
        """A user namespace with 65,536 users, user_namespaces(7), held by a process of its own."""
        self._users = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "unshare", "--user", "sleep", "infinity"])
        process = Path(f"/proc/{self._users.pid}")
        while (process / "ns/user").stat().st_ino == Path("/proc/self/ns/user").stat().st_ino:
            assert self._users.poll() is None
        for name in ("uid_map", "gid_map"):
            (process / name).write_text(f"0 {FIRST_MAPPED} 65536")
        return ["nsenter", f"--user={process}/ns/user"]

    def _enter_cgroup(self) -> list[str]:
        if self._cgroup is None:
            return []
        self._cgroup.mkdir(parents=True, exist_ok=True)
        return ["sh", "-c", 'echo $$ >"$0"; exec "$@"', str(self._cgroup / "cgroup.procs")]

    def _await(self) -> None:
        while True:
            if self._holder.poll() is not None:
                assert self._holder.stderr is not None
                said = self._holder.stderr.read().decode()
                self.close()
                raise RuntimeError(f"the machine could not be made: {said}")
            children = Path(f"/proc/{self._holder.pid}/task/{self._holder.pid}/children").read_text().split()
            for child in children:
                if Path(f"/proc/{child}/root/run/furnished").exists() and _command(child).startswith("sleep"):
                    self.first = int(child)
                    return


def _command(pid: str) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


class Watch:
    """The sensors of the rule, over all that runs here; ``telemetry`` stops them."""

    def __init__(self) -> None:
        started = RunStarted(
            run_id="test",
            javert_version="0",
            started_at=0.0,
            planned_s=1.0,
            host=Host(hostname="h", os="linux", kernel="6", architecture="x86_64"),
            rules=RULES,
            privileged=True,
        )
        self._records: list[AnyRecord] = [started]
        table = ProcessTable(cgroup2_mount(Path("/proc/self/mounts").read_text()))
        clock, walker = BootClock(), PathWalker()
        self._sensors = (BpfModuleSensor(table, clock, RULES, None, walker), BpfScriptSensor(table, clock, walker))
        for sensor in self._sensors:
            sensor.start(self._records.append)

    def telemetry(self, machine: Machine) -> Telemetry:
        """What was seen of a machine, and nothing of what else runs here."""
        for sensor in reversed(self._sensors):
            sensor.stop()
        self._records += [sensor.report() for sensor in self._sensors]
        self._records.append(RunEnded(ended_at=1.0))
        return assemble(record for record in self._records if _concerns(record, machine))


def _concerns(record: AnyRecord, machine: Machine) -> bool:
    """Whether it may be of the machine. Other tests run programs meanwhile, and damage some before."""
    if isinstance(record, Process):
        return True
    if isinstance(record, Limitation) and record.code == "root-scripts-gone":
        return False  # the machine is still there
    if isinstance(record, Limitation) and record.scope.startswith("/"):
        return Path(f"{machine.root}{record.scope}").exists()
    return getattr(record, "mount_namespace", machine.namespace) in (machine.namespace, 0)


def assess(machine: Machine, while_watched: Sequence[str] = ()) -> Telemetry:
    """What a short run sees of a machine.

    Args:
        machine: which.
        while_watched: lines of shell to run in it meanwhile.
    """
    watch = Watch()
    try:
        for line in while_watched:
            machine.shell(line)
    finally:
        telemetry = watch.telemetry(machine)
    return telemetry
