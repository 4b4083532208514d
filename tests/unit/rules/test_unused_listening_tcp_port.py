"""A TCP listener to which nothing came is unused; what cannot be told is an exclusion."""

import pytest

from javert.catalogue.lookup import Language, text
from javert.model.assessment import Outcome
from javert.model.rule_id import RuleId
from javert.model.telemetry import EarlierSilence, Limitation, PublishedPort, Transport
from javert.rules.unused_listening_tcp_port import RULE, silence_after


def test_a_silent_listener_is_a_finding_with_its_process(scene):
    nginx = scene.process("nginx", 50, user="root", uid=0)
    verdict = RULE.evaluate(scene.telemetry(nginx, scene.listener("0.0.0.0", 8080, nginx)))
    (finding,) = verdict.findings
    assert verdict.outcome is Outcome.FINDING
    attributes = finding.attributes
    assert (attributes.address, attributes.port, attributes.family) == ("0.0.0.0", 8080, "ipv4")
    assert (attributes.exposure, attributes.process.exe) == ("host", "/usr/bin/nginx")
    assert (attributes.listening_s, attributes.window_s) == (3600.0, 3600.0)
    for language in Language:
        for part in ("title", "description", "recommendation"):
            assert text(f"finding.{finding.text}.{part}", language, finding.params)


@pytest.mark.parametrize(
    ("bound", "came_to", "used"),
    [
        ("0.0.0.0", "192.0.2.7", True),
        ("0.0.0.0", "127.0.0.1", True),
        ("::", "192.0.2.7", True),
        ("::", "2001:db8::7", True),
        ("192.0.2.7", "192.0.2.7", True),
        ("127.0.0.1", "192.0.2.7", False),
    ],
)
def test_traffic_is_matched_by_port_and_address(scene, bound, came_to, used):
    server, other = scene.process("server"), scene.process("other", 2)
    listeners = [scene.listener(bound, 80, server, dual_stack=bound == "::")]
    listeners += [] if used else [scene.listener(came_to, 80, other)]
    verdict = RULE.evaluate(scene.telemetry(server, other, *listeners, scene.server(came_to, 80)))
    assert (verdict.findings == ()) is used


def test_traffic_in_another_namespace_or_over_udp_is_not_this_listeners(scene, container):
    server = scene.process("server")
    verdict = RULE.evaluate(
        scene.telemetry(
            server,
            scene.listener("0.0.0.0", 80, server),
            scene.server("172.17.0.2", 80, network_namespace=container),
            scene.server("192.0.2.7", 80, transport=Transport.UDP),
        )
    )
    assert len(verdict.findings) == 1


def test_an_attempt_that_was_never_completed_is_no_traffic(scene):
    server = scene.process("server")
    nothing = scene.server("192.0.2.7", 80, connections=0, bytes_in=0, refused=4)
    assert len(RULE.evaluate(scene.telemetry(server, scene.listener("0.0.0.0", 80, server), nothing)).findings) == 1


def test_one_service_on_both_wildcards_is_one_listener(scene):
    server = scene.process("server")
    both = [scene.listener("0.0.0.0", 80, server), scene.listener("::", 80, server)]
    (finding,) = RULE.evaluate(scene.telemetry(server, *both)).findings
    assert finding.attributes.family == "dual"
    assert RULE.evaluate(scene.telemetry(server, *both, scene.server("2001:db8::7", 80))).findings == ()


def test_a_dual_stack_socket_says_so(scene):
    server = scene.process("server")
    (finding,) = RULE.evaluate(scene.telemetry(server, scene.listener("::", 80, server, dual_stack=True))).findings
    assert finding.attributes.family == "dual"


def test_two_programs_on_one_port_of_different_addresses_are_two(scene):
    one, two = scene.process("one", 1), scene.process("two", 2)
    findings = RULE.evaluate(
        scene.telemetry(one, two, scene.listener("127.0.0.1", 80, one), scene.listener("192.0.2.7", 80, two))
    ).findings
    assert {finding.attributes.process.name for finding in findings} == {"one", "two"}


