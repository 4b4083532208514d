"""Which script an event of the kernel tells; its layout is compared with that of the compiled object elsewhere."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from javert.errors import ParseError
from javert.formats.kernel_records import CMDLINE_MAX, Who
from javert.formats.script_records import Script, ScriptEvent, absolute, parse_script_event
from javert.model.telemetry import ProcessKey

WHO = Who(ProcessKey(1, 2), 3, 4, 5, 6, 0, 7, 8, "job", "cron")


def event(
    cmdline: bytes,
    *,
    hashbang: bool = False,
    interpreter: str = "dash",
    filename: str = "/usr/bin/dash",
    directory: str = "/srv",
    root: str = "/",
):
    return ScriptEvent(1, hashbang, WHO, interpreter, filename, directory, root, cmdline)


def argument(cmdline: bytes, **names: str) -> str | None:
    """The one script in a command line."""
    found = event(cmdline, **names).scripts()
    assert not any(script.certain for script in found)
    return found[0].paths[0] if found else None


@pytest.mark.parametrize(
    ("filename", "directory", "root", "script"),
    [
        ("/opt/job.sh", "/srv", "/", "/opt/job.sh"),
        ("./job.sh", "/srv", "/", "/srv/./job.sh"),
        ("job.sh", "/", "/", "/job.sh"),
        ("j\udcffb.sh", "/srv", "/", "/srv/j\udcffb.sh"),
        ("/opt/job.sh", "/srv/jail/tmp", "/srv/jail", "/srv/jail/opt/job.sh"),
        ("job.sh", "/srv/jail/tmp", "/srv/jail", "/srv/jail/tmp/job.sh"),
    ],
)
def test_a_script_that_the_kernel_ran_is_the_file_that_was_executed(filename, directory, root, script):
    ran = event(b"/bin/sh\0anything", hashbang=True, filename=filename, directory=directory, root=root)
    assert ran.scripts() == (Script((script,), certain=True),)


def test_a_script_whose_interpreter_is_a_script_brings_that_with_it():
    """execve(2): of each "#!" line interpreter and option stand before the name of the file it was found in."""
    cmdline = b"/bin/sh\0-e\0/opt/inner\0-x\0/opt/outer\0./job\0/etc/passwd"
    assert event(cmdline, hashbang=True, filename="./job").scripts() == (
        Script(("/srv/./job",), certain=True),
        Script(("/opt/inner",), certain=False),
        Script(("/opt/outer",), certain=False),
    )
    assert len(event(cmdline[:20], hashbang=True, filename="./job").scripts()) == 1


def test_a_script_run_by_the_number_of_an_open_file_is_not_forgotten():
    with pytest.raises(ParseError, match="open file"):
        event(b"sh\0/dev/fd/3", hashbang=True, filename="/dev/fd/3").scripts()


def test_otherwise_it_is_the_interpreters_argument():
    assert argument(b"sh\0-e\0job.sh\0secret") == "/srv/job.sh"
    assert argument(b"sh\0-c\0echo secret") is None
    assert argument(b"") is None
    assert argument(b"sh\0j\xffb.sh") == "/srv/j\udcffb.sh"
    assert argument(b"bash\0/dev/fd/63") is None
    assert argument(b"sh\0/job.sh", root="/srv/jail") == "/srv/jail/job.sh"


def test_a_directory_given_to_python_is_run_by_a_file_in_it():
    (script,) = event(b"python3\0app", interpreter="python3.11").scripts()
    assert script == Script(("/srv/app", "/srv/app/__main__.py"), certain=False)


def test_what_the_record_has_no_room_for_is_no_script_and_not_forgotten_either():
    long = b"sh\0/" + b"x" * CMDLINE_MAX
    cut = b"sh\0-e\0-o\0" + b"-x\0" * CMDLINE_MAX
    for cmdline in (long, cut):
        with pytest.raises(ParseError):
            event(cmdline[:CMDLINE_MAX]).scripts()
    assert argument(long[: CMDLINE_MAX - 1]) == "/" + "x" * (CMDLINE_MAX - 5)
    assert argument(b"sh\0job.sh\0".ljust(CMDLINE_MAX, b"x")) == "/srv/job.sh"
    assert argument(b"sh\0-c\0".ljust(CMDLINE_MAX, b"x")) is None
    for names in (
        {"filename": "/" + "x" * 254},
        {"filename": "job.sh", "directory": ""},
        {"filename": "/job.sh", "root": ""},
    ):
        with pytest.raises(ParseError):
            event(b"", hashbang=True, **names).scripts()


def test_absolute():
    assert absolute("a", "/b/", "/") == "/b/a"
    assert absolute("", "/b", "/") is None
    assert absolute("a", "", "/") is None
    assert absolute("/a", "/b", "/c") == "/c/a"


@given(st.binary(max_size=200) | st.binary(min_size=900, max_size=3600))
def test_any_bytes_give_an_event_or_a_parse_error(data):
    try:
        found = parse_script_event(data)
    except ParseError:
        return
    assert len(found.cmdline) <= CMDLINE_MAX
    with suppress(ParseError):
        found.scripts()
