"""One run of Javert during which everything happens that it reports, and beside each thing its near miss."""

import os
import pty
import select
import shutil
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

HERE = Path(__file__).parent
ASK_AND_BECOME_ANOTHER = """
import os, sys, urllib.request
urllib.request.urlopen(f"http://{sys.argv[1]}/").read()
os.execv("/usr/bin/curl", ["curl", "-sS", f"http://{sys.argv[1]}:8443/"])
"""
SYS_NAME = "1.3.6.1.2.1.1.5.0"


class Terminal:
    """A program at a terminal of its own, and somebody who types."""

    def __init__(self, *arguments, **options):
        self._leader, follower = pty.openpty()
        self._heard = b""
        try:
            self._process = subprocess.Popen(
                list(map(str, arguments)),
                **{"stdin": follower, "stdout": follower, "stderr": follower, "start_new_session": True} | options,
            )
        finally:
            os.close(follower)

    def hear(self, words):
        """Wait for ``words``."""
        while words not in self._heard:
            assert select.select([self._leader], [], [], 30)[0], f"{words} did not come: {self._heard}"
            self._heard += os.read(self._leader, 4096)
        self._heard = b""

    def answer(self, awaited, line):
        self.hear(awaited)
        os.write(self._leader, line.encode() + b"\n")

    def end(self):
        self._process.kill()
        self._process.wait()
        os.close(self._leader)


# ---------------------------------------------------------------- what clients do


@pytest.fixture(scope="session")
def forgetful(account):
    """Leaves a session open, and a program that does not stay what it was."""
    return account("forgetful")


@pytest.fixture(scope="session")
def clients(second_host, careless, careful, forgetful, known, key_pair, typed, community, snmp_password):
    """What users of this host do with the second host, each a function without arguments."""
    there, there6, address = second_host.there, second_host.there6, second_host.careful
    letter = careless.home / "letter"
    letter.write_text(f"Subject: {typed.new('subject')}\n\n{typed.new('mail text')}\n")

    def by(user, *command):
        def do():
            done = subprocess.run(
                list(map(str, command)),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
                **user.identity,
            )
            refused = command[0] == "curl" and done.returncode == 67  # the wrong password was meant to be refused
            assert done.returncode == 0 or refused, f"{command}: {done.stdout}{done.stderr}"

        return do

    def login(purpose):
        return f"{typed.new(f'{purpose} user')}:{typed.new(f'{purpose} password')}"

    def curl(*arguments, user=careless):
        return by(user, "curl", "-sSk", "--globoff", *arguments)

    def mail(user, host, *options):
        sender, receiver = (f"{typed.new(f'mail {part}')}@example.org" for part in ("from", "to"))
        envelope = ("--mail-from", sender, "--mail-rcpt", receiver, "-T", "letter" if user is careless else "-")
        return curl(f"smtp://{host}/", *envelope, *options, user=user)

    def telnet():
        terminal = Terminal("inetutils-telnet", there, **careless.identity)
        try:
            terminal.answer(b"login: ", typed.values["telnet user"])
            terminal.answer(b"assword: ", typed.values["telnet password"])
            terminal.answer(b"login: ", known.name)
            terminal.answer(b"assword: ", known.password)
            terminal.answer(b"$ ", "exit")
            terminal.hear(b"closed")
        finally:
            terminal.end()

    def rlogin():
        terminal = Terminal("rsh-redone-rlogin", "-l", known.name, there, **careless.identity)
        try:
            terminal.answer(b"$ ", "exit")
            terminal.hear(b"logout")
        finally:
            terminal.end()

    login("telnet")
    typed.values["password of a real account"] = known.password
    account = f"{known.name}:{known.password}"
    trusting = ("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes")
    privacy = (
        "-l",
        "authPriv",
        "-u",
        "careful",
        "-a",
        "SHA",
        "-A",
        snmp_password,
        "-x",
        "AES",
        "-X",
        snmp_password,
    )
    return [
        telnet,
        rlogin,
        by(careless, "rsh-redone-rsh", "-l", known.name, there, "true"),
        curl(f"ftp://{there}/", "-u", account),
        curl(f"ftp://{there}/", "-u", login("ftp")),
        curl(f"ftp://{login('ftp url')}@{there}/"),
        curl(f"http://{there}/", "-u", login("http"), "-b", f"session={typed.new('cookie')}"),
        curl(f"http://{login('http url')}@{there}:8443/?token={typed.new('query')}"),
        curl(f"http://[{there6}]/", "-d", f"password={typed.new('form')}"),
        curl(f"http://{there}:8081/"),
        curl(f"imap://{there}/", "-u", login("imap")),
        curl(f"pop3://{there}/", "-u", login("pop3")),
        mail(careless, there, "-u", login("smtp plain"), "--login-options", "AUTH=PLAIN"),
        mail(careless, there, "-u", login("smtp login"), "--login-options", "AUTH=LOGIN"),
        by(careless, "snmpget", "-v1", "-c", community, there, SYS_NAME),
        by(careless, "snmpget", "-v2c", "-c", community, there, SYS_NAME),
        by(forgetful, "/usr/bin/python3", "-c", ASK_AND_BECOME_ANOTHER, there),
        # Near misses.
        curl(f"https://{there}/", user=careful),
        curl(f"https://{address}:80/", user=careful),
        by(careful, "ssh", "-i", key_pair, *trusting, f"{known.name}@{there}", "true"),
        by(careful, "ssh", "-i", key_pair, *trusting, "-p", 23, f"{known.name}@{address}", "true"),
        curl(f"ftp://{address}/", "--ssl-reqd", "-u", account, user=careful),
        curl(f"imap://{address}/", "--ssl-reqd", "-u", login("imap over TLS"), user=careful),
        curl(f"pop3://{address}/", "--ssl-reqd", "-u", login("pop3 over TLS"), user=careful),
        mail(careful, address, "--ssl-reqd", "-u", login("smtp over TLS")),
        by(careful, "snmpget", "-v3", *privacy, address, SYS_NAME),
    ]


