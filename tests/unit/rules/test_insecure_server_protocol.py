"""A service is judged by what clients were seen to say to it, and by what it answered to Javert."""

import pytest

from javert.catalogue.lookup import Language, passage, text
from javert.catalogue.protocols import PROTOCOLS
from javert.model.assessment import Outcome
from javert.model.telemetry import Acceptance, Authentication, Encryption, ProbeAnswer, ProbeOutcome, Transport
from javert.rules.cleartext import SERVED_PROTOCOLS
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
    assert (exclusion.code, exclusion.params["where"]) == ("services-not-judged", "0.0.0.0:80 (server)")


def test_a_host_without_listeners_is_clear(scene):
    assert RULE.evaluate(scene.telemetry()).outcome is Outcome.CLEAR
    assert RULE.evaluate(scene.telemetry(watched=False)).outcome is Outcome.NOT_AVAILABLE


# ---------------------------------------------------------------- services that Javert asked


def _words(finding) -> str:
    keys = (f"finding.{finding.text}.title", f"finding.{finding.text}.description", *finding.also, *finding.advice)
    for language in Language:
        said = passage(keys, language, finding.params)
        assert "?" not in said
        assert "{" not in said.replace("{where}", "")
    return passage(keys, Language.ENGLISH, finding.params)


def _asked(scene, *answers, uses=(), listener="0.0.0.0", port=25, outcome=ProbeOutcome.ANSWERED, **fields):
    server = scene.process("server", 50)
    records = [
        server,
        scene.listener(listener, port, server),
        scene.probe(listener, port, outcome, *answers, **fields),
    ]
    if uses:
        records.append(scene.server("192.0.2.7", port, *uses, connections=3))
    return RULE.evaluate(scene.telemetry(*records, probing=True))


def _answer(protocol="smtp", acceptance=Acceptance.CLEARTEXT_ONLY, **fields):
    return ProbeAnswer(protocol=protocol, acceptance=acceptance, **fields)


@pytest.mark.parametrize(
    ("protocol", "acceptance"),
    [
        ("smtp", Acceptance.CLEARTEXT_ONLY),
        ("imap", Acceptance.TLS_OPTIONAL),
        ("http", Acceptance.REDIRECT_ONLY),
        ("snmpv1", Acceptance.SNMP_V1),
        ("snmpv2c", Acceptance.SNMP_V2C),
    ],
)
def test_what_a_service_answered_is_a_finding(scene, protocol, acceptance):
    verdict = _asked(scene, _answer(protocol, acceptance))
    (finding,) = verdict.findings
    assert verdict.outcome is Outcome.FINDING
    assert finding.attributes.verdict == acceptance.value
    assert finding.attributes.evidence == ("probed",)
    assert (finding.attributes.process.pid, finding.attributes.exposure) == (50, "host")
    assert not finding.attributes.used_only_from_loopback
    assert finding.first_seen == finding.last_seen == scene.at(7)
    words = _words(finding)
    assert "Javert asked it" in words
    assert "connections" not in words


@pytest.mark.parametrize(
    "acceptance", [one for one in Acceptance if not one.insecure and one is not Acceptance.UNDECIDED]
)
def test_what_demands_encryption_is_none(scene, acceptance):
    verdict = _asked(scene, _answer(acceptance=acceptance))
    assert (verdict.outcome, verdict.findings, verdict.exclusions) == (Outcome.CLEAR, (), ())


@pytest.mark.parametrize("protocol", ["ssh", "dns", "smb2", "tls", "something-new"])
def test_other_protocols_are_none_whatever_is_said_of_them(scene, protocol):
    assert _asked(scene, _answer(protocol)).findings == ()


@pytest.mark.parametrize("protocol", sorted(SERVED_PROTOCOLS))
def test_every_protocol_has_words(scene, protocol):
    (finding,) = _asked(scene, _answer(protocol, authentication=Authentication.NONE)).findings
    assert PROTOCOLS[protocol].name in _words(finding)


def test_a_service_that_was_asked_and_used_says_both(scene):
    (finding,) = _asked(scene, _answer(), uses=[scene.use("smtp", credentials_exposed=True)]).findings
    assert finding.attributes.evidence == ("observed", "probed")
    assert finding.attributes.credentials_exposed
    words = _words(finding)
    assert "during the run: 3." in words
    assert "changed" in words


CLEAR, OFFERED, UPGRADED = Encryption.NONE, Encryption.OFFERED_NOT_USED, Encryption.UPGRADED


@pytest.mark.parametrize(
    ("acceptance", "use", "verdict"),
    [
        (Acceptance.CLEARTEXT_ONLY, (CLEAR, {}), "cleartext-only"),
        (Acceptance.CLEARTEXT_ONLY, (UPGRADED, {}), "tls-optional"),
        (Acceptance.TLS_OPTIONAL, (CLEAR, {}), "tls-optional"),
        (Acceptance.REDIRECT_ONLY, (CLEAR, {"redirect_only": True}), "redirect-only"),
        (Acceptance.REDIRECT_ONLY, (CLEAR, {}), "cleartext-only"),
        (Acceptance.CLEARTEXT_ONLY, (CLEAR, {"redirect_only": True}), "cleartext-only"),
        (Acceptance.TLS_REQUIRED, (CLEAR, {}), None),
        (Acceptance.TLS_REQUIRED, (OFFERED, {}), None),
        (Acceptance.TLS_REQUIRED, (UPGRADED, {}), None),
        (Acceptance.TLS_REQUIRED, (OFFERED, {"credentials_exposed": True}), "tls-optional"),
        (Acceptance.UNDECIDED, (CLEAR, {}), "cleartext-only"),
        (Acceptance.UNDECIDED, (UPGRADED, {}), None),
    ],
)
def test_asked_and_used_are_put_together(scene, acceptance, use, verdict):
    encryption, fields = use
    judged = _asked(scene, _answer("http", acceptance), uses=[scene.use("http", encryption, **fields)])
    assert [finding.attributes.verdict for finding in judged.findings] == ([verdict] if verdict else [])
    for finding in judged.findings:
        _words(finding)


