"""Which script an event of the kernel tells; its layout is compared with that of the compiled object elsewhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from javert.errors import ParseError
from javert.formats.kernel_records import CMDLINE_MAX, Who
from javert.formats.script_records import ScriptEvent, absolute, parse_script_event
from javert.model.telemetry import ProcessKey

WHO = Who(ProcessKey(1, 2), 3, 4, 5, 6, 0, 7, 8, "job", "cron")


def event(cmdline: bytes, *, hashbang: bool = False, filename: str = "/usr/bin/dash", directory: str = "/srv"):
    return ScriptEvent(1, hashbang, WHO, "dash", filename, directory, cmdline)


@pytest.mark.parametrize(
    ("filename", "directory", "script"),
    [
        ("/opt/job.sh", "/srv", "/opt/job.sh"),
        ("./job.sh", "/srv", "/srv/./job.sh"),
        ("job.sh", "/", "/job.sh"),
        ("job.sh", "", None),
        ("/dev/fd/3", "/srv", None),
    ],
)
def test_a_script_that_the_kernel_ran_is_the_file_that_was_executed(filename, directory, script):
    assert event(b"/bin/sh\0anything", hashbang=True, filename=filename, directory=directory).script() == script


def test_otherwise_it_is_the_interpreters_argument():
    assert event(b"sh\0-e\0job.sh\0secret").script() == "/srv/job.sh"
    assert event(b"sh\0-c\0echo secret").script() is None
    assert event(b"").script() is None


def test_an_argument_that_may_be_cut_is_not_believed():
    long = b"sh\0/" + b"x" * CMDLINE_MAX
    assert event(long[:CMDLINE_MAX]).script() is None
    assert event(long[: CMDLINE_MAX - 1]).script() == "/" + "x" * (CMDLINE_MAX - 5)


def test_absolute():
    assert absolute("a", "/b/") == "/b/a"
    assert absolute("", "/b") is None


@given(st.binary(max_size=200) | st.binary(min_size=2184, max_size=2300))
def test_any_bytes_give_an_event_or_a_parse_error(data):
    try:
        found = parse_script_event(data)
    except ParseError:
        return
    assert len(found.cmdline) <= CMDLINE_MAX
    found.script()
