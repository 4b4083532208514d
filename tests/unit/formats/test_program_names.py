"""Names of programs on either system."""

import pytest

from javert.formats.program_names import program_name


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/usr/bin/ncat", "ncat"),
        ("/usr/bin/ncat (deleted)", "ncat"),
        ("/opt/Some Server/Server.exe", "Server.exe"),
        ("/opt/a\\b/c\\d", "c\\d"),
        (r"C:\Program Files\Nmap\ncat.exe", "ncat"),
        (r"d:\nginx\NGINX.EXE", "nginx"),
        (r"\\server\share\tool.exe", "tool"),
        (r"C:\bare", "bare"),
        ("", ""),
    ],
)
def test_the_name_of_a_program(path, name):
    assert program_name(path) == name
