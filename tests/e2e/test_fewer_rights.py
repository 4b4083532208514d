"""With fewer rights than root's Javert sees less, says what it does not see, and gives no all-clear."""

import http.server
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

pytestmark = pytest.mark.root

WITHOUT_BPF = ("setpriv", "--bounding-set", "-sys_admin,-bpf,-perfmon", "--inh-caps", "-sys_admin,-bpf,-perfmon")
NETWORK_RULES = {
    "insecure-client-login",
    "insecure-client-general",
    "unused-listening-tcp-port",
    "insecure-server-protocol",
}
AS_MODULE = ("-c", "import sys; from javert.cli import main; sys.exit(main())")
OPTIONS = ("--duration", "2s", "--format", "json", "--scan")
# A mount of /proc has its own options only if it is a new one: a remount would change the host's.
HIDDEN = ("unshare", "--mount", "sh", "-c", 'mount -t proc -o hidepid=2 proc /proc && exec "$@"', "sh")
PACKAGES = ("javert", "click", "msgspec", "rich", "markdown_it", "mdurl", "pygments")


def titles(document, rule):
    return {one["title"] for one in document["exclusions"] if one["rule_id"] == rule}


def outcomes(document):
    return {rule["id"]: rule["outcome"] for rule in document["rules"]}


@pytest.fixture
def telnet_session(second_host, children):
    """Somebody is logged in to the second host, and silent."""
    with second_host.socket(socket.AF_INET6, socket.SOCK_STREAM) as listener:
        listener.bind((second_host.there6, 23))
        listener.listen()
        client = children.start("inetutils-telnet", second_host.there6, stdin=subprocess.PIPE)
        session, _peer = listener.accept()
        with session:
            session.recv(1)
            yield client


@pytest.fixture
def program_without_dep(workplace, execute):
    source = workplace / "without-dep.c"
    source.write_text("int main(void) { return 0; }\n")
    program = workplace / "without-dep"
    execute("gcc", "-z", "execstack", "-o", program, source)
    yield program
    program.unlink()
    source.unlink()


class _Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *arguments):
        pass


@pytest.fixture
def web():
    """The port of a web server of another user than nobody."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Hello) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_without_the_rights_for_bpf_polling_takes_over(
    javert, second_host, telnet_session, program_without_dep, workplace
):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        unused = listener.getsockname()[1]
        ended = javert.assess("--duration", "3s", "--scan", workplace, before=WITHOUT_BPF).ended()
    assert ended.code == 0, ended.err
    assert ended.err == "", "root without these rights is still root"
    document = ended.document
    assert {sensor["name"] for sensor in document["sensors"]} >= {"network (polling)", "modules (polling)"}
    for rule in NETWORK_RULES:
        assert "Connections were polled, not counted" in titles(document, rule)
        assert outcomes(document)[rule] in ("FINDING", "NOT_AVAILABLE"), "what was not seen is not clear"
    assert "Modules of short-lived processes were not seen" in titles(document, "root-process-insecure-permissions")
    ports = [one["attributes"].get("port") for one in document["findings"]]
    assert unused not in ports, "polling cannot prove that nobody came"
    assert "Whether ports are unused could not be told" in titles(document, "unused-listening-tcp-port")
    (login,) = [
        one["attributes"]
        for one in document["findings"]
        if one["rule_id"] == "insecure-client-login" and one["attributes"]["process"]["pid"] == telnet_session.pid
    ]
    assert (login["protocol"], login["evidence"]) == ("telnet", "port")
    assert login["process"]["exe"] == "/usr/bin/inetutils-telnet"
    assert (second_host.there6, 23) in [(remote["address"], remote["port"]) for remote in login["remotes"]]
    assert str(program_without_dep) in [one["attributes"].get("path") for one in document["findings"]]


@pytest.fixture
def for_nobody():
    """A copy of Javert and what it needs that the user nobody can read, and a home for its runs."""
    nobody = 65534
    place = Path(tempfile.mkdtemp(prefix="javert-nobody-"))
    try:
        place.chmod(0o755)
        for name in PACKAGES:
            (source,) = importlib.util.find_spec(name).submodule_search_locations
            ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
            shutil.copytree(source, place / "packages" / name, ignore=ignored)
        for directory in (place / "packages").rglob("*"):
            directory.chmod(0o755)
        (place / "home").mkdir()
        shutil.chown(place / "home", nobody, nobody)
        yield place
    finally:
        shutil.rmtree(place)


def surroundings(place):
    return {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "HOME": str(place / "home"),
        "PYTHONPATH": str(place / "packages"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


@pytest.fixture
def python_for_nobody(execute):
    """An interpreter of this version that the user nobody may run."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (os.path.realpath(sys.executable), f"/usr/bin/{version}"):
        try:
            execute(candidate, "-c", "", user=65534, group=65534, extra_groups=[])
        except (AssertionError, OSError):
            continue
        return candidate
    pytest.skip(f"needs a {version} that the user nobody may run")


def test_nobody_is_told_at_once_and_gets_what_can_be_assessed(
    machine, execute, for_nobody, python_for_nobody, program_without_dep, workplace, web
):
    done = execute(
        *(python_for_nobody, *AS_MODULE, "assess", "--probe-port", web, *OPTIONS, workplace),
        user=65534,
        group=65534,
        extra_groups=[],
        cwd=for_nobody / "home",
        env=surroundings(for_nobody),
    )
    assert done.stderr.startswith("javert: not root: ")
    assert done.stderr.count("\n") == 1
    document = json.loads(done.stdout)
    assert "Javert did not run as root" in titles(document, None)
    for rule in NETWORK_RULES:
        assert "Connections were polled, not counted" in titles(document, rule)
        assert outcomes(document)[rule] in ("FINDING", "NOT_AVAILABLE")
    assert outcomes(document)["root-process-insecure-permissions"] != "CLEAR"
    asked = [one["attributes"] for one in document["findings"] if one["attributes"].get("port") == web]
    assert [(one["protocol"], one["evidence"]) for one in asked] == [("http", ["probed"])], "asking takes no rights"
    assert outcomes(document)["software-without-dep"] == "FINDING", "files that everybody can read are judged"
    assert str(program_without_dep) in [one["attributes"].get("path") for one in document["findings"]]


def test_processes_that_proc_hides_are_no_all_clear(
    machine, execute, for_nobody, python_for_nobody, program_without_dep, workplace
):
    """With hidepid=2 other users' processes are not even counted: nothing is refused, and nothing is seen."""
    command = (python_for_nobody, *AS_MODULE, "assess", "--no-probe", *OPTIONS, workplace)
    done = execute(
        *(*HIDDEN, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command),
        cwd=for_nobody / "home",
        env=surroundings(for_nobody),
    )
    document = json.loads(done.stdout)
    for rule in (*NETWORK_RULES, "root-process-insecure-permissions"):
        assert outcomes(document)[rule] in ("FINDING", "NOT_AVAILABLE"), rule
        assert any(one["rule_id"] == rule for one in document["exclusions"])
    assert "Javert did not run as root" in titles(document, None)


def test_hidden_processes_are_seen_by_root(javert, workplace, telnet_session):
    ended = javert.assess("--duration", "2s", "--scan", workplace, before=HIDDEN).ended()
    assert ended.code == 0, ended.err
    processes = [one["attributes"].get("process") for one in ended.document["findings"]]
    assert telnet_session.pid in [process["pid"] for process in processes if process]
    assert {sensor["name"] for sensor in ended.document["sensors"]} >= {"network (kernel)", "modules (kernel)"}
