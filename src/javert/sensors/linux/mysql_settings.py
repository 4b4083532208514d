"""Whether a MySQL or MariaDB server demands TLS, as it was started: it tells nobody who is not logged in."""

from pathlib import Path

from javert.formats.cmdline import split
from javert.formats.my_cnf import (
    DATA_DIRECTORY,
    OptionFile,
    parse_arguments,
    parse_option_file,
    persisted,
    required,
)

_PROGRAMS = frozenset({"mysqld", "mariadbd"})
_DEFAULT_FILES = ("/etc/my.cnf", "/etc/mysql/my.cnf")
_DATA = "/var/lib/mysql"
_MOST_BYTES = 1 << 20
_MOST_FILES = 100


def demands_tls(pid: int, program: str) -> bool | None:
    """What its command line and option files say of ``require_secure_transport``.

    Args:
        pid: the server; files are looked up in its own root directory.
        program: base name of its executable.

    Returns:
        None if it is no such server or its files cannot be read. What was set since by SET GLOBAL is not seen.
    """
    if program not in _PROGRAMS:
        return None
    process = Path(f"/proc/{pid}")
    try:
        arguments = split((process / "cmdline").read_bytes())
        given = parse_arguments(arguments)
        options = (*_from_files(process / "root", dict(given)), *given)
        data = dict(options).get(DATA_DIRECTORY) or _DATA
        kept = persisted(_contents(process / "root", f"{data}/mysqld-auto.cnf"))
    except OSError:
        return None
    return required(options) if kept is None else kept


def _from_files(root: Path, given: dict[str, str]) -> list[tuple[str, str]]:
    if "no-defaults" in given:
        return []
    files = [given["defaults-file"]] if "defaults-file" in given else list(_DEFAULT_FILES)
    if "defaults-extra-file" in given and "defaults-file" not in given:
        files.append(given["defaults-extra-file"])
    options: list[tuple[str, str]] = []
    done: set[str] = set()
    while files and len(done) < _MOST_FILES:
        name = files.pop(0)
        if name in done:
            continue
        done.add(name)
        read = _read(root, name)
        options += read.options
        files = [*read.includes, *files]
    return options


def _read(root: Path, name: str) -> OptionFile:
    """A file, or the ``*.cnf`` files of a directory as what it includes."""
    path = root / name.lstrip("/")
    if path.is_dir():
        return OptionFile((), tuple(f"{name.rstrip('/')}/{one.name}" for one in sorted(path.glob("*.cnf"))))
    return parse_option_file(_contents(root, name))


def _contents(root: Path, name: str) -> bytes:
    """At most a mebibyte of the file; nothing if there is none. Raises OSError if it may not be read."""
    try:
        with (root / name.lstrip("/")).open("rb") as file:
            return file.read(_MOST_BYTES)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return b""
