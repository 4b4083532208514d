"""Of a Windows host rules and exclusions speak in its own words."""

import msgspec
import pytest

from javert.catalogue.lookup import Language, stem_for, text
from javert.model.assessment import Outcome
from javert.model.rule_id import RuleId
from javert.model.telemetry import Limitation
from javert.rules.evaluation import evaluate

PORT = RuleId.UNUSED_LISTENING_TCP_PORT
LINUX_WORDS = ("sudo", "systemctl", "journalctl", "BPF", "Linux", "as root", "df -h", "ss -tlnp")


@pytest.fixture
def judge(scene):
    def run(*records, language=Language.ENGLISH, privileged=True):
        telemetry = scene.telemetry(*records)
        host = msgspec.structs.replace(telemetry.started.host, os="windows", kernel="10.0.20348")
        started = msgspec.structs.replace(telemetry.started, host=host, privileged=privileged)
        return evaluate(msgspec.structs.replace(telemetry, started=started), language)

    return run


def test_the_rules_on_software_and_root_do_not_apply(judge):
    outcomes = {rule.id: rule.outcome for rule in judge().rules}
    assert outcomes[RuleId.SOFTWARE_WITHOUT_DEP] is Outcome.NOT_APPLICABLE
    assert outcomes[RuleId.ROOT_PROCESS_INSECURE_PERMISSIONS] is Outcome.NOT_APPLICABLE
    assert sum(outcome is Outcome.NOT_APPLICABLE for outcome in outcomes.values()) == 2


def test_a_port_of_a_service_names_the_service_and_how_to_stop_it(judge, scene):
    process = scene.process("svchost.exe", 4, exe=r"C:\Windows\System32\svchost.exe", unit="TermService")
    (finding,) = judge(process, scene.listener("0.0.0.0", 3389, process)).findings
    assert finding.title == "TCP port 0.0.0.0:3389 of TermService is listened on and unused"
    assert "for the service TermService" in finding.description
    assert "Stop-Service" in finding.recommendation


def test_a_port_of_another_program_is_not_told_to_use_systemd(judge, scene):
    process = scene.process("app.exe", 4, exe=r"C:\App\app.exe")
    found = judge(process, scene.listener("0.0.0.0", 9000, process), scene.listener("0.0.0.0", 9001)).findings
    assert len(found) == 2
    for finding in found:
        assert not any(word in finding.recommendation for word in LINUX_WORDS)
    assert any("netstat -abno" in finding.recommendation for finding in found)


@pytest.mark.parametrize("language", list(Language))
def test_what_polling_cannot_see_is_an_exclusion_and_no_port_is_unused(judge, scene, language):
    result = judge(
        scene.listener("0.0.0.0", 9000),
        Limitation(code="windows-connections-polled", rules=(PORT,), params={"reason": "denied"}, blinds=True),
        language=language,
        privileged=False,
    )
    assert result.findings == ()
    titles = {exclusion.title for exclusion in result.exclusions}
    assert text("limitation.not-root.windows.title", language) in titles
    assert text("limitation.windows-connections-polled.title", language) in titles
    for exclusion in result.exclusions:
        assert not any(word in exclusion.recommendation for word in LINUX_WORDS)


def test_a_stem_without_words_of_the_systems_own_stays():
    assert stem_for("limitation.not-root", "linux") == "limitation.not-root"
    assert stem_for("limitation.not-root", "windows") == "limitation.not-root.windows"
    assert stem_for("limitation.run-short", "windows") == "limitation.run-short"
