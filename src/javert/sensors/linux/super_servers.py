"""What inetd and xinetd start for the clients of a socket that they hold."""

import itertools
from collections.abc import Sequence
from pathlib import Path

from javert.formats.addresses import is_unspecified
from javert.formats.super_servers import (
    HeldService,
    included_by_xinetd,
    parse_inetd,
    parse_services,
    parse_xinetd,
)
from javert.model.telemetry import Transport

_INETD = frozenset({"inetd", "inetutils-inetd", "openbsd-inetd"})
_XINETD = "xinetd"
_INETD_FILES = ("/etc/inetd.conf", "/etc/inetd.d")
_XINETD_FILES = ("/etc/xinetd.conf",)
_SERVICES = "/etc/services"
_MOST_BYTES = 1 << 20
_MOST_FILES = 200


def started_by(
    pid: int, name: str, arguments: Sequence[str], *, transport: Transport, address: str, port: int
) -> str:
    """The program that a super-server starts for who connects there; "" if it is none, or that cannot be told.

    Args:
        pid: the process that holds the socket. Its own root directory is looked in.
        name: its name, as in ``/proc/PID/comm``.
        arguments: its command line, which may name the configuration.
        transport: of the socket.
        address: to which it is bound.
        port: to which it is bound.
    """
    if name[:15] in {one[:15] for one in _INETD}:  # the kernel keeps 15 characters of a name
        held = _of_inetd(pid, arguments)
    elif name == _XINETD:
        held = _of_xinetd(pid, arguments)
    else:
        return ""
    root = Path(f"/proc/{pid}/root")
    ports = parse_services(_read(root / _SERVICES.lstrip("/")))
    for service in held:
        number = int(service.service) if service.service.isdecimal() else ports.get((service.service, transport))
        here = not service.address or service.address == address or is_unspecified(address)
        if service.transport is transport and number == port and here:
            return service.starts
    return ""


def _of_inetd(pid: int, arguments: Sequence[str]) -> tuple[HeldService, ...]:
    named = tuple(argument for argument in arguments[1:] if argument.startswith("/"))
    return tuple(service for data in _contents(pid, named or _INETD_FILES) for service in parse_inetd(data))


def _of_xinetd(pid: int, arguments: Sequence[str]) -> tuple[HeldService, ...]:
    named = [value for option, value in itertools.pairwise(arguments) if option == "-f"]
    files = named or list(_XINETD_FILES)
    held: list[HeldService] = []
    for number, name in enumerate(files):
        if number >= _MOST_FILES:
            break
        for data in _contents(pid, (name,)):
            held += parse_xinetd(data)
            files += (other for other in included_by_xinetd(data) if other not in files)
    return tuple(held)


def _contents(pid: int, names: tuple[str, ...]) -> list[bytes]:
    """What the files hold; of a directory, all its files in order, as both super-servers read them."""
    root = Path(f"/proc/{pid}/root")
    found: list[bytes] = []
    for name in names:
        path = root / name.lstrip("/")
        try:
            inside = sorted(one for one in path.iterdir() if "." not in one.name and not one.name.endswith("~"))
        except OSError:
            inside = [path]
        found += map(_read, inside[:_MOST_FILES])
    return found


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MOST_BYTES and path.is_file():
            return b""
        with path.open("rb") as file:
            return file.read(_MOST_BYTES)
    except OSError:
        return b""  # not there, or the process has ended
