"""Cleartext protocols to remote hosts that are not for logging in."""

import pytest

from javert.catalogue.lookup import Language, text
from javert.model.assessment import Outcome
from javert.model.telemetry import Encryption
from javert.rules.cleartext import LOGIN_PROTOCOLS, OTHER_PROTOCOLS
from javert.rules.insecure_client_general import RULE


@pytest.mark.parametrize("protocol", sorted(OTHER_PROTOCOLS))
def test_every_cleartext_protocol_is_a_finding_with_texts(scene, protocol):
    client = scene.process("client")
    (finding,) = RULE.evaluate(
        scene.telemetry(client, scene.client("198.51.100.2", 9999, scene.use(protocol), process=client))
    ).findings
    assert finding.attributes.protocol == protocol
    for language in Language:
        for part in ("title", "description", "recommendation"):
            assert text(f"finding.{finding.text}.{part}", language, finding.params)


@pytest.mark.parametrize(
    "protocol", [*sorted(LOGIN_PROTOCOLS), "tls", "ssh", "quic", "dtls", "dns", "snmpv3", "unknown"]
)
def test_other_protocols_are_not(scene, protocol):
    client = scene.process("client")
    endpoint = scene.client("198.51.100.2", 80, scene.use(protocol), process=client)
    verdict = RULE.evaluate(scene.telemetry(client, endpoint))
    assert verdict.outcome is Outcome.CLEAR


def test_an_ftp_login_is_the_login_rules(scene):
    client = scene.process("lftp")
    endpoint = scene.client("198.51.100.2", 21, scene.use("ftp", account_login=True), process=client)
    assert RULE.evaluate(scene.telemetry(client, endpoint)).findings == ()


@pytest.mark.parametrize("encryption", [Encryption.UPGRADED, Encryption.FULL, Encryption.UNKNOWN])
def test_what_is_or_may_be_encrypted_is_no_finding(scene, encryption):
    client = scene.process("mail")
    endpoint = scene.client("198.51.100.2", 25, scene.use("smtp", encryption), process=client)
    assert RULE.evaluate(scene.telemetry(client, endpoint)).findings == ()


def test_connections_of_a_mixed_endpoint_are_those_that_were_read(scene):
    client = scene.process("mail")
    uses = (scene.use("smtp", flows=2), scene.use("smtp", Encryption.UPGRADED, flows=5))
    endpoint = scene.client("198.51.100.2", 25, *uses, process=client, connections=100)
    (finding,) = RULE.evaluate(scene.telemetry(client, endpoint)).findings
    assert finding.attributes.remotes[0].connections == 2


def test_tried_connections_that_never_completed_are_no_finding(scene):
    client = scene.process("curl")
    endpoint = scene.client("198.51.100.2", 80, scene.by_port(), process=client, connections=0, refused=3)
    assert RULE.evaluate(scene.telemetry(client, endpoint)).findings == ()


def test_what_javert_may_have_caused_is_left_out_and_said_so(scene):
    proxy = scene.process("haproxy", 50)
    prompted = scene.client("198.51.100.2", 80, scene.use("http"), process=proxy, prompted=True)
    verdict = RULE.evaluate(scene.telemetry(proxy, prompted))
    assert verdict.findings == ()
    (exclusion,) = verdict.exclusions
    assert (exclusion.code, exclusion.scope) == ("client-traffic-prompted", "/usr/bin/haproxy")
    assert "198.51.100.2:80" in exclusion.params["remotes"]
    own = scene.client("198.51.100.3", 80, scene.use("http"), process=proxy)
    verdict = RULE.evaluate(scene.telemetry(proxy, prompted, own))
    assert verdict.exclusions == ()
    (finding,) = verdict.findings
    assert [remote.address for remote in finding.attributes.remotes] == ["198.51.100.3"]