# ---------------------------------------------------------------- what listens here


def free_port():
    with socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def ports(second_host, lasting_children, waiting):
    """Ports that this host listens on, by what happens to them."""
    names = ("unused", "instant", "reset", "unanswered", "silent", "talking", "shared", "shared_used")
    at = SimpleNamespace(**{name: 7001 + number for number, name in enumerate(names)})
    at.both, at.both_used, at.dual, at.dual_used = (free_port() for _ in range(4))
    places = [f"{second_host.here}:{getattr(at, name)}:{3 if 'shared' in name else 1}" for name in names]
    places += [f"{address}:{port}:1" for port in (at.both, at.both_used) for address in ("0.0.0.0", "::")]
    places += [f"dual:{port}:1" for port in (at.dual, at.dual_used)]
    program = lasting_children.start(sys.executable, HERE / "listen.py", *places)
    assert program.stdout.readline() == b"listening\n"
    at.pid = program.pid
    at.brief, at.brief_used = 7101, 7102  # listened on by nobody but for a moment of the run
    return at


@pytest.fixture(scope="session")
def local_web_server(serve, configure, second_host, listening):
    """nginx on this host: for the second host, in cleartext and with TLS, and for this host alone."""
    port = free_port()
    path, _run = configure(
        "nginx.conf",
        part="-here",
        plain=f"listen {second_host.here}:80; listen 127.0.0.1:{port};",
        redirecting=f"listen {second_host.here}:8081;",
        encrypted=f"listen {second_host.here}:443 ssl;",
    )
    serve("nginx", "-c", path)
    listening(socket.socket, socket.AF_INET, "127.0.0.1", port)
    return port


@pytest.fixture(scope="session")
def visitors(second_host, local_web_server, ports, execute):
    """What clients on the second host do here."""
    here, here6 = second_host.here, second_host.here6

    def call(family, address, port):
        def connect_and_leave():
            with second_host.socket(family, socket.SOCK_STREAM) as client:
                client.connect((address, port))

        return connect_and_leave

    def listen_briefly(port, visit):
        def listen():
            with socket.create_server((here, port)):
                visit()

        return listen

    def scan(source, port):
        return lambda: execute(*second_host.command(sys.executable, HERE / "half_open.py", source, here, port))

    return [
        lambda: execute(*second_host.command("curl", "-sS", f"http://{here}/", f"http://{here}:8081/")),
        lambda: execute(*second_host.command("curl", "-sSk", f"https://{here}/")),
        lambda: execute("curl", "-sS", f"http://127.0.0.1:{local_web_server}/"),
        call(socket.AF_INET, here, ports.instant),
        call(socket.AF_INET, here, ports.shared_used),
        call(socket.AF_INET6, here6, ports.both_used),
        call(socket.AF_INET, here, ports.dual_used),
        listen_briefly(ports.brief, lambda: None),
        listen_briefly(ports.brief_used, call(socket.AF_INET, here, ports.brief_used)),
        scan(second_host.there, ports.reset),
        scan(second_host.nobody, ports.unanswered),
    ]


# ---------------------------------------------------------------- programs and libraries


@pytest.fixture(scope="session")
def programs(workplace, execute, careless):
    """Programs with and without DEP, and libraries that root or somebody else can change."""
    at = workplace / "programs"
    (at / "open").mkdir(parents=True)
    source = HERE / "loader.c"
    execute("gcc", "-o", at / "loader", source)
    execute("gcc", "-z", "execstack", "-o", at / "executable-stack", source)
    (at / "empty.c").write_text("int javert_test;\n")
    library = ("gcc", "-shared", "-fPIC", at / "empty.c", "-o")
    execute(*library, at / "libstack.so", "-z", "execstack")
    for name in ("libroot", "libowned", "libother", "libgroup", "libbrief", "open/libdirectory"):
        execute(*library, at / f"{name}.so")
    execute("gcc", "-o", at / "brief", "-Wl,--no-as-needed", f"-Wl,-rpath,{at}", source, at / "libbrief.so")
    for name in ("libowned.so", "libother.so", "open"):
        shutil.chown(at / name, careless.name, careless.name)
    shutil.chown(at / "libgroup.so", "root", careless.name)
    (at / "libgroup.so").chmod(0o775)
    (at / "libbrief.so").chmod(0o757)
    # Directories that are mounted over one another in a mount namespace: there they are another's than here.
    for name in ("mine", "yours", "over-mine", "over-yours"):
        (at / name).mkdir()
        shutil.copy(at / "libroot.so", at / name / "libmounted.so")
    for name in ("yours", "over-mine"):
        shutil.chown(at / name, careless.name, careless.name)
    return at


