"""Errors become one line and an exit code; commands are found."""

import io
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest

from javert import __version__
from javert.cli import frame, main
from javert.errors import AlreadyRunningError, RunDirectoryError, UsageError


@pytest.fixture
def failing(monkeypatch, javert):
    """Runs a command that raises."""

    def call(error):
        @click.command("rules")
        def command():
            raise error

        monkeypatch.setattr(import_module("javert.cli.rules"), "command", command)
        return javert("rules")

    return call


@pytest.mark.parametrize(
    ("error", "code"),
    [(UsageError("say what"), 2), (RunDirectoryError("say what"), 3), (AlreadyRunningError("say what"), 3)],
)
def test_an_error_of_javert_is_one_line_with_its_code(failing, error, code):
    assert failing(error) == (code, "", "javert: error: say what\n")


def test_a_fault_is_one_line_without_what_the_host_holds(failing):
    ended = failing(KeyError("hunter2"))
    assert ended.code == 3
    assert ended.err.count("\n") == 1
    assert "KeyError in" in ended.err
    assert "please report" in ended.err
    assert "hunter2" not in ended.err


def test_a_fault_shows_its_traceback_when_asked(failing, monkeypatch):
    monkeypatch.setenv("JAVERT_DEBUG", "1")
    # The fixture removes the variable only when it is made, before this line.
    with pytest.raises(KeyError):
        failing(KeyError("x"))


def test_a_keyboard_interrupt_is_one_line(failing):
    ended = failing(KeyboardInterrupt())
    assert ended.code == 3
    assert ended.err.count("\n") == 1


def test_an_unknown_command_is_a_usage_error(javert):
    ended = javert("asses")
    assert ended.code == 2
    assert "asses" in ended.err
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("assess", "--duration", "soon"),
        ("assess", "--nope"),
        ("evaluate",),
        ("report", "a", "b"),
        ("rules", "--lang", "fr"),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(javert, arguments):
    ended = javert(*arguments)
    assert ended.code == 2
    assert ended.out == ""
    assert ended.err.startswith("javert: error: ")
    assert ended.err.count("\n") == 1


def test_help_lists_every_command_and_each_explains_itself(javert):
    listed = javert("--help")
    assert listed.code == 0
    assert javert().out == listed.out
    for name in frame._COMMANDS:
        assert name in listed.out
        own = javert(name, "--help")
        assert own.code == 0
        assert own.out.startswith(f"Usage: javert {name}")


def test_the_short_help_in_the_list_is_the_commands_own():
    for name, short in frame._COMMANDS.items():
        command = import_module(f"javert.cli.{name}").command
        assert command.name == name
        assert command.help.split("\n\n")[0].replace("\n", " ") == short


def test_the_version(monkeypatch, capsys, javert):
    assert javert("--version").out == f"javert {__version__}\n"
    monkeypatch.setattr(sys, "argv", ["javert", "--version"])
    assert main() == 0
    assert capsys.readouterr().out == f"javert {__version__}\n"


def test_the_version_loads_nothing_it_does_not_need():
    program = (
        "import sys; sys.argv = ['javert', '--version']\nfrom javert.cli import main\nmain()\n"
        "print(*sorted(m for m in sys.modules if m.partition('.')[0] in ('click', 'rich', 'msgspec')))"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout == f"javert {__version__}\n\n"


def test_a_command_loads_rich_only_for_a_progress_line():
    program = "import javert.cli.assess, javert.cli.report, sys\nprint('rich' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout == "False\n"


def test_a_reader_that_has_gone_is_no_error(stored, one_finding):
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(
        [*MAIN, "report", stored(one_finding)], stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)
    assert ended.stderr == b""
    assert ended.returncode == 0


FULL = Path("/dev/full")
MAIN = [sys.executable, "-c", "import sys; from javert.cli import main; sys.exit(main())"]


@pytest.mark.skipif(not FULL.exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("arguments", [["rules"], ["--version"], []])
def test_a_full_disk_behind_standard_output_is_one_line(arguments):
    with FULL.open("wb") as full:
        ended = subprocess.run([*MAIN, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == 3
    assert ended.stderr == "javert: error: cannot write to standard output: No space left on device\n"


@pytest.mark.parametrize(("closed", "arguments", "code"), [(">&-", "rules", 0), ("2>&-", "nope", 2)])
def test_a_closed_stream_is_no_fault(closed, arguments, code):
    ended = subprocess.run(
        ["sh", "-c", f'exec "$@" {arguments} {closed}', "sh", *MAIN], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "", "")


def test_output_is_utf_8_whatever_the_locale():
    environment = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ended = subprocess.run([*MAIN, "rules", "--lang", "ja"], env=environment, capture_output=True, check=True)
    assert "暗号化されない" in ended.stdout.decode().replace("\n    ", "")


def test_a_standard_error_that_has_gone_does_not_hide_the_code(monkeypatch, javert):
    class Gone(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Gone())
    assert frame.run(["nope"]) == 2
