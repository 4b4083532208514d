"""Which script an event of the kernel tells; its layout is compared with that of the compiled object elsewhere."""

from contextlib import suppress

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
        ("/dev/fd/3", "/srv", None),
        ("j\udcffb.sh", "/srv", "/srv/j\udcffb.sh"),
    ],
)
def test_a_script_that_the_kernel_ran_is_the_file_that_was_executed(filename, directory, script):
    assert event(b"/bin/sh\0anything", hashbang=True, filename=filename, directory=directory).script() == script


def test_otherwise_it_is_the_interpreters_argument():
    assert event(b"sh\0-e\0job.sh\0secret").script() == "/srv/job.sh"
    assert event(b"sh\0-c\0echo secret").script() is None
    assert event(b"").script() is None
    assert event(b"sh\0j\xffb.sh").script() == "/srv/j\udcffb.sh"
    assert event(b"bash\0/dev/fd/63").script() is None


def test_what_the_record_has_no_room_for_is_no_script_and_not_forgotten_either():
    long = b"sh\0/" + b"x" * CMDLINE_MAX
    cut = b"sh\0-e\0-o\0" + b"-x\0" * CMDLINE_MAX
    for cmdline in (long, cut):
        with pytest.raises(ParseError):
            event(cmdline[:CMDLINE_MAX]).script()
    assert event(long[: CMDLINE_MAX - 1]).script() == "/" + "x" * (CMDLINE_MAX - 5)
    assert event(b"sh\0job.sh\0".ljust(CMDLINE_MAX, b"x")).script() == "/srv/job.sh"
    assert event(b"sh\0-c\0".ljust(CMDLINE_MAX, b"x")).script() is None
    with pytest.raises(ParseError):
        event(b"", hashbang=True, filename="/" + "x" * 254).script()
    with pytest.raises(ParseError):
        event(b"", hashbang=True, filename="job.sh", directory="").script()


def test_absolute():
    assert absolute("a", "/b/") == "/b/a"
    assert absolute("", "/b") is None
    assert absolute("a", "") is None


@given(st.binary(max_size=200) | st.binary(min_size=2184, max_size=2300))
def test_any_bytes_give_an_event_or_a_parse_error(data):
    try:
        found = parse_script_event(data)
    except ParseError:
        return
    assert len(found.cmdline) <= CMDLINE_MAX
    with suppress(ParseError):
        found.script()