# ---------------------------------------------------------------- the runs


class Scenario:
    """Everything that happens, before a run and during it.

    Attributes:
        resident: pid of a root process that has another user's library loaded.
        on_the_stack: pid of a process with an executable stack.
    """

    def __init__(self, second_host, ports, programs, careless, forgetful, children, actions):
        self._second_host = second_host
        self._ports = ports
        self._programs = programs
        self._forgetful = forgetful
        self._children = children
        self._actions = actions
        self.resident = self._load("stay", programs / "libroot.so", programs / "libowned.so").pid
        self._load("stay", programs / "libother.so", **careless.identity)
        self.on_the_stack = self._load("stay", program="executable-stack").pid
        for name in ("mine", "yours"):
            mount = ("unshare", "--mount", "sh", "-c", 'mount --bind "$1" "$2" && shift 2 && exec "$@"', "sh")
            self._load(
                *("stay", programs / name / "libmounted.so"),
                before=(*mount, programs / f"over-{name}", programs / name),
            )

    def _load(self, manner, *libraries, program="loader", before=(), **options):
        process = self._children.start(*before, self._programs / program, manner, *libraries, **options)
        assert process.stdout.readline() == b"loaded\n"
        return process

    @contextmanager
    def begun(self):
        """With connections that are open before a run begins; what is entered plays the rest, during the run."""
        talking, silent = (self._second_host.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(2))
        idle = Terminal("inetutils-telnet", self._second_host.there, **self._forgetful.identity)
        with talking, silent:
            try:
                idle.hear(b"login: ")
                silent.connect((self._second_host.here, self._ports.silent))
                talking.connect((self._second_host.here, self._ports.talking))
                talking.sendall(b"before")
                yield lambda: self._play(talking)
            finally:
                idle.end()

    def _play(self, talking):
        talking.sendall(b"during")
        with ThreadPoolExecutor(max_workers=8) as pool:
            for done in [pool.submit(action) for action in self._actions]:
                done.result()
        for manner, program, library in (
            ("exit", "brief", ()),
            ("exit", "loader", (self._programs / "libgroup.so",)),
            ("exec", "loader", (self._programs / "open" / "libdirectory.so",)),
        ):
            assert self._load(manner, *library, program=program).wait(timeout=30) == 0


@pytest.fixture(scope="session")
def scenario(
    remote_servers, clients, visitors, ports, programs, second_host, careless, forgetful, lasting_children
):
    actions = (*clients, *visitors)
    return Scenario(second_host, ports, programs, careless, forgetful, lasting_children, actions)


@pytest.fixture(scope="session")
def everything(scenario, programs, lasting_javert):
    """A run that is ended when everything has happened: its result and its directory."""
    with scenario.begun() as play:
        run = lasting_javert.assess("--duration", "10m", "--scan", programs).collecting()
        play()
        ended = run.interrupted()
    assert ended.code == 0, ended.err
    return SimpleNamespace(document=ended.document, ended=ended, run=run, javert=lasting_javert)


@pytest.fixture(scope="session")
def of_the_scenario(second_host, ports, local_web_server, workplace):
    """The findings of a result that concern the scenario.

    The machine may have services, programs and other tests of its own. Left out is only what names none of the
    scenario's addresses (198.18.0.0/15, fd00:6a76::/32), ports on all addresses or on loopback, or files.
    """
    addresses = {second_host.here, second_host.here6, second_host.there, second_host.there6}
    addresses |= {second_host.careful, second_host.nobody}
    shared = {("127.0.0.1", local_web_server)}
    shared |= {(address, port) for address in ("0.0.0.0", "::") for port in (ports.both, ports.both_used)}
    shared |= {("::", port) for port in (ports.dual, ports.dual_used)}

    def concerns_us(attributes):
        if "remotes" in attributes:
            return any(remote["address"] in addresses for remote in attributes["remotes"])
        if "port" in attributes:
            return attributes["address"] in addresses or (attributes["address"], attributes["port"]) in shared
        return attributes["path"].startswith(f"{workplace}/")

    return lambda document: [one for one in document["findings"] if concerns_us(one["attributes"])]


@pytest.fixture(scope="session")
def findings(everything, of_the_scenario):
    """The findings of a rule that concern the scenario: ``findings("insecure-client-login")``."""
    mine = of_the_scenario(everything.document)
    return lambda rule: [one for one in mine if one["rule_id"] == rule]
