"""Asking every service of the matrix what it accepts: with Javert itself, and with its conversations alone."""

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tests.oracle.servers.place import Place, Spot
from tests.oracle.servers.records import Service, Transport, Where
from tests.probe_driver import Driven, drive

from javert.assessment.journal import read_records
from javert.model.telemetry import ServiceProbe
from javert.probes.interface import ServiceHint
from javert.probes.plan import conversation

NOWHERE = 54321
"""A port that suggests nothing."""

Key = tuple[Transport, str, int]
"""Where a service is: transport, the address it listens at, the port."""

JAVERT = Path(sys.executable).with_name("javert")


class Assessed(NamedTuple):
    """A run of Javert: the attributes of its findings, and what came of every service that it asked."""

    findings: dict[Key, list[dict[str, object]]]
    probes: dict[Key, ServiceProbe]


def assess(place: Place, *options: str) -> Assessed:
    """Let Javert look at the place from inside it, where it sees no other process or network.

    Raises:
        RuntimeError: it failed.
    """
    run_directory = place.directory / "run"
    command = ("assess", "--duration", "2s", "--rule", "insecure-server-protocol", "--format", "json")
    done = subprocess.run(
        place.command(JAVERT, *command, "--run-dir", run_directory, *options, network=True),
        capture_output=True,
        check=False,
        timeout=120,
    )
    if done.returncode:
        raise RuntimeError(f"javert ended with {done.returncode}: {done.stderr.decode()}")
    with (run_directory / "journal.jsonl").open("rb") as journal:
        records = [record for record in read_records(journal) if isinstance(record, ServiceProbe)]
    here = place.network_namespace
    probes = {(each.transport, each.address, each.port): each for each in records if each.network_namespace == here}
    findings: dict[Key, list[dict[str, object]]] = defaultdict(list)
    for finding in json.loads(done.stdout)["findings"]:
        each = finding["attributes"]
        if "probed" in each["evidence"]:  # others may be of the machine's own traffic, which the kernel tells too
            findings[Transport(each["transport"]), each["address"], each["port"]].append(each)
    return Assessed(findings, probes)


def key(spot: Spot, service: Service) -> Key:
    return service.transport, spot.address, spot.ports[service.port]


def talk_to_all(place: Place, spots: Sequence[Spot], *, knowing: bool) -> dict[Key, Driven]:
    """Have the conversations with all services beside each other.

    Args:
        place: where the servers are.
        spots: those that are asked.
        knowing: with the hint that the program and the port give; or with one that says nothing.
    """
    services = [(spot, service) for spot in spots for service in spot.server.services]
    with ThreadPoolExecutor(max_workers=32) as pool:
        talks = list(pool.map(lambda each: _talk_to(place, *each, knowing=knowing), services))
    return {key(*each): driven for each, driven in zip(services, talks, strict=True)}


def _talk_to(place: Place, spot: Spot, service: Service, *, knowing: bool) -> Driven:
    transport, address, port = key(spot, service)
    hint = ServiceHint(transport=transport, port=NOWHERE)
    if knowing or transport is Transport.UDP:  # nobody is asked over UDP of whom nothing is known
        hint = ServiceHint(transport=transport, port=service.port, program=spot.server.program)
    address = {"0.0.0.0": "127.0.0.1"}.get(address, address)

    def talk() -> Driven:
        return drive(conversation(hint), address, port, transport)

    return talk() if spot.server.where is Where.HOST else place.inside(talk)