@pytest.mark.parametrize(
    ("opened", "closed", "window", "judged"),
    [
        (None, None, 5.0, True),
        (10.0, None, 3600.0, True),
        (3550.0, None, 3600.0, False),
        (10.0, 65.0, 600.0, False),
        (10.0, 75.0, 600.0, True),
        (10.0, 100.0, 3600.0, False),
        (None, 30.0, 3600.0, False),
    ],
)
def test_a_listener_must_be_there_for_a_minute_and_a_tenth_of_the_run(scene, opened, closed, window, judged):
    server = scene.process("server")
    listener = scene.listener(
        "0.0.0.0",
        80,
        server,
        opened_at=None if opened is None else scene.at(opened),
        closed_at=None if closed is None else scene.at(closed),
    )
    verdict = RULE.evaluate(scene.telemetry(server, listener, window_s=window))
    assert (len(verdict.findings) == 1) is judged
    assert [limit.code for limit in verdict.exclusions] == ([] if judged else ["listener-too-young"])


def test_a_listener_that_is_reopened_is_judged_by_all_its_time(scene):
    server = scene.process("server")
    first = scene.listener("0.0.0.0", 80, server, opened_at=scene.at(10), closed_at=scene.at(50))
    second = scene.listener("0.0.0.0", 80, server, opened_at=scene.at(52), closed_at=scene.at(92))
    (finding,) = RULE.evaluate(scene.telemetry(server, first, second, window_s=300)).findings
    assert finding.attributes.listening_s == 80.0


@pytest.mark.parametrize(("address", "exposure"), [("127.0.0.1", "loopback"), ("::1", "loopback"), ("::", "host")])
def test_exposure_is_told(scene, address, exposure):
    server = scene.process("server")
    (finding,) = RULE.evaluate(scene.telemetry(server, scene.listener(address, 80, server))).findings
    assert finding.attributes.exposure == exposure


def test_a_listener_of_a_container_is_told_apart(scene, container):
    server = scene.process("server")
    listener = scene.listener("0.0.0.0", 80, server, network_namespace=container)
    (finding,) = RULE.evaluate(scene.telemetry(server, listener)).findings
    assert finding.attributes.exposure == "container"
    assert "web" in finding.identity


def test_a_socket_held_by_systemd_names_the_unit(scene):
    systemd = scene.process("systemd", 1)
    (finding,) = RULE.evaluate(
        scene.telemetry(systemd, scene.listener("0.0.0.0", 631, systemd, unit="cups.socket"))
    ).findings
    assert finding.attributes.unit == "cups.socket"
    assert "cups.socket" in text(f"finding.{finding.text}.title", Language.ENGLISH, finding.params)


@pytest.mark.parametrize("code", ["connections-polled", "listeners-not-counted"])
def test_nothing_is_called_unused_where_connections_were_not_all_counted(scene, code):
    server = scene.process("server")
    verdict = RULE.evaluate(
        scene.telemetry(server, scene.listener("0.0.0.0", 80, server), Limitation(code=code, rules=(RULE.id,)))
    )
    assert verdict.outcome is Outcome.NOT_AVAILABLE
    assert verdict.findings == ()
    assert "0.0.0.0:80" in verdict.exclusions[0].params["ports"]


def test_udp_sockets_are_not_judged(scene):
    server = scene.process("server")
    verdict = RULE.evaluate(scene.telemetry(server, scene.listener("0.0.0.0", 53, server, transport=Transport.UDP)))
    assert verdict.outcome is Outcome.CLEAR


def test_silence_adds_up_over_runs(scene):
    server = scene.process("server")
    listener = scene.listener("0.0.0.0", 80, server)
    first = scene.telemetry(server, listener)
    after_one = silence_after(first)
    (finding,) = RULE.evaluate(scene.telemetry(server, listener, EarlierSilence(services=after_one))).findings
    attributes = finding.attributes
    assert (attributes.silent_runs, attributes.silent_s) == (2, 7200.0)
    assert finding.identity == after_one[0].identity
    assert "each of the 2 runs" in text(f"finding.{finding.text}.description", Language.ENGLISH, finding.params)
    (alone,) = RULE.evaluate(first).findings
    assert (alone.attributes.silent_runs, alone.attributes.silent_s) == (1, 3600.0)
    assert alone.identity == finding.identity


