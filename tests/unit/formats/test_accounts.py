"""Lines of passwd(5) and group(5), compared with the C library on this machine's files."""

import grp
import pwd
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from javert.formats.accounts import Account, AccountGroup, parse_group, parse_passwd


def test_lines_that_are_accounts():
    assert parse_passwd(b"root:x:0:0:root:/root:/bin/sh\napp:*:1000:100::/:\n") == (
        Account(name="root", uid=0, gid=0),
        Account(name="app", uid=1000, gid=100),
    )
    assert parse_group(b"root:x:0:\nstaff:x:50:app,bea\n") == (
        AccountGroup(name="root", gid=0, members=()),
        AccountGroup(name="staff", gid=50, members=("app", "bea")),
    )


def test_lines_that_are_none_are_skipped():
    lines = b"\n#root:x:0:0:::\n+::::::\nx:x:-1:0:::\nx:x:1:y:::\nshort:x:1\nbig:x:4294967296:0:::\n:x:1:1:::\n"
    assert parse_passwd(lines) == ()
    assert parse_group(b"\n#a:x:1:\n+:::\na:x::\na:x:1:b:c\n") == ()


def test_the_c_library_reads_the_same():
    users = {account.name: (account.uid, account.gid) for account in parse_passwd(Path("/etc/passwd").read_bytes())}
    assert users
    assert users == {name: pwd.getpwnam(name)[2:4] for name in users}
    for group in parse_group(Path("/etc/group").read_bytes()):
        assert (group.gid, list(group.members)) == grp.getgrnam(group.name)[2:4]


@given(st.binary(max_size=120) | st.text("ab:0,\n", max_size=60).map(str.encode))
def test_any_bytes_give_accounts(data):
    assert all(0 <= account.uid < 1 << 32 for account in parse_passwd(data))
    assert all("" not in group.members for group in parse_group(data))
