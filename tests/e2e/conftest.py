"""Real machines and programs for the end-to-end tests: a second host, users, processes, and Javert itself.

Everything made here has this test process's number in its name, so that several can run beside each other, and is
removed at the end, whatever the tests did.
"""

import contextlib
import ctypes
import ipaddress
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from javert.errors import BpfUnavailableError
from javert.sensors.linux.libbpf import BpfObject
from javert.sensors.linux.network_programs import OBJECTS

CLONE_NEWNET = 0x40000000
NUMBER = os.getpid() % 8192
"""Stands for this test process in names and addresses: 198.18.0.0/15 (RFC 2544) has room for 8192 networks /28."""

PROGRAMS = (
    "bpftool",
    "curl",
    "dovecot",
    "exim4",
    "gcc",
    "in.rlogind",
    "in.rshd",
    "inetutils-inetd",
    "inetutils-telnet",
    "ip",
    "nginx",
    "nsenter",
    "openssl",
    "rsh-redone-rlogin",
    "rsh-redone-rsh",
    "setpriv",
    "snmpd",
    "snmpget",
    "ssh",
    "sshd",
    "telnetd",
    "useradd",
    "vsftpd",
)


def wait_until(condition, what, seconds=30.0):
    """The first true value of ``condition``, asked again and again; fails the test if there is none in time."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"this did not happen within {seconds:.0f} s: {what}"
        time.sleep(0.02)
    return value


def run(*arguments, check=True, **options):
    """Run a program to its end; its output is in the error if it fails."""
    options = {"capture_output": True, "text": True, "timeout": 60} | options
    done = subprocess.run([str(argument) for argument in arguments], check=False, **options)
    assert not check or done.returncode == 0, (
        f"{arguments} ended with {done.returncode}: {done.stdout}{done.stderr}"
    )
    return done


def _search_path():
    """The PATH of root, which a test run from a user's session may lack parts of."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"])


@pytest.fixture(scope="session")
def waiting():
    return wait_until


@pytest.fixture(scope="session")
def execute():
    return run


@pytest.fixture(scope="session")
def machine():
    """Skips, with the reason, where the real thing cannot be had: no root, no BPF, packages that are missing."""
    if os.geteuid() != 0:
        pytest.skip("needs root: makes network namespaces, users, and kernel programs")
    missing = [name for name in PROGRAMS if shutil.which(name, path=_search_path()) is None]
    if missing:
        pytest.skip(f"needs the packages of tests/debian-packages.txt; missing are {', '.join(missing)}")
    if not Path("/proc/net/if_inet6").exists():
        pytest.skip("needs IPv6")
    try:
        BpfObject(OBJECTS / "network.bpf.o").close()
    except BpfUnavailableError as error:
        pytest.skip(f"needs a kernel that takes BPF programs: {error}")
    os.environ["PATH"] = _search_path()


@pytest.fixture(scope="session")
def workplace(machine):
    """A directory that everybody can look into and only root can change, as /opt is."""
    path = Path(tempfile.mkdtemp(prefix="javert-e2e-", dir="/opt" if Path("/opt").is_dir() else "/"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


# ---------------------------------------------------------------- processes and users


def _descendants(pid):
    """The process and all it started that still lives, the youngest last."""
    found = [pid]
    for parent in found:
        with contextlib.suppress(OSError):
            found += map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split())
    return found


class Children:
    """Processes that a test started; ended with it, with all they started themselves."""

    def __init__(self):
        self._started = []

    def start(self, *arguments, **options):
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT} | options
        process = subprocess.Popen([str(argument) for argument in arguments], start_new_session=True, **options)
        self._started.append(process)
        return process

    def end(self):
        for process in reversed(self._started):
            for pid in _descendants(process.pid) if process.poll() is None else ():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.wait(timeout=30)
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is not None:
                    stream.close()


