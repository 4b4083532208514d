"""What a super-server starts when a client comes: inetd.conf(5), xinetd.conf(5) and services(5)."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from javert.model.telemetry import Transport

INTERNAL = "internal"
"""Stands for a service that the super-server itself gives, such as echo or daytime."""

_WRAPPER = "tcpd"
"""The TCP wrapper, tcpd(8): the program it stands for is its first argument."""
_TRANSPORTS = {"tcp": Transport.TCP, "udp": Transport.UDP}
_XINETD_WORD = re.compile(r"\s*([A-Za-z_]+)\s*(?:[+-]?=)\s*(.*?)\s*$")
_MOST_SERVICES = 10_000


class HeldService(NamedTuple):
    """A service for which a super-server listens.

    Attributes:
        service: a port, or a name of services(5).
        address: "" for every address.
        starts: the program, or ``INTERNAL``.
    """

    service: str
    transport: Transport
    address: str
    starts: str


def parse_inetd(data: bytes) -> tuple[HeldService, ...]:
    """The services of an inetd.conf; lines that are none are skipped, as inetd skips them."""
    found = []
    for line in _lines(data):
        fields = line.split()
        if len(fields) < 6 or fields[0].startswith("#"):
            continue
        transport = _TRANSPORTS.get(fields[2][:3])  # tcp, tcp4, tcp6only … with options behind a comma
        if transport is None or "/" in fields[0]:  # a Unix socket, an RPC or TCPMUX service
            continue
        address, _, service = fields[0].rpartition(":")
        program = fields[5]
        if program.rpartition("/")[2] == _WRAPPER and len(fields) > 6:
            program = fields[6]
        found.append(HeldService(service, transport, "" if address == "*" else address.strip("[]"), program))
    return tuple(found[:_MOST_SERVICES])


def parse_xinetd(data: bytes) -> tuple[HeldService, ...]:
    """The enabled services of one xinetd file; what it includes is for the caller to read."""
    found = []
    for name, values in _blocks(data):
        transport = _TRANSPORTS.get(values.get("protocol", _of_type(values.get("socket_type", "stream"))))
        if transport is None or values.get("disable", "no") == "yes":
            continue
        starts = INTERNAL if "INTERNAL" in values.get("type", "") else values.get("server", "")
        address = values.get("bind", values.get("interface", ""))
        found.append(HeldService(values.get("port", name), transport, address, starts))
    return tuple(found[:_MOST_SERVICES])


def included_by_xinetd(data: bytes) -> tuple[str, ...]:
    """The files and directories that ``include`` and ``includedir`` lines name."""
    words = (line.split(None, 1) for line in _lines(data))
    return tuple(pair[1].strip() for pair in words if len(pair) == 2 and pair[0] in ("include", "includedir"))


def parse_services(data: bytes) -> dict[tuple[str, Transport], int]:
    """Ports by name (aliases too) and transport, from services(5)."""
    found: dict[tuple[str, Transport], int] = {}
    for line in _lines(data):
        name, *rest = line.partition("#")[0].split() or [""]
        port, _, protocol = (rest or [""])[0].partition("/")
        transport = _TRANSPORTS.get(protocol)
        if name and transport is not None and port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536:
            for alias in (name, *rest[1:]):
                found.setdefault((alias, transport), int(port))
    return found


def _blocks(data: bytes) -> Iterator[tuple[str, dict[str, str]]]:
    """``service NAME { … }`` with what it sets."""
    name = ""
    values: dict[str, str] = {}
    for line in _lines(data):
        words = line.split()
        if not words or words[0].startswith("#") or words[0] == "{":
            continue
        if words[0] == "service" and len(words) > 1:
            name, values = words[1], {}
        elif words[0] == "}":
            if name:
                yield name, values
            name, values = "", {}
        elif match := _XINETD_WORD.match(line):
            values[match[1].lower()] = match[2]


def _of_type(socket_type: str) -> str:
    return "udp" if socket_type == "dgram" else "tcp"


def _lines(data: bytes) -> list[str]:
    return data.decode("utf-8", "backslashreplace").splitlines()