def test_traffic_ends_the_silence(scene):
    server = scene.process("server")
    listener = scene.listener("0.0.0.0", 80, server)
    earlier = EarlierSilence(services=silence_after(scene.telemetry(server, listener)))
    assert silence_after(scene.telemetry(server, listener, scene.server("192.0.2.7", 80), earlier)) == ()


def test_a_run_that_could_not_judge_a_service_neither_ends_nor_adds_to_its_silence(scene):
    server = scene.process("server")
    listener = scene.listener("0.0.0.0", 80, server)
    services = silence_after(scene.telemetry(server, listener))
    earlier = EarlierSilence(services=services)
    polled = Limitation(code="connections-polled", rules=())
    young = scene.listener("0.0.0.0", 80, server, opened_at=scene.at(3590))
    assert silence_after(scene.telemetry(earlier)) == services
    assert silence_after(scene.telemetry(server, listener, polled, earlier)) == services
    assert silence_after(scene.telemetry(server, young, earlier)) == services
    assert silence_after(scene.telemetry(server, listener, earlier, watched=False)) == services


def test_polling_that_sees_traffic_ends_the_silence_too(scene):
    server = scene.process("server")
    listener = scene.listener("0.0.0.0", 80, server)
    earlier = EarlierSilence(services=silence_after(scene.telemetry(server, listener)))
    polled = Limitation(code="connections-polled", rules=())
    assert silence_after(scene.telemetry(server, listener, polled, scene.server("192.0.2.7", 80), earlier)) == ()


def test_a_published_port_is_shown_once_as_what_it_is(scene, published):
    (finding,) = RULE.evaluate(scene.telemetry(*published)).findings
    assert (finding.attributes.port, finding.attributes.exposure) == (8080, "host")
    description = text(f"finding.{finding.text}.description", Language.ENGLISH, finding.params)
    assert "container (web), whose 172.17.0.2:80" in description


def test_traffic_that_the_kernel_sends_on_to_the_container_uses_the_published_port(scene, published, container):
    straight = scene.server("172.17.0.2", 80, network_namespace=container)
    verdict = RULE.evaluate(scene.telemetry(*published, straight))
    assert verdict.findings == ()
    assert verdict.coverage["listeners"] == verdict.coverage["used"] == 1


def test_traffic_to_another_port_of_the_container_does_not(scene, published, container):
    elsewhere = [
        scene.listener("0.0.0.0", 443, network_namespace=container),
        scene.server("172.17.0.2", 443, network_namespace=container),
    ]
    assert len(RULE.evaluate(scene.telemetry(*published, *elsewhere)).findings) == 1


def test_a_published_port_whose_container_is_not_seen_is_told_alone(scene, published):
    proxy, _web, on_host, _on_host6, _inside = published
    (finding,) = RULE.evaluate(scene.telemetry(proxy, on_host)).findings
    assert finding.attributes.port == 8080
    assert "container (172.17.0.2)" in text(f"finding.{finding.text}.description", Language.ENGLISH, finding.params)


def test_what_javert_may_have_caused_makes_a_port_neither_used_nor_unused(scene):
    backend = scene.process("backend", 70)
    records = [backend, scene.listener("127.0.0.1", 8080, backend)]
    prompted = scene.server("127.0.0.1", 8080, prompted=True, peer_loopback=True)
    verdict = RULE.evaluate(scene.telemetry(*records, prompted))
    assert verdict.findings == ()
    assert [(one.code, one.scope) for one in verdict.exclusions] == [("port-traffic-prompted", "127.0.0.1:8080")]
    assert (verdict.coverage["used"], verdict.coverage["unused"], verdict.coverage["not_judged"]) == (0, 0, 1)
    assert silence_after(scene.telemetry(*records, prompted)) == ()
    used = RULE.evaluate(scene.telemetry(*records, prompted, scene.server("127.0.0.1", 8080)))
    assert (used.exclusions, used.coverage["used"]) == ((), 1)