@pytest.fixture(scope="session")
def lasting_children(account, second_host, workplace):
    """Processes of the whole session; they end before the users, places and networks that they use are removed."""
    children = Children()
    yield children
    children.end()


@pytest.fixture
def children():
    children = Children()
    yield children
    children.end()


class Account:
    """A user of this machine."""

    def __init__(self, name, password):
        self.name = name
        self.password = password
        entry = pwd.getpwnam(name)
        self.uid, self.gid, self.home = entry.pw_uid, entry.pw_gid, Path(entry.pw_dir)

    @property
    def identity(self):
        """Options of ``subprocess`` with which a process runs as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": [], "cwd": self.home}


@pytest.fixture(scope="session")
def account(machine):
    """Makes users: ``account("careless")``. They can log in with a password that nobody else knows."""
    made = {}

    def make(part):
        name = f"jv{os.getpid()}{part}"
        if name not in made:
            home = Path(tempfile.mkdtemp(prefix=f"javert-home-{part}-"))
            run("useradd", "--no-create-home", "--home-dir", home, "--shell", "/bin/bash", "--user-group", name)
            made[name] = home
            password = secrets.token_hex(12)
            run("chpasswd", input=f"{name}:{password}\n")
            shutil.chown(home, name, name)
            make.accounts[name] = Account(name, password)
        return make.accounts[name]

    make.accounts = {}
    yield make
    for name, home in made.items():
        # A session that has lost its terminal takes a moment to end; somebody else may have locked the user file.
        wait_until(lambda: run("userdel", name, check=False).returncode == 0, f"{name} is removed")  # noqa: B023
        shutil.rmtree(home, ignore_errors=True)


# ---------------------------------------------------------------- the second host


class SecondHost:
    """A network namespace with a cable to this host.

    Attributes:
        here, here6: this host's end of the cable.
        there, there6: the second host's address; ``careful`` is another one of it.
        nobody: an address of the network that no machine has.
    """

    def __init__(self):
        base = ipaddress.ip_address("198.18.0.0") + NUMBER * 16
        self.here, self.there, self.careful, self.nobody = (str(base + n) for n in (1, 2, 3, 9))
        self.here6, self.there6 = f"fd00:6a76:{NUMBER:x}::1", f"fd00:6a76:{NUMBER:x}::2"
        self.name = f"jv-{os.getpid()}"
        self._near, self._far = f"jv{os.getpid()}a", f"jv{os.getpid()}b"

    def connect(self):
        run("ip", "netns", "add", self.name)
        run("ip", "link", "add", self._near, "type", "veth", "peer", "name", self._far, "netns", self.name)
        near, far = ("ip",), ("ip", "-netns", self.name)
        for ip, link, addresses in (
            (near, self._near, (f"{self.here}/28", f"{self.here6}/64")),
            (far, self._far, (f"{self.there}/28", f"{self.careful}/28", f"{self.there6}/64")),
            (far, "lo", ()),
        ):
            for address in addresses:
                without_probing = ("nodad",) if ":" in address else ()
                run(*ip, "address", "add", address, "dev", link, *without_probing)
            run(*ip, "link", "set", link, "up")
        wait_until(lambda: '"operstate":"UP"' in run(*near, "-j", "link", "show", self._near).stdout, "the cable")

    @property
    def inode(self):
        return Path(f"/run/netns/{self.name}").stat().st_ino

    def command(self, *arguments):
        """The command that runs a program there."""
        return ("nsenter", f"--net=/run/netns/{self.name}", *arguments)

    def socket(self, family, kind, protocol=0):
        """A socket of the second host: a socket stays in the namespace in which it was made."""
        made = []

        def make():
            with Path(f"/run/netns/{self.name}").open() as entry:
                assert ctypes.CDLL(None).setns(entry.fileno(), CLONE_NEWNET) == 0
            made.append(socket.socket(family, kind, protocol))

        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        made[0].settimeout(10)
        return made[0]

    def remove(self):
        # Whoever lives in the namespace was started by these tests; daemons have left their parents.
        for pid in run("ip", "netns", "pids", self.name, check=False).stdout.split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        run("ip", "netns", "delete", self.name, check=False)
        run("ip", "link", "delete", self._near, check=False)


@pytest.fixture(scope="session")
def second_host(machine):
    host = SecondHost()
    try:
        host.connect()
        yield host
    finally:
        host.remove()


# ---------------------------------------------------------------- Javert


class Ended:
    """How a command of Javert ended."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def document(self):
        return json.loads(self.out)


