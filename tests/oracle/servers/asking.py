"""Asking every service of the matrix what it accepts."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tests.oracle.servers.place import Place, Spot
from tests.oracle.servers.records import Service, Transport, Where
from tests.probe_driver import Driven, drive

from javert.probes.interface import ServiceHint
from javert.probes.plan import conversation
from javert.sensors.linux.namespaces import NamespaceEntry, inside

ELSEWHERE = 54321
"""A port that suggests nothing."""


class Asked(NamedTuple):
    """What came of one service: asked with all that is known of it, and with nothing known but that it is there."""

    hinted: Driven
    unhinted: Driven


def ask_all(place: Place, spots: Sequence[Spot]) -> dict[tuple[int, int], Asked]:
    """Ask all services beside each other, by conversation alone; the result is by number of the spot and port."""
    questions = [(spot, service) for spot in spots for service in spot.server.services]
    with ThreadPoolExecutor(max_workers=40) as pool:
        asked = pool.map(lambda question: _ask(place, *question), questions)
        return {(spot.number, service.port): each for (spot, service), each in zip(questions, asked, strict=True)}


def _ask(place: Place, spot: Spot, service: Service) -> Asked:
    path = Path("/proc/self/ns/net") if spot.server.where is Where.HOST else place.network_namespace
    namespace = NamespaceEntry(path.stat().st_ino, os.fspath(path), 0, "")
    address = {"0.0.0.0": "127.0.0.1"}.get(spot.address, spot.address)
    port = spot.ports[service.port]

    def ask(hint: ServiceHint) -> Driven:
        return inside(namespace, lambda: drive(conversation(hint), address, port, service.transport))

    hinted = ask(ServiceHint(transport=service.transport, port=service.port, program=spot.server.program))
    if service.transport is Transport.UDP:  # nobody is asked there of whom nothing is known
        return Asked(hinted, hinted)
    return Asked(hinted, ask(ServiceHint(transport=service.transport, port=ELSEWHERE)))
