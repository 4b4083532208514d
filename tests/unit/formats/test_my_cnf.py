"""Option files of MySQL and MariaDB, as far as they say whether TLS is demanded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from javert.formats.my_cnf import parse_arguments, parse_option_file, persisted, required

FILE = b"""# a comment
[client]
require_secure_transport = ON
[mysqld]
; another
datadir = "/srv/mysql"
skip-name-resolve
loose_require_secure_transport=1
!includedir /etc/mysql/conf.d/
!include /etc/mysql/more.cnf
"""


def test_the_options_of_the_servers_groups_are_read():
    read = parse_option_file(FILE)
    assert read.options == (("datadir", "/srv/mysql"), ("skip-name-resolve", ""), ("require-secure-transport", "1"))
    assert read.includes == ("/etc/mysql/conf.d/", "/etc/mysql/more.cnf")


@pytest.mark.parametrize(
    "group", ["mysqld", "server", "mariadb", "mariadbd", "mariadb-10.11", "mysqld-8.0", " mysqld "]
)
def test_groups_of_the_server(group):
    assert parse_option_file(f"[{group}]\nrequire-secure-transport\n".encode()).options


@pytest.mark.parametrize("group", ["client", "mysql", "mysqldump", "mysqld_safe", "galera"])
def test_groups_of_others(group):
    assert not parse_option_file(f"[{group}]\nrequire-secure-transport\n".encode()).options


@pytest.mark.parametrize(
    ("arguments", "on"),
    [
        ([], False),
        (["--require-secure-transport"], True),
        (["--require_secure_transport=ON"], True),
        (["--require-secure-transport=on", "--require-secure-transport=0"], False),
        (["--require-secure-transport=1", "--skip-require-secure-transport"], False),
        (["--enable-require-secure-transport"], True),
        (["--loose-require-secure-transport=TRUE"], True),
        (["-u", "require-secure-transport"], False),
    ],
)
def test_the_last_word_counts(arguments, on):
    assert required(parse_arguments(["mysqld", *arguments])) is on


def test_what_was_persisted_is_read():
    text = b'{"Version": 2, "mysql_dynamic_variables": {"require_secure_transport": {"Value": "%s"}}}'
    assert persisted(text % b"ON") is True
    assert persisted(text % b"OFF") is False
    assert persisted(b'{"Version": 2}') is None


@given(st.binary() | st.text().map(str.encode))
def test_any_bytes_are_read(data):
    assert required(parse_option_file(data).options) in (True, False)
    assert persisted(data) in (True, False, None)
