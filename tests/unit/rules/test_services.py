"""A port that is published for a container is one service, shown where others reach it."""

import pytest

from javert.catalogue.lookup import Language, passage
from javert.model.telemetry import Acceptance, ProbeAnswer, ProbeOutcome, PublishedPort
from javert.rules.insecure_server_protocol import RULE

ANSWERED = ProbeOutcome.ANSWERED
HTTP = ProbeAnswer(protocol="http", acceptance=Acceptance.CLEARTEXT_ONLY, product="nginx")


def _judge(scene, *records):
    return RULE.evaluate(scene.telemetry(*records, probing=True))


def _description(finding, language=Language.ENGLISH):
    return passage((f"finding.{finding.text}.description", *finding.also), language, finding.params)


@pytest.fixture
def inside(scene, container):
    """What was asked of, and came to, the container's own listener."""
    return (
        scene.probe("0.0.0.0", 80, ANSWERED, HTTP, network_namespace=container),
        scene.server("172.17.0.2", 80, scene.use("http"), network_namespace=container, connections=3),
    )


@pytest.fixture
def outside(scene):
    """What was asked of, and came to, the host's port."""
    return (
        scene.probe("0.0.0.0", 8080, ANSWERED, HTTP),
        scene.probe("::", 8080, ANSWERED, HTTP),
        scene.server("127.0.0.1", 8080, scene.use("http"), peer_loopback=True),
    )


def test_a_published_port_is_one_finding_of_who_serves_it(scene, published, inside, outside):
    (finding,) = _judge(scene, *published, *inside, *outside).findings
    attributes = finding.attributes
    assert (attributes.address, attributes.port, attributes.exposure) == ("0.0.0.0", 8080, "host")
    assert (attributes.process.name, attributes.software) == ("nginx", "nginx")
    assert attributes.evidence == ("observed", "probed")
    for language in Language:
        assert "172.17.0.2:80" in _description(finding, language)
        assert "-p 127.0.0.1:8080:80" in passage(finding.advice, language, finding.params)


def test_a_connection_that_was_handed_on_is_counted_once(scene, published, inside, outside):
    (finding,) = _judge(scene, *published, *inside, *outside).findings
    assert finding.params["connections"] == "3"


def test_what_only_one_of_the_two_told_is_known_of_both(scene, published, inside, outside):
    silent = (scene.probe(address, 8080, ProbeOutcome.SILENT) for address in ("0.0.0.0", "::"))
    verdict = _judge(scene, *published, *inside, *silent)
    assert len(verdict.findings) == 1
    assert verdict.exclusions == ()
    verdict = _judge(scene, *published, *outside)
    assert len(verdict.findings) == 1
    assert verdict.exclusions == ()


def test_a_port_of_the_container_that_is_not_published_is_its_own(scene, published, container):
    admin = scene.listener("0.0.0.0", 9000, scene.process("admin", 9), network_namespace=container)
    probe = scene.probe("0.0.0.0", 9000, ANSWERED, HTTP, network_namespace=container)
    (finding,) = _judge(scene, *published, scene.process("admin", 9), admin, probe).findings
    assert (finding.attributes.port, finding.attributes.exposure) == (9000, "container")


def test_a_container_published_at_two_ports_is_found_at_both(scene, published, inside):
    proxy = published[0]
    second = scene.listener("127.0.0.1", 8081, proxy, publishes=PublishedPort("172.17.0.2", 80))
    found = _judge(scene, *published, second, *inside).findings
    assert {(one.attributes.port, one.attributes.exposure) for one in found} == {(8080, "host"), (8081, "loopback")}


def test_a_published_port_whose_container_is_not_seen_is_its_holders(scene, published, outside):
    proxy, _web, on_host, on_host6, _inside = published
    (finding,) = _judge(scene, proxy, on_host, on_host6, *outside).findings
    assert finding.attributes.process.name == "docker-proxy"
    assert "172.17.0.2:80" in _description(finding)
