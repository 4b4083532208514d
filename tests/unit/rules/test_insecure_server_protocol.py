"""A service is judged by what clients were seen to say to it."""

import pytest

from javert.catalogue.lookup import Language, text
from javert.model.assessment import Outcome
from javert.model.telemetry import Encryption, Transport
from javert.rules.insecure_server_protocol import RULE


def _judge(scene, *uses, listener="0.0.0.0", port=80, **fields):
    server = scene.process("server", 50)
    return RULE.evaluate(
        scene.telemetry(
            server, scene.listener(listener, port, server), scene.server("192.0.2.7", port, *uses, **fields)
        )
    )


def test_a_cleartext_session_is_a_finding_with_the_listeners_process(scene):
    (finding,) = _judge(scene, scene.use("http", credentials_exposed=True), port=8443).findings
    attributes = finding.attributes
    assert (attributes.protocol, attributes.transport) == ("http", "tcp")
    assert (attributes.address, attributes.port) == ("0.0.0.0", 8443)
    assert (attributes.exposure, attributes.verdict) == ("host", "cleartext-only")
    assert attributes.process.exe == "/usr/bin/server"
    assert attributes.evidence == ("observed",)
    assert attributes.credentials_exposed
    for language in Language:
        for part in ("title", "description", "recommendation"):
            assert text(f"finding.{finding.text}.{part}", language, finding.params)


@pytest.mark.parametrize(
    ("uses", "verdict"),
    [
        ([("smtp", Encryption.NONE, {})], "cleartext-only"),
        ([("smtp", Encryption.REFUSED, {})], "cleartext-only"),
        ([("smtp", Encryption.OFFERED_NOT_USED, {})], "tls-optional"),
        ([("smtp", Encryption.NONE, {}), ("smtp", Encryption.UPGRADED, {})], "tls-optional"),
        ([("http", Encryption.NONE, {"redirect_only": True})], "redirect-only"),
        ([("http", Encryption.NONE, {"redirect_only": True}), ("http", Encryption.NONE, {})], "cleartext-only"),
        ([("snmpv1", Encryption.NONE, {})], "snmp-v1"),
        ([("snmpv2c", Encryption.NONE, {})], "snmp-v2c"),
    ],
)
def test_the_verdict_follows_what_was_seen(scene, uses, verdict):
    made = [scene.use(protocol, encryption, **fields) for protocol, encryption, fields in uses]
    (finding,) = _judge(scene, *made).findings
    assert finding.attributes.verdict == verdict


@pytest.mark.parametrize(
    ("protocol", "encryption"),
    [
        ("tls", Encryption.FULL),
        ("ssh", Encryption.FULL),
        ("smtp", Encryption.UPGRADED),
        ("snmpv3", Encryption.NONE),
        ("dns", Encryption.NONE),
    ],
)
def test_encrypted_and_other_sessions_are_none(scene, protocol, encryption):
    verdict = _judge(scene, scene.use(protocol, encryption))
    assert verdict.outcome is Outcome.CLEAR


def test_a_port_number_says_nothing_of_what_a_service_accepts(scene):
    verdict = _judge(scene, scene.by_port(), port=23)
    assert verdict.findings == ()


def test_two_protocols_at_one_port_are_two_findings(scene):
    assert {f.attributes.protocol for f in _judge(scene, scene.use("http"), scene.use("redis")).findings} == {
        "http",
        "redis",
    }


def test_one_service_reached_at_two_addresses_is_one_finding(scene):
    server = scene.process("server", 50)
    verdict = RULE.evaluate(
        scene.telemetry(
            server,
            scene.listener("0.0.0.0", 80, server),
            scene.server("192.0.2.7", 80, scene.use("http")),
            scene.server("127.0.0.1", 80, scene.use("http"), peer_loopback=True),
        )
    )
    assert len(verdict.findings) == 1
    assert not verdict.findings[0].attributes.used_only_from_loopback


def test_used_only_from_loopback_is_told(scene):
    (finding,) = _judge(scene, scene.use("http"), peer_loopback=True).findings
    assert finding.attributes.used_only_from_loopback


def test_a_service_over_udp_is_found_by_its_own_listener(scene):
    snmpd, other = scene.process("snmpd", 60), scene.process("other", 61)
    (finding,) = RULE.evaluate(
        scene.telemetry(
            snmpd,
            other,
            scene.listener("0.0.0.0", 161, other),
            scene.listener("0.0.0.0", 161, snmpd, transport=Transport.UDP),
            scene.server("192.0.2.7", 161, scene.use("snmpv2c"), transport=Transport.UDP),
        )
    ).findings
    assert finding.attributes.process.name == "snmpd"
    assert finding.attributes.transport == "udp"


def test_a_listener_that_is_gone_leaves_the_finding_without_a_process(scene):
    (finding,) = RULE.evaluate(scene.telemetry(scene.server("127.0.0.1", 80, scene.use("http")))).findings
    assert finding.attributes.process is None
    assert finding.attributes.exposure == "loopback"
    assert text(f"finding.{finding.text}.title", Language.ENGLISH, finding.params)


def test_what_nobody_talked_to_is_not_called_clear(scene):
    server = scene.process("server")
    verdict = RULE.evaluate(scene.telemetry(server, scene.listener("0.0.0.0", 80, server)))
    assert verdict.outcome is Outcome.NOT_AVAILABLE
    (exclusion,) = verdict.exclusions
    assert (exclusion.code, exclusion.params["where"]) == ("services-not-judged", "0.0.0.0:80")


def test_a_host_without_listeners_is_clear(scene):
    assert RULE.evaluate(scene.telemetry()).outcome is Outcome.CLEAR
    assert RULE.evaluate(scene.telemetry(watched=False)).outcome is Outcome.NOT_AVAILABLE
