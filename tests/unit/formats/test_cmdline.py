"""Command lines lose everything that could be a secret."""

import pytest

from javert.formats.cmdline import MASK, redact, split


def nothing(_path):
    return False


def everything(_path):
    return True


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ([], ""),
        (["curl"], "curl"),
        (["/usr/bin/curl"], "curl"),
        (["mysql", "--password=hunter2"], f"mysql --password={MASK}"),
        (["mysql", "--password", "hunter2"], f"mysql --password {MASK}"),
        (["mysql", "-phunter2"], f"mysql -p{MASK}"),
        (["mysql", "-p", "hunter2"], f"mysql -p {MASK}"),
        (["curl", "-u", "me:hunter2", "http://me:hunter2@host/"], f"curl -u {MASK}"),
        (["env", "TOKEN=hunter2", "job"], f"env {MASK}"),
        (["tool", "--hunter2"], f"tool {MASK}"),
        (["tool", "---hunter"], f"tool {MASK}"),
        (["tool", "--", "-x"], "tool -- -x"),
        (["tool", "-", "-1"], f"tool {MASK} -1"),
        (["tool", "-12345678"], f"tool {MASK}"),
        (["tool", "--a=line\nhunter2"], f"tool --a={MASK}"),
        (["tool", "--ab\nhunter"], f"tool {MASK}"),
        (["tool", ""], f"tool {MASK}"),
    ],
)
def test_what_could_be_a_secret_is_masked(arguments, shown):
    assert redact(arguments, nothing) == shown


def test_paths_are_shown_only_if_they_exist():
    """A password may begin with a slash, too."""
    assert redact(["nginx", "-c", "/etc/nginx/nginx.conf"], lambda path: path == "/etc/nginx/nginx.conf") == (
        "nginx -c /etc/nginx/nginx.conf"
    )
    assert redact(["nginx", "-c", "/hunter2"], nothing) == f"nginx -c {MASK}"


def test_the_root_directory_and_relative_paths_are_not_shown():
    assert redact(["ls", "/", "etc"], everything) == f"ls {MASK}"


def test_runs_of_masks_do_not_tell_how_many_they_were():
    assert redact(["tool", "a", "b", "c", "-v", "d", "e"], nothing) == f"tool {MASK} -v {MASK}"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("sshd: root@pts/0", "sshd:"),
        ("/usr/bin/python3.11 -c secret", "python3.11"),
        ("/opt/some where/tool", "some"),
        ("!!secret!!", MASK),
        ("x" * 33, MASK),
        ("", MASK),
    ],
)
def test_of_the_program_only_its_name_is_shown(name, shown):
    assert redact([name], nothing) == shown


def test_a_program_that_lies_where_it_says_keeps_its_path():
    assert redact(["/usr/sbin/nginx"], everything) == "/usr/sbin/nginx"


def test_long_command_lines_end_early():
    assert redact(["tool", *(["-v"] * 23)], nothing) == "tool" + " -v" * 23
    assert redact(["tool", *(["-v"] * 24)], nothing) == "tool" + " -v" * 23 + " …"


@pytest.mark.parametrize(
    ("raw", "arguments"),
    [
        (b"", []),
        (b"\0\0", []),
        (b"sh\0-c\0true\0", ["sh", "-c", "true"]),
        (b"sh\0\0-c\0", ["sh", "", "-c"]),
        (b"sh\0--password=hun", ["sh", "--password=hun"]),
        (b"\xff\0", [r"\xff"]),
    ],
)
def test_arguments_end_at_nul(raw, arguments):
    assert split(raw) == arguments
