"""Users and groups of a file tree that is not the host's own: passwd(5) and group(5)."""

from collections.abc import Iterator

import msgspec


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A line of passwd(5)."""

    name: str
    uid: int
    gid: int


class AccountGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A line of group(5)."""

    name: str
    gid: int
    members: tuple[str, ...]


def parse_passwd(data: bytes) -> tuple[Account, ...]:
    """The accounts in the file; lines that are none are skipped, as the C library skips them."""
    return tuple(
        Account(name=fields[0], uid=int(fields[2]), gid=int(fields[3]))
        for fields in _lines(data, 7)
        if _is_id(fields[2]) and _is_id(fields[3])
    )


def parse_group(data: bytes) -> tuple[AccountGroup, ...]:
    """The groups in the file; lines that are none are skipped, as the C library skips them."""
    return tuple(
        AccountGroup(name=fields[0], gid=int(fields[2]), members=tuple(filter(None, fields[3].split(","))))
        for fields in _lines(data, 4)
        if _is_id(fields[2])
    )


def _lines(data: bytes, count: int) -> Iterator[list[str]]:
    for line in data.decode("utf-8", "backslashreplace").split("\n"):
        fields = line.split(":")
        if len(fields) == count and fields[0] and not fields[0].startswith(("#", "+", "-")):
            yield fields


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) < 1 << 32
