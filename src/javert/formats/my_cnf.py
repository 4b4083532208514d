"""Option files of MySQL and MariaDB: "Using Option Files" in the MySQL 8.0 Reference Manual, 4.2.2.2."""

import re
from collections.abc import Iterable, Sequence

import msgspec

_SERVER_GROUPS = re.compile(r"(?:mysqld|mariadbd?|server)(?:-\d+\.\d+)?")
_TRUE, _FALSE = frozenset({"", "on", "true", "1", "yes"}), frozenset({"off", "false", "0", "no"})
_PERSISTED = re.compile(rb'"require_secure_transport"\s*:\s*\{\s*"Value"\s*:\s*"([A-Za-z0-9]{1,5})"')
REQUIRE_SECURE_TRANSPORT = "require-secure-transport"
DATA_DIRECTORY = "datadir"


class OptionFile(msgspec.Struct, frozen=True):
    """What one file says to the server.

    Attributes:
        options: name, with hyphens, and value; "" where it has none. Later ones win.
        includes: files and directories named by ``!include`` and ``!includedir``, in order.
    """

    options: tuple[tuple[str, str], ...]
    includes: tuple[str, ...]


def parse_option_file(data: bytes) -> OptionFile:
    """The options of the server's groups; lines that are none are skipped."""
    options: list[tuple[str, str]] = []
    includes: list[str] = []
    mine = False
    for line in map(str.strip, data.decode("utf-8", "backslashreplace").splitlines()):
        if line.startswith("!include"):
            includes += line.split(None, 1)[1:]
        elif line.startswith("["):
            mine = _SERVER_GROUPS.fullmatch(line.partition("]")[0][1:].strip()) is not None
        elif mine and line and line[0] not in "#;":
            options.append(_option(line))
    return OptionFile(tuple(options), tuple(includes))


def parse_arguments(arguments: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """The long options of the server's command line, argv[0] first, as ``OptionFile.options``."""
    return tuple(_option(argument[2:]) for argument in arguments[1:] if argument.startswith("--"))


def _option(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip().replace("_", "-").removeprefix("loose-"), value.strip().strip("'\"")


def required(options: Iterable[tuple[str, str]]) -> bool:
    """Whether ``require_secure_transport`` is on after these, in their order; it is off by default."""
    on = False
    for name, value in options:
        if name == REQUIRE_SECURE_TRANSPORT:
            on = value.lower() in _TRUE or (on and value.lower() not in _FALSE)
        elif name in (f"skip-{REQUIRE_SECURE_TRANSPORT}", f"disable-{REQUIRE_SECURE_TRANSPORT}"):
            on = False
        elif name == f"enable-{REQUIRE_SECURE_TRANSPORT}":
            on = True
    return on


def persisted(data: bytes) -> bool | None:
    """What ``SET PERSIST`` wrote of it to mysqld-auto.cnf (MySQL 8); None if nothing."""
    match = _PERSISTED.search(data)
    return match[1].decode("ascii").lower() in _TRUE if match else None
