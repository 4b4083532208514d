"""Telnet and the r-commands behind inetd."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.oracle.sessions.island import Island, program, told

from javert.model.telemetry import Encryption
from javert.protocols.interface import Protocol

SECRET = "S3cret-word"
REXECD = Path(__file__).parents[3] / ".debian/rsh-server/usr/sbin/in.rexecd"


@pytest.fixture(scope="module")
def inetd(island: Island) -> Iterator[None]:
    directory = island.directory / "inetd"
    directory.mkdir()
    services = {"telnet": "telnetd", "login": "in.rlogind", "shell": "in.rshd"}
    lines = [f"{name} stream tcp nowait root {program(path)} {path}" for name, path in services.items()]
    if REXECD.exists():
        lines.append(f"exec stream tcp nowait root {REXECD} in.rexecd")
    (directory / "inetd.conf").write_text("\n".join(lines) + "\n")
    with island.serve("inetutils-inetd", "-d", directory / "inetd.conf", port=514):
        yield


AT_A_TERMINAL = """
import os, pty, select, sys
command, answers = sys.argv[1].split(), list(zip(sys.argv[2::2], sys.argv[3::2]))
process, terminal = pty.fork()
if process == 0:
    os.execvp(command[0], command)
heard = b""
for awaited, answer in [*answers, ("\\n", None)]:
    while awaited.encode() not in heard:
        assert select.select([terminal], [], [], 30)[0], heard
        heard += os.read(terminal, 4096)
    heard = heard.partition(awaited.encode())[2]
    if answer is not None:
        heard = b""
        os.write(terminal, answer.encode() + b"\\r")
os.close(terminal)
"""


def test_telnet_with_a_password(island: Island, inetd: None) -> None:
    with island.record() as recording:
        island.python(AT_A_TERMINAL, "inetutils-telnet 127.0.0.1", "login:", "nobody-here", "assword:", SECRET)
    assert recording.of(23) == [told(Protocol.TELNET, exposed=True)]


def test_telnet_without_a_word(island: Island, inetd: None) -> None:
    with island.record() as recording:
        island.run(
            "bash",
            "-c",
            "until [ -e /run/heard ]; do sleep 0.05; done | inetutils-telnet 127.0.0.1 "
            "| { head -c 60; touch /run/heard; }",
        )
    assert recording.of(23) == [told(Protocol.TELNET)]


def test_rlogin(island: Island, inetd: None) -> None:
    with island.record() as recording:
        island.python(AT_A_TERMINAL, "rsh-redone-rlogin -l nobody 127.0.0.1", "assword:", SECRET)
    assert recording.of(513) == [told(Protocol.RLOGIN, exposed=True)]


def test_rsh(island: Island, inetd: None) -> None:
    with island.record() as recording:
        island.run("rsh-redone-rsh", "-l", "nobody", "127.0.0.1", "uname")
    assert recording.of(514)[0] == told(Protocol.RSH)


REXEC = """
import ctypes, os, signal, sys
libc = ctypes.CDLL("libc.so.6")
host = ctypes.c_char_p(b"127.0.0.1")
errors = ctypes.c_int(-1)
port = int.from_bytes((512).to_bytes(2, "big"), sys.byteorder)


def ask(two):
    fd = libc.rexec(ctypes.byref(host), port, b"nobody", sys.argv[1].encode(), b"uname -a", two)
    if fd >= 0:
        os.read(fd, 100)
        os.close(fd)


# Where the server hangs up early, the C library waits for its second connection for ever.
for two in (None, ctypes.byref(errors)):
    child = os.fork()
    if child == 0:
        signal.alarm(10)
        ask(two)
        os._exit(0)
    os.waitpid(child, 0)
"""


def test_rexec(island: Island, inetd: None) -> None:
    if not REXECD.exists():
        pytest.skip("rexecd is not there; see tests/debian-unpacked.txt")
    with island.record() as recording:
        island.python(REXEC, SECRET)
    # On a busy machine rexecd may hang up before it answered: of that flow nothing can be told.
    hung_up = told(Protocol.UNKNOWN, Encryption.UNKNOWN)
    assert [one for one in recording.of(512) if one != hung_up] == [told(Protocol.REXEC, exposed=True)]
