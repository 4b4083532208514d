"""Real servers, in every variant that matters, and what Javert says of each."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from tests.oracle.servers.asking import Assessed, Key, assess, key, talk_to_all
from tests.oracle.servers.documentation import DOCUMENT, in_words, rendered
from tests.oracle.servers.records import Expected, Server, Service, Where
from tests.oracle.servers.running import running
from tests.oracle.servers.table import SERVERS
from tests.probe_driver import Driven

from javert.model.telemetry import Acceptance, ProbeOutcome

pytestmark = [pytest.mark.root, pytest.mark.serial]

INSIDE = [server for server in SERVERS if server.where is not Where.HOST]
ON_THIS_MACHINE = [server for server in SERVERS if server.where is Where.HOST]


def services(servers: list[Server]) -> pytest.MarkDecorator:
    """Once for every service of these servers, by name."""
    cases = [
        pytest.param(server, service, id=f"{server.slug}-{service.port}")
        for server in servers
        for service in server.services
    ]
    return pytest.mark.parametrize(("server", "service"), cases)


def acceptable(expected: Expected) -> set[str]:
    """What may be said of the service, in words."""
    return set(map(in_words, expected)) if isinstance(expected, frozenset) else {in_words(expected)}


class Matrix(NamedTuple):
    """Every server inside, asked twice: by Javert, and by its conversations, knowing nothing."""

    assessed: Assessed
    unknowing: dict[Key, Driven]
    keys: dict[tuple[str, int], Key]


@pytest.fixture(scope="module")
def matrix(machine: None) -> Iterator[Matrix]:
    with running(INSIDE) as (place, spots):
        keys = {
            (spot.server.slug, service.port): key(spot, service)
            for spot in spots
            for service in spot.server.services
        }
        assessed = assess(place)
        yield Matrix(assessed, talk_to_all(place, spots, knowing=False), keys)


@pytest.fixture(scope="module")
def on_this_machine(machine: None) -> Iterator[dict[tuple[str, int], Driven]]:
    """Servers on the machine's own network, each asked by conversation: Javert itself would ask all others too."""
    with running(ON_THIS_MACHINE) as (place, spots):
        talks = talk_to_all(place, spots, knowing=True)
        yield {
            (spot.server.slug, service.port): talks[key(spot, service)]
            for spot in spots
            for service in spot.server.services
        }


@services(INSIDE)
def test_javert_tells_what_it_accepts(matrix: Matrix, server: Server, service: Service) -> None:
    probe = matrix.assessed.probes[matrix.keys[server.slug, service.port]]
    said = in_words(probe.answers if probe.outcome is ProbeOutcome.ANSWERED else probe.outcome)
    assert said in acceptable(service.expected)


@services(INSIDE)
def test_a_finding_follows_where_it_goes_on_in_the_clear(matrix: Matrix, server: Server, service: Service) -> None:
    findings = matrix.assessed.findings[matrix.keys[server.slug, service.port]]
    answers = service.expected if isinstance(service.expected, tuple) else ()
    insecure = {(each.protocol, each.acceptance.value) for each in answers if each.acceptance.insecure}
    assert {(each["protocol"], each["verdict"]) for each in findings} == insecure


@services(INSIDE)
def test_the_hint_never_decides(matrix: Matrix, server: Server, service: Service) -> None:
    """With nothing known of the service the same is found out, or nothing; never anything else."""
    answers = matrix.unknowing[matrix.keys[server.slug, service.port]].answers
    undecided = all(answer.acceptance is Acceptance.UNDECIDED for answer in answers)
    assert undecided or in_words(answers) == in_words(service.expected)


@services(ON_THIS_MACHINE)
def test_on_127_0_0_1_of_this_machine(
    on_this_machine: dict[tuple[str, int], Driven], server: Server, service: Service
) -> None:
    answers = on_this_machine[server.slug, service.port].answers
    assert in_words(answers) == (in_words(service.expected) if isinstance(service.expected, tuple) else "")


def test_the_documentation_shows_this_table() -> None:
    text = DOCUMENT.read_text()
    assert text == rendered(text), "run python -m tests.oracle.servers --write"
