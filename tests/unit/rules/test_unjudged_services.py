"""How services are told of which it is not known what they accept; the rule's own tests say which those are."""

from javert.model.telemetry import ProbeOutcome
from javert.rules.reach import Reach
from javert.rules.unjudged_services import unjudged


def test_services_that_were_not_judged_are_told_apart_by_who_and_where(scene, container):
    servers = [scene.process("nginx", 50), scene.process("haproxy", 51)]
    listeners = [
        scene.listener("0.0.0.0", 80, servers[0]),
        scene.listener("0.0.0.0", 80, servers[1], network_namespace=container),
        scene.listener("127.0.0.1", 80),
    ]
    telemetry = scene.telemetry(*servers, *listeners, probing=True)
    assert unjudged(telemetry, Reach(telemetry)) == {
        "unasked": ["0.0.0.0:80 (haproxy, web)", "0.0.0.0:80 (nginx)", "127.0.0.1:80"]
    }


def test_a_listener_that_came_again_is_told_once(scene):
    server = scene.process("server", 50)
    telemetry = scene.telemetry(
        server,
        scene.listener("0.0.0.0", 80, server, closed_at=scene.at(5)),
        scene.listener("0.0.0.0", 80, server, opened_at=scene.at(6)),
        probing=True,
    )
    assert unjudged(telemetry, Reach(telemetry)) == {"unasked": ["0.0.0.0:80 (server)"]}


def test_a_published_port_that_was_not_judged_is_told_once(scene, published, container):
    telemetry = scene.telemetry(
        *published,
        scene.probe("0.0.0.0", 8080, ProbeOutcome.SILENT),
        scene.probe("0.0.0.0", 80, ProbeOutcome.SILENT, network_namespace=container),
        probing=True,
    )
    assert unjudged(telemetry, Reach(telemetry)) == {
        "silent": ["0.0.0.0:8080 (nginx)"],
        "unasked": ["[::]:8080 (nginx)"],
    }
