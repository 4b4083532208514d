"""What the network rules say of a capture, in which there is neither a host nor a process."""

import msgspec
import pytest

from javert.catalogue.lookup import Language
from javert.model.assessment import Outcome
from javert.model.rule_id import TRAFFIC_RULES, RuleId
from javert.model.telemetry import Encryption, Endpoint, Host, ProtocolUse, Role, RunEnded, Transport
from javert.model.view import assemble
from javert.rules import insecure_client_general, insecure_server_protocol
from javert.rules.evaluation import evaluate

HTTP = ProtocolUse(protocol="http", encryption=Encryption.NONE, first_seen=5.0, last_seen=6.0)


@pytest.fixture
def captured(run_started):
    """Telemetry of a capture with these endpoints; it is one second long and begins at the epoch."""

    def make(*endpoints, name="lan.pcap"):
        host = Host(hostname=name, os="", kernel="", architecture="")
        started = run_started(host=host, capture=True, started_at=0.0)
        numbered = [msgspec.structs.replace(one, id=number) for number, one in enumerate(endpoints)]
        return assemble([started, *numbered, RunEnded(ended_at=1.0)])

    return make


def endpoint(role=Role.CLIENT, client="192.0.2.1", address="198.51.100.2", uses=(HTTP,), **fields):
    return Endpoint(
        id=0,
        role=role,
        transport=Transport.TCP,
        network_namespace=0,
        address=address,
        port=80,
        client=client,
        connections=1,
        uses=uses,
        **fields,
    )


def test_one_finding_a_client(captured):
    telemetry = captured(endpoint(), endpoint(address="198.51.100.3"), endpoint(client="192.0.2.9"))
    findings = insecure_client_general.RULE.evaluate(telemetry).findings
    assert [(one.attributes.client, one.attributes.remote_count) for one in findings] == [
        ("192.0.2.1", 2),
        ("192.0.2.9", 1),
    ]
    assert len({one.identity for one in findings}) == 2
    assert {one.attributes.process.pid for one in findings} == {0}


@pytest.mark.parametrize(
    ("client", "address", "found"),
    [
        ("192.0.2.1", "198.51.100.2", True),
        ("192.0.2.1", "192.0.2.1", False),
        ("127.0.0.1", "127.0.0.2", False),
        ("127.0.0.1", "192.0.2.1", False),
        ("2001:db8::1", "2001:db8::1", False),
        ("2001:db8::1", "2001:db8::2", True),
    ],
)
def test_remote_means_another_address(captured, client, address, found):
    verdict = insecure_client_general.RULE.evaluate(captured(endpoint(client=client, address=address)))
    assert verdict.outcome is (Outcome.FINDING if found else Outcome.CLEAR)


def test_a_service_is_found_without_a_process_or_a_listener(captured):
    (finding,) = insecure_server_protocol.RULE.evaluate(captured(endpoint(Role.SERVER, client=""))).findings
    assert (finding.attributes.address, finding.attributes.exposure) == ("198.51.100.2", "host")
    assert finding.text.split(".")[-1] == "captured"


@pytest.mark.parametrize("language", list(Language))
def test_the_words_speak_of_machines_and_not_of_processes(captured, language):
    telemetry = captured(endpoint(), endpoint(Role.SERVER, client=""))
    for finding in evaluate(telemetry, language).findings:
        words = finding.title + finding.description + finding.recommendation
        assert "198.51.100.2:80" in words
        assert "pid" not in words
        assert "?" not in words


def test_rules_that_need_a_host_do_not_apply(captured):
    outcomes = {rule.id: rule.outcome for rule in evaluate(captured(endpoint()), Language.ENGLISH).rules}
    assert {rule for rule, outcome in outcomes.items() if outcome is Outcome.NOT_APPLICABLE} == set(RuleId) - set(
        TRAFFIC_RULES
    )


def test_nothing_is_excluded_for_being_short_or_unprivileged(captured):
    assert evaluate(captured(endpoint()), Language.ENGLISH).exclusions == ()


def test_the_name_of_the_file_is_not_part_of_a_finding(captured):
    prints = {
        evaluate(captured(endpoint(), name=name), Language.ENGLISH).findings[0].fingerprint for name in ("a", "b")
    }
    assert len(prints) == 1