def test_a_socket_for_ipv6_alone_leaves_ipv4_to_the_one_beside_it(scene):
    six, four = scene.process("six", 1), scene.process("four", 2)
    both = [six, four, scene.listener("::", 80, six), scene.listener("0.0.0.0", 80, four)]
    (finding,) = RULE.evaluate(scene.telemetry(*both, scene.server("192.0.2.7", 80))).findings
    assert finding.attributes.process.name == "six"
    (finding,) = RULE.evaluate(scene.telemetry(*both, scene.server("2001:db8::7", 80))).findings
    assert finding.attributes.process.name == "four"


def test_connections_to_ports_nobody_listens_on_were_handed_to_some_listener(scene, container):
    """TPROXY: the accepted socket has the port that the client asked for, not the listener's."""
    proxy, other = scene.process("proxy", 1), scene.process("other", 2)
    verdict = RULE.evaluate(
        scene.telemetry(
            proxy,
            other,
            scene.listener("0.0.0.0", 15001, proxy, network_namespace=container),
            scene.listener("0.0.0.0", 22, other),
            scene.server("203.0.113.9", 443, network_namespace=container),
        )
    )
    assert [finding.attributes.port for finding in verdict.findings] == [22], "nothing was redirected on the host"
    assert [(one.code, one.scope) for one in verdict.exclusions] == [
        ("port-traffic-redirected", "0.0.0.0:15001 (web)")
    ]
    assert verdict.exclusions[0].blinds


def test_a_sensor_that_failed_leaves_nothing_called_unused(scene):
    server = scene.process("server")
    failed = Limitation(code="sensor-failed", rules=(RULE.id,), scope="network", blinds=True)
    telemetry = scene.telemetry(server, scene.listener("0.0.0.0", 80, server), failed)
    verdict = RULE.evaluate(telemetry)
    assert (verdict.outcome, verdict.findings) == (Outcome.NOT_AVAILABLE, ())
    assert [one.code for one in verdict.exclusions] == ["unused-ports-unprovable"]
    assert silence_after(telemetry) == ()


def test_what_only_cannot_be_told_of_other_rules_is_no_reason(scene):
    server = scene.process("server")
    failed = Limitation(code="sensor-failed", rules=(RuleId.SOFTWARE_WITHOUT_DEP,), blinds=True)
    assert RULE.evaluate(scene.telemetry(server, scene.listener("0.0.0.0", 80, server), failed)).findings


def test_sleep_is_no_silence(scene):
    """Ten hours of a laptop's sleep are no evidence that nobody uses what began to listen a moment before."""
    server = scene.process("server")
    listener = scene.listener("0.0.0.0", 80, server, opened_at=scene.at(10))
    verdict = RULE.evaluate(scene.telemetry(server, listener, window_s=36000, asleep_s=35970))
    assert [one.code for one in verdict.exclusions] == ["listener-too-young"]
    (finding,) = RULE.evaluate(
        scene.telemetry(server, scene.listener("0.0.0.0", 80, server), window_s=36000, asleep_s=35900)
    ).findings
    assert (finding.attributes.listening_s, finding.attributes.silent_s) == (100.0, 100.0)


def test_services_that_read_alike_count_a_run_once(scene):
    server = scene.process("server")
    alike = [scene.listener("0.0.0.0", 80, server, network_namespace=inode) for inode in (61, 62)]
    first = silence_after(scene.telemetry(server, *alike))
    assert [one.runs for one in first] == [1]
    again = silence_after(scene.telemetry(server, *alike, EarlierSilence(services=first)))
    assert [one.runs for one in again] == [2]
    used = scene.server("192.0.2.7", 80, network_namespace=61)
    assert silence_after(scene.telemetry(server, *alike, used, EarlierSilence(services=first))) == ()


@pytest.fixture
def held(scene, container):
    """A port that Podman's conmon holds for a container; which of the container's is not told."""
    conmon = scene.process("conmon", 7, uid=0, user="root")
    web = scene.process("web", 8)

    def build(*ports, network_namespace=container):
        publishes = PublishedPort(network_namespace=network_namespace)
        inside = [scene.listener("0.0.0.0", port, web, network_namespace=container) for port in ports]
        return [conmon, web, scene.listener("0.0.0.0", 8080, conmon, publishes=publishes), *inside]

    return build