def test_a_contradiction_is_told(scene):
    use = scene.use("imap", OFFERED, credentials_exposed=True)
    (finding,) = _asked(scene, _answer("imap", Acceptance.TLS_REQUIRED), uses=[use]).findings
    assert finding.attributes.evidence == ("observed",)
    assert "It demanded TLS of Javert" in _words(finding)


def test_http_sent_to_a_port_of_tls_is_no_service_of_http(scene):
    tls = _answer("tls", Acceptance.TLS_ONLY)
    assert _asked(scene, tls, uses=[scene.use("http")], port=443).findings == ()
    assert len(_asked(scene, tls, uses=[scene.use("redis")], port=443).findings) == 1


def test_ipv4_and_ipv6_of_one_service_are_one_finding(scene):
    server = scene.process("server", 50)
    both = ("0.0.0.0", "::")
    (finding,) = RULE.evaluate(
        scene.telemetry(
            server,
            *(scene.listener(address, 25, server) for address in both),
            scene.probe("0.0.0.0", 25, ProbeOutcome.ANSWERED, _answer()),
            scene.probe("::", 25, ProbeOutcome.ANSWERED, _answer(acceptance=Acceptance.TLS_REQUIRED)),
            probing=True,
        )
    ).findings
    assert finding.attributes.verdict == "tls-optional"


def test_what_snmp_gives_away_is_told(scene):
    snmpd = scene.process("snmpd", 60)
    answers = (
        _answer("snmpv2c", Acceptance.SNMP_V2C, communities=("public",), product="Net-SNMP"),
        _answer("snmpv3", Acceptance.SNMP_V3_ONLY, without_privacy=True),
    )
    verdict = RULE.evaluate(
        scene.telemetry(
            snmpd,
            scene.listener("0.0.0.0", 161, snmpd, transport=Transport.UDP),
            scene.probe("0.0.0.0", 161, ProbeOutcome.ANSWERED, *answers, transport=Transport.UDP),
            probing=True,
        )
    )
    (finding,) = verdict.findings
    attributes = finding.attributes
    assert (attributes.verdict, attributes.communities) == ("snmp-v2c", ("public",))
    assert attributes.without_privacy
    assert attributes.software == "Net-SNMP"
    assert "public" in _words(finding)
    assert verdict.coverage["snmpv3_without_privacy"] == 1


@pytest.mark.parametrize(("protocol", "told"), [("redis", True), ("memcached", True), ("smtp", False)])
def test_that_nobody_need_log_in_is_told_where_it_matters(scene, protocol, told):
    (finding,) = _asked(scene, _answer(protocol, authentication=Authentication.NONE)).findings
    assert finding.attributes.authentication == "none"
    assert ("whoever reaches it" in _words(finding)) is told


# ---------------------------------------------------------------- services that could not be judged


@pytest.mark.parametrize("outcome", [one for one in ProbeOutcome if one is not ProbeOutcome.ANSWERED])
def test_why_a_service_is_not_judged_is_told(scene, outcome):
    verdict = _asked(scene, outcome=outcome)
    assert verdict.outcome is Outcome.NOT_AVAILABLE
    (exclusion,) = verdict.exclusions
    assert exclusion.code == f"services-not-judged-{outcome.value}"
    for part in ("title", "description", "recommendation"):
        for language in Language:
            assert text(f"limitation.{exclusion.code}.{part}", language, exclusion.params)


def test_what_turned_javert_away_is_not_judged(scene):
    verdict = _asked(scene, _answer("postgresql", Acceptance.UNDECIDED))
    assert verdict.findings == ()
    (exclusion,) = verdict.exclusions
    assert exclusion.code == "services-not-judged-undecided"
    assert exclusion.params["where"] == "0.0.0.0:25 (server, postgresql)"


def test_what_was_not_there_long_enough_is_not_judged(scene):
    server = scene.process("server")
    verdict = RULE.evaluate(scene.telemetry(server, scene.listener("0.0.0.0", 80, server), probing=True))
    assert [one.code for one in verdict.exclusions] == ["services-not-judged-unasked"]
    assert text("limitation.services-not-judged-unasked.title", Language.JAPANESE, {"count": "1"})


def test_what_clients_told_needs_no_answer(scene):
    verdict = _asked(scene, outcome=ProbeOutcome.SILENT, uses=[scene.use("http")], port=80)
    assert verdict.exclusions == ()
    assert len(verdict.findings) == 1


def test_traffic_that_javert_may_have_caused_shows_nothing(scene):
    backend = scene.process("backend", 70)
    prompted = scene.server("192.0.2.7", 8080, scene.use("http"), prompted=True)
    verdict = RULE.evaluate(scene.telemetry(backend, scene.listener("0.0.0.0", 8080, backend), prompted))
    assert verdict.findings == ()
    assert verdict.outcome is Outcome.NOT_AVAILABLE
