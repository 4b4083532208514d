"""What a server's command line and option files say of TLS; a process of the test's own stands for the server."""

import subprocess
import sys
from contextlib import contextmanager

import pytest

from javert.sensors.linux.mysql_settings import demands_tls


@contextmanager
def server(*arguments):
    """A process with these arguments on its command line."""
    code = "import sys; print(flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()  # the kernel shows arguments only once the program has begun
        yield process.pid
        process.stdin.close()


@pytest.fixture
def option_file(tmp_path):
    (tmp_path / "conf.d").mkdir()
    path = tmp_path / "my.cnf"
    path.write_text(f"[mysqld]\nrequire_secure_transport=off\n!includedir {tmp_path}/conf.d\n")
    return path


@pytest.mark.parametrize(("given", "on"), [("--require-secure-transport=ON", True), ("--skip-x", False)])
def test_the_command_line_tells(given, on):
    with server("--no-defaults", given) as pid:
        assert demands_tls(pid, "mariadbd") is on


def test_files_tell_and_what_they_include_comes_later(option_file):
    with server(f"--defaults-file={option_file}") as pid:
        assert demands_tls(pid, "mysqld") is False
        (option_file.parent / "conf.d" / "tls.cnf").write_text("[mariadb]\nrequire_secure_transport\n")
        (option_file.parent / "conf.d" / "tls.cnf.off").write_text("[mariadb]\nrequire_secure_transport=0\n")
        assert demands_tls(pid, "mysqld") is True


def test_the_command_line_comes_after_files_and_what_was_persisted_after_both(option_file):
    data = option_file.parent / "data"
    data.mkdir()
    with server(f"--defaults-file={option_file}", f"--datadir={data}", "--require-secure-transport") as pid:
        assert demands_tls(pid, "mysqld") is True
        (data / "mysqld-auto.cnf").write_text('{"x": {"require_secure_transport" : { "Value" : "OFF" }}}')
        assert demands_tls(pid, "mysqld") is False


def test_files_that_include_each_other_come_to_an_end(option_file):
    (option_file.parent / "conf.d" / "loop.cnf").write_text(f"!include {option_file}\n")
    with server(f"--defaults-file={option_file}") as pid:
        assert demands_tls(pid, "mysqld") is False


def test_other_programs_and_processes_that_ended_tell_nothing():
    with server("--no-defaults", "--require-secure-transport") as pid:
        assert demands_tls(pid, "nginx") is None
    assert demands_tls(pid, "mysqld") is None