def test_a_port_held_for_the_only_port_of_a_container_leads_there(scene, held, container):
    (finding,) = RULE.evaluate(scene.telemetry(*held(80))).findings
    assert finding.attributes.port == 8080
    description = text(f"finding.{finding.text}.description", Language.ENGLISH, finding.params)
    assert "container (web), whose 172.17.0.2:80" in description
    straight = scene.server("172.17.0.2", 80, network_namespace=container)
    assert RULE.evaluate(scene.telemetry(*held(80), straight)).findings == ()


def test_a_port_held_for_one_of_several_is_unused_if_nothing_came_to_any(scene, held):
    findings = RULE.evaluate(scene.telemetry(*held(80, 443))).findings
    assert [finding.attributes.port for finding in findings] == [8080, 80, 443]
    for language in Language:
        assert text(f"finding.{findings[0].text}.description", language, findings[0].params)


def test_a_port_held_for_one_of_several_is_not_judged_if_something_came(scene, held, container):
    straight = scene.server("172.17.0.2", 443, network_namespace=container)
    verdict = RULE.evaluate(scene.telemetry(*held(80, 443), straight))
    assert [finding.attributes.port for finding in verdict.findings] == [80]
    assert [(one.code, one.scope) for one in verdict.exclusions] == [("published-port-untold", "0.0.0.0:8080")]


def test_a_health_check_inside_the_container_is_no_traffic_of_its_published_port(scene, held, container):
    check = scene.server("127.0.0.1", 443, network_namespace=container, peer_loopback=True)
    findings = RULE.evaluate(scene.telemetry(*held(80, 443), check)).findings
    assert [finding.attributes.port for finding in findings] == [8080, 80]


def test_a_port_held_for_nobody_knows_whom_is_not_judged(scene, held):
    verdict = RULE.evaluate(scene.telemetry(*held(network_namespace=0)))
    assert verdict.findings == ()
    assert [one.code for one in verdict.exclusions] == ["published-port-untold"]


@pytest.mark.parametrize(
    ("bound", "others", "told"), [("0.0.0.0", False, 1), ("0.0.0.0", True, 0), ("127.0.0.1", False, 0)]
)
def test_what_only_a_health_check_uses_is_counted_apart(scene, bound, others, told):
    """It is used; that nobody but this host does so, though others could, is told in the coverage."""
    server = scene.process("server")
    records = [server, scene.listener(bound, 80, server), scene.server("127.0.0.1", 80, peer_loopback=True)]
    records += [scene.server("192.0.2.7", 80)] if others else []
    verdict = RULE.evaluate(scene.telemetry(*records))
    assert verdict.findings == ()
    assert (verdict.coverage["used"], verdict.coverage["used_only_from_loopback"]) == (1, told)


def test_what_cannot_be_proved_is_not_counted_as_unused(scene):
    server = scene.process("server")
    polled = Limitation(code="connections-polled", rules=(RULE.id,))
    coverage = RULE.evaluate(scene.telemetry(server, scene.listener("0.0.0.0", 80, server), polled)).coverage
    assert (coverage["listeners"], coverage["unused"], coverage["not_judged"]) == (1, 0, 1)


def test_a_namespace_without_a_name_is_told_by_its_number(scene):
    server = scene.process("server")
    listeners = [scene.listener("0.0.0.0", port, server, network_namespace=61) for port in (80, 81)]
    young = scene.listener("0.0.0.0", 82, server, network_namespace=61, opened_at=scene.at(3590))
    verdict = RULE.evaluate(scene.telemetry(server, *listeners, young))
    for finding in verdict.findings:
        for language in Language:
            assert "net:[61]" in text(f"finding.{finding.text}.description", language, finding.params)
    assert [one.scope for one in verdict.exclusions] == ["0.0.0.0:82 (server, 10 s, net:[61])"]