class Run:
    """A ``javert assess`` that goes on."""

    def __init__(self, process, directory):
        self.process = process
        self.pid = process.pid
        self.directory = directory

    @property
    def journal(self):
        return self.directory / "journal.jsonl"

    def collecting(self):
        """Wait until every sensor has started and what they saw first is on the disk."""

        def alive():
            if self.process.poll() is not None:
                pytest.fail(f"javert ended with {self.process.returncode}: {self.process.communicate()}")
            return self.journal.exists() and b'"Heartbeat"' in self.journal.read_bytes()

        try:
            wait_until(alive, "javert collects")
        except AssertionError as error:
            pytest.fail(f"{error}; it was here:\n{self._where()}")
        return self

    def _where(self):
        """Where each thread of a run that does not go on is, in the kernel and in Python; ends the run."""
        tasks = Path(f"/proc/{self.pid}/task").iterdir()
        in_kernel = "".join(f"{task.name}\n{(task / 'stack').read_text()}" for task in tasks)
        self.process.send_signal(signal.SIGABRT)  # PYTHONFAULTHANDLER
        return in_kernel + self.process.communicate(timeout=30)[1]

    def ended(self, seconds=120.0):
        out, err = self.process.communicate(timeout=seconds)
        return Ended(self.process.returncode, out, err)

    def interrupted(self):
        self.process.send_signal(signal.SIGINT)
        return self.ended()


class Javert:
    """The installed command, with a state directory of its own."""

    def __init__(self, directory):
        self.directory = directory
        self.state = directory / "state"
        self._started = []

    @property
    def environment(self):
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        settings = {"LANG": "C.UTF-8", "COLUMNS": "100", "JAVERT_STATE_DIR": str(self.state)}
        return kept | settings | {"PYTHONFAULTHANDLER": "1"}

    def command(self, *arguments, before=()):
        # Tests in the background of a shell have SIGINT ignored, and children inherit that.
        return ["env", "--default-signal=INT", *before, Path(sys.executable).with_name("javert"), *arguments]

    def __call__(self, *arguments):
        process = self._popen(self.command(*arguments))
        out, err = process.communicate(timeout=120)
        return Ended(process.returncode, out, err)

    def assess(self, *arguments, before=(), **options):
        """Start an assessment in JSON; ``before`` is a command that runs it with fewer rights or other limits."""
        directory = self.directory / f"run-{secrets.token_hex(4)}"
        if "--probe-port" not in arguments:
            arguments = ("--no-probe", *arguments)  # services of this machine that are no part of a test
        arguments = ("assess", "--format", "json", "--run-dir", directory, *arguments)
        return Run(self._popen(self.command(*arguments, before=before), **options), directory)

    def _popen(self, arguments, **options):
        process = subprocess.Popen(
            list(map(str, arguments)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
            **options,
        )
        self._started.append(process)
        return process

    def end(self):
        for process in self._started:
            if process.poll() is None:
                process.kill()
            process.communicate()


@pytest.fixture(scope="session")
def lasting_javert(machine, tmp_path_factory):
    javert = Javert(tmp_path_factory.mktemp("javert"))
    yield javert
    javert.end()


@pytest.fixture
def javert(machine, tmp_path):
    javert = Javert(tmp_path)
    yield javert
    javert.end()
