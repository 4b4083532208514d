"""Logging in to remote machines in the clear is a finding; anything else is not this rule's."""

import pytest

from javert.catalogue.lookup import Language, text
from javert.model.assessment import Outcome
from javert.model.telemetry import Encryption, Limitation
from javert.rules.insecure_client_login import RULE


@pytest.mark.parametrize("protocol", ["telnet", "rlogin", "rsh", "rexec", "vnc"])
def test_a_login_protocol_to_a_remote_host_is_a_finding(scene, protocol):
    telnet = scene.process("client")
    verdict = RULE.evaluate(
        scene.telemetry(
            telnet,
            scene.client("198.51.100.2", 2323, scene.use(protocol, credentials_exposed=True), process=telnet),
        )
    )
    assert verdict.outcome is Outcome.FINDING
    attributes = verdict.findings[0].attributes
    assert attributes.protocol == protocol
    assert attributes.process.exe == "/usr/bin/client"
    assert attributes.credentials_exposed
    assert attributes.evidence == "payload"
    assert [(r.address, r.port, r.connections) for r in attributes.remotes] == [("198.51.100.2", 2323, 1)]


def test_ftp_counts_only_where_a_real_account_logs_in(scene):
    client = scene.process("lftp")
    anonymous = scene.client("198.51.100.2", 21, scene.use("ftp"), process=client)
    account = scene.client("198.51.100.3", 21, scene.use("ftp", account_login=True), process=client)
    assert RULE.evaluate(scene.telemetry(client, anonymous)).findings == ()
    (finding,) = RULE.evaluate(scene.telemetry(client, anonymous, account)).findings
    assert [remote.address for remote in finding.attributes.remotes] == ["198.51.100.3"]


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("127.0.0.1", False),
        ("127.8.8.8", False),
        ("::1", False),
        ("0.0.0.0", False),
        ("192.0.2.7", False),
        ("2001:db8::7", False),
        ("172.17.0.2", True),
        ("198.51.100.2", True),
    ],
)
def test_remote_is_anything_but_loopback_and_the_hosts_own_addresses(scene, address, found):
    client = scene.process("telnet")
    verdict = RULE.evaluate(scene.telemetry(client, scene.client(address, 23, scene.use("telnet"), process=client)))
    assert (verdict.outcome is Outcome.FINDING) is found


def test_a_container_on_the_same_host_counts_and_is_marked(scene):
    client = scene.process("telnet")
    (finding,) = RULE.evaluate(
        scene.telemetry(client, scene.client("172.17.0.2", 23, scene.use("telnet"), process=client))
    ).findings
    assert finding.attributes.remotes[0].same_host


def test_a_container_that_talks_to_the_host_itself_stays_on_the_host(scene, container):
    client = scene.process("telnet")
    endpoint = scene.client("192.0.2.7", 23, scene.use("telnet"), process=client, network_namespace=container)
    assert RULE.evaluate(scene.telemetry(client, endpoint)).findings == ()


def test_an_upgraded_session_is_no_finding(scene):
    client = scene.process("lftp")
    use = scene.use("ftp", Encryption.UPGRADED, account_login=True)
    assert (
        RULE.evaluate(scene.telemetry(client, scene.client("198.51.100.2", 21, use, process=client))).findings == ()
    )


def test_a_session_open_before_the_run_is_told_by_its_port_and_marked_so(scene):
    client = scene.process("telnet")
    (finding,) = RULE.evaluate(
        scene.telemetry(client, scene.client("198.51.100.2", 23, scene.by_port(), process=client))
    ).findings
    assert finding.attributes.evidence == "port"
    assert finding.attributes.protocol == "telnet"


def test_a_port_says_nothing_of_a_flow_whose_payload_was_read(scene):
    client = scene.process("strange")
    endpoint = scene.client("198.51.100.2", 23, scene.use("unknown", Encryption.UNKNOWN), process=client)
    assert RULE.evaluate(scene.telemetry(client, endpoint)).findings == ()


def test_one_finding_for_each_protocol_executable_user_and_container(scene):
    one, again = scene.process("telnet", 100), scene.process("telnet", 101)
    other = scene.process("telnet", 102, user="root", uid=0)
    contained = scene.process("telnet", 103, container="0123456789ab")
    records = [one, again, other, contained]
    flows = [scene.client("198.51.100.2", 23, scene.use("telnet"), process=process) for process in records]
    findings = RULE.evaluate(scene.telemetry(*records, *flows)).findings
    assert len(findings) == 3
    assert len({finding.identity for finding in findings}) == 3
    assert {finding.attributes.remotes[0].connections for finding in findings} == {1, 2}


def test_the_identity_holds_no_pid_and_no_remote(scene):
    def identity(pid: int, address: str) -> tuple[str, ...]:
        client = scene.process("telnet", pid)
        endpoint = scene.client(address, 23, scene.use("telnet"), process=client)
        (finding,) = RULE.evaluate(scene.telemetry(client, endpoint)).findings
        return finding.identity

    assert identity(100, "198.51.100.2") == identity(200, "198.51.100.3")


def test_only_the_busiest_remotes_are_listed_and_all_are_counted(scene):
    client = scene.process("telnet")
    flows = [
        scene.client(f"198.51.100.{n}", 23, scene.use("telnet"), process=client, connections=n)
        for n in range(1, 31)
    ]
    (finding,) = RULE.evaluate(scene.telemetry(client, *flows)).findings
    assert finding.attributes.remote_count == 30
    assert [remote.connections for remote in finding.attributes.remotes] == list(range(30, 10, -1))


def test_the_worst_use_of_encryption_is_told(scene):
    client = scene.process("lftp")
    uses = [
        scene.use("ftp", encryption, account_login=True)
        for encryption in (Encryption.NONE, Encryption.OFFERED_NOT_USED)
    ]
    (finding,) = RULE.evaluate(
        scene.telemetry(client, scene.client("198.51.100.2", 21, *uses, process=client, connections=2))
    ).findings
    assert finding.attributes.encryption == "offered-not-used"
    assert finding.attributes.remotes[0].connections == 2


def test_no_traffic_is_clear_only_if_somebody_watched(scene):
    assert RULE.evaluate(scene.telemetry()).outcome is Outcome.CLEAR
    assert RULE.evaluate(scene.telemetry(watched=False)).outcome is Outcome.NOT_AVAILABLE


def test_a_client_nobody_could_name_is_still_reported(scene):
    client = scene.process("gone")
    verdict = RULE.evaluate(
        scene.telemetry(
            scene.client("198.51.100.2", 23, scene.use("telnet"), process=client),
            Limitation(code="processes-not-readable", rules=()),
        )
    )
    (finding,) = verdict.findings
    assert finding.attributes.process.pid == 0
    for language in Language:
        for part in ("title", "description", "recommendation"):
            assert "?" not in text(f"finding.{finding.text}.{part}", language, finding.params)
