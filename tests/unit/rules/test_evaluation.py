"""From telemetry and verdicts to an assessment in words."""

import msgspec
import pytest

from javert.catalogue import lookup
from javert.catalogue.lookup import Language
from javert.model.assessment import Outcome, RunState
from javert.model.draft import FindingDraft, RuleVerdict
from javert.model.moment import timestamp
from javert.model.rule_id import RuleId, Severity
from javert.model.telemetry import Heartbeat, Limitation, NetworkNamespace, RunEnded, SensorReport
from javert.model.view import assemble
from javert.rules.evaluation import evaluate, fingerprint
from javert.rules.interface import Rule

DEP = RuleId.SOFTWARE_WITHOUT_DEP
PORT = RuleId.UNUSED_LISTENING_TCP_PORT
START = 1_795_453_200.0


def clear(rule=DEP, **verdict):
    answer = RuleVerdict(outcome=Outcome.CLEAR, **verdict)
    return Rule(id=rule, evaluate=lambda telemetry: answer)


@pytest.fixture
def judge(run_started):
    """Evaluates records after the start of a run, in English, with the given rules."""

    def run(*records, rules, language=Language.ENGLISH, asked=None, ended=True, **start):
        end = [RunEnded(ended_at=START + 3600)] if ended else []
        return evaluate(
            assemble([run_started(**start), *records, *end]), language, rules=asked, registry=tuple(rules)
        )

    return run


@pytest.fixture
def finding_texts(monkeypatch):
    """Words for a finding named "stand-in" whose title takes the value ``path``."""
    words = {
        f"finding.stand-in.{part}": lookup.Text(f"{part} {{path}}", f"{part}。{{path}}")
        for part in ("title", "description", "recommendation")
    }
    known = lookup._texts()
    monkeypatch.setattr(lookup, "_texts", lambda: known | words)


@pytest.fixture
def draft(attributes_of_every_rule):
    """Makes a draft of a finding about a path."""

    def make(path="/opt/x", **fields):
        made = FindingDraft(
            identity=(path,),
            text="stand-in",
            params={"path": path},
            attributes=attributes_of_every_rule[DEP],
            first_seen=START,
            last_seen=START + 60,
        )
        return msgspec.structs.replace(made, **fields)

    return make


def finding_rule(*drafts, rule=DEP):
    answer = RuleVerdict(outcome=Outcome.FINDING, findings=drafts)
    return Rule(id=rule, evaluate=lambda telemetry: answer)


def outcomes(assessment):
    return {result.id: result.outcome for result in assessment.rules}


def titles(assessment):
    return [exclusion.title for exclusion in assessment.exclusions]


def test_a_clear_rule_of_a_whole_run_leaves_nothing_to_say(judge):
    assessment = judge(rules=[clear(coverage={"files": 3})])
    assert outcomes(assessment) == {DEP: Outcome.CLEAR}
    assert assessment.rules[0].coverage == {"files": 3}
    assert assessment.findings == assessment.exclusions == ()
    assert assessment.run.state is RunState.COMPLETED
    assert assessment.run.started_at == "2026-11-23T17:00:00.000Z"
    assert assessment.run.ended_at == "2026-11-23T18:00:00.000Z"
    assert assessment.run.duration_s == 3600.0
    assert assessment.language == "en"


def test_a_finding_gets_its_words_severity_and_times(judge, draft, finding_texts):
    (finding,) = judge(rules=[finding_rule(draft())]).findings
    assert (finding.title, finding.description, finding.recommendation) == (
        "title /opt/x",
        "description /opt/x",
        "recommendation /opt/x",
    )
    assert finding.severity is Severity.MEDIUM
    assert finding.numeric_severity == 6.0
    assert finding.first_seen == "2026-11-23T17:00:00.000Z"
    assert finding.last_seen == "2026-11-23T17:01:00.000Z"
    assert finding.attributes["running_pids"] == [10, 11]


def test_a_finding_in_japanese(judge, draft, finding_texts):
    assessment = judge(rules=[finding_rule(draft())], language=Language.JAPANESE)
    assert assessment.findings[0].title == "title。/opt/x"
    assert assessment.language == "ja"


def test_a_name_from_the_host_cannot_act_on_a_terminal_by_way_of_a_text(judge, draft, finding_texts):
    (finding,) = judge(rules=[finding_rule(draft("/opt/\x1b[2J\nNo findings"))]).findings
    assert finding.title == "title /opt/\\x1b[2J\\nNo findings"


def test_the_fingerprint_is_of_the_thing_and_not_of_the_run(judge, draft, finding_texts):
    (one,) = judge(rules=[finding_rule(draft())]).findings
    (again,) = judge(rules=[finding_rule(draft(first_seen=START + 9, params={"path": "/y"}))]).findings
    (other,) = judge(rules=[finding_rule(draft("/opt/z"))]).findings
    assert one.fingerprint == again.fingerprint != other.fingerprint
    assert len(one.fingerprint) == 32
    assert set(one.fingerprint) <= set("0123456789abcdef")


def test_the_fingerprint_keeps_its_parts_apart():
    assert fingerprint(DEP, "h", ("a", "b")) != fingerprint(DEP, "h", ("ab",))
    assert fingerprint(DEP, "h", ("a",)) != fingerprint(PORT, "h", ("a",))
    assert fingerprint(DEP, "h", ("a",)) != fingerprint(DEP, "g", ("a",))
    assert fingerprint(DEP, "h", ("\udcff",)) == fingerprint(DEP, "h", ("\udcff",))


def test_findings_come_worst_first_then_by_rule_then_by_title(judge, draft, finding_texts):
    rules = [
        finding_rule(draft("/b"), draft("/a"), rule=PORT),
        finding_rule(draft("/c"), rule=RuleId.ROOT_PROCESS_INSECURE_PERMISSIONS),
        finding_rule(draft("/e"), rule=DEP),
        finding_rule(draft("/d"), rule=RuleId.INSECURE_CLIENT_LOGIN),
    ]
    assert [finding.title[-1] for finding in judge(rules=rules).findings] == ["c", "d", "e", "a", "b"]


def test_a_limitation_that_blinds_turns_clear_into_not_available(judge):
    limitation = Limitation(
        code="sensor-unavailable", rules=(DEP,), blinds=True, params={"sensor": "s", "reason": "r"}
    )
    assessment = judge(limitation, rules=[clear(DEP), clear(PORT)])
    assert outcomes(assessment) == {DEP: Outcome.NOT_AVAILABLE, PORT: Outcome.CLEAR}


def test_a_limitation_that_does_not_blind_leaves_clear(judge):
    limitation = Limitation(code="sensor-unavailable", rules=(DEP,), params={"sensor": "s", "reason": "r"})
    assessment = judge(limitation, rules=[clear()])
    assert outcomes(assessment) == {DEP: Outcome.CLEAR}
    assert titles(assessment) == ["The sensor s could not start"]


def test_a_finding_stands_even_if_the_rule_was_half_blind(judge, draft, finding_texts):
    limitation = Limitation(
        code="sensor-unavailable", rules=(DEP,), blinds=True, params={"sensor": "s", "reason": "r"}
    )
    assert outcomes(judge(limitation, rules=[finding_rule(draft())])) == {DEP: Outcome.FINDING}


def test_a_rules_own_exclusion_blinds_it_too(judge):
    own = Limitation(code="rule-not-collected", rules=(DEP,), blinds=True, params={"rule": "x"})
    assessment = judge(rules=[clear(exclusions=(own,))])
    assert outcomes(assessment) == {DEP: Outcome.NOT_AVAILABLE}
    assert len(assessment.exclusions) == 1


def test_a_limitation_is_one_exclusion_for_each_rule_that_was_asked_for(judge):
    limitation = Limitation(
        code="sensor-unavailable",
        rules=(PORT, DEP, RuleId.INSECURE_SERVER_PROTOCOL),
        params={"sensor": "s", "reason": "r"},
    )
    assessment = judge(limitation, rules=[clear(DEP), clear(PORT)], asked=(DEP, PORT))
    assert [exclusion.rule_id for exclusion in assessment.exclusions] == [PORT, DEP]
    assert {exclusion.scope for exclusion in assessment.exclusions} == {"the host"}


def test_the_scope_of_a_limitation_is_kept(judge):
    limitation = Limitation(
        code="sensor-unavailable", rules=(DEP,), scope="/mnt\x1b", params={"sensor": "s", "reason": "r"}
    )
    assert judge(limitation, rules=[clear()]).exclusions[0].scope == "/mnt\\x1b"


@pytest.mark.parametrize("code", ["root-modules-way-unreadable", "root-modules-search-unread"])
def test_a_command_holds_a_name_from_the_host_as_one_word(judge, code):
    """Whoever named the file would choose what root runs who copies the command."""
    path = "/tmp/x;reboot;\n'$(halt)"
    limitation = Limitation(code=code, rules=(DEP,), scope=path, params={"path": path, "reason": "r"})
    (exclusion,) = judge(limitation, rules=[clear()]).exclusions
    assert exclusion.recommendation.endswith(" $'/tmp/x;reboot;\\x0a\\x27$(halt)'")


def test_a_limitation_without_words_is_told_all_the_same(judge):
    assessment = judge(Limitation(code="moon-phase", rules=(DEP,)), rules=[clear()])
    assert titles(assessment) == ["Something could not be looked at (moon-phase)"]


def test_a_limitation_whose_values_are_missing_is_told_all_the_same(judge):
    assessment = judge(Limitation(code="sensor-unavailable", rules=(DEP,)), rules=[clear()])
    assert titles(assessment) == ["Something could not be looked at (sensor-unavailable)"]


def test_a_rule_of_another_system_does_not_apply(judge, run_started):
    host = msgspec.structs.replace(run_started().host, os="windows")
    assessment = judge(rules=[clear(DEP), clear(PORT)], host=host)
    assert outcomes(assessment) == {DEP: Outcome.NOT_APPLICABLE, PORT: Outcome.CLEAR}


def test_a_rule_that_fails_is_an_error_and_the_others_answer(judge):
    def fail(telemetry):
        raise KeyError("secret of the host")

    assessment = judge(rules=[Rule(id=DEP, evaluate=fail), clear(PORT)])
    assert outcomes(assessment) == {DEP: Outcome.ERROR, PORT: Outcome.CLEAR}
    assert assessment.run.state is RunState.COMPLETED_WITH_ERRORS
    (exclusion,) = assessment.exclusions
    assert exclusion.rule_id is DEP
    assert "KeyError" in exclusion.description
    assert "secret" not in exclusion.description


def test_a_finding_without_words_is_the_rules_error(judge, draft):
    assessment = judge(rules=[finding_rule(draft(text="nonsense"))])
    assert outcomes(assessment) == {DEP: Outcome.ERROR}
    assert assessment.findings == ()


def test_only_the_rules_asked_for_are_judged(judge):
    assessment = judge(rules=[clear(DEP), clear(PORT)], asked=(PORT,))
    assert outcomes(assessment) == {PORT: Outcome.CLEAR}


def test_a_rule_asked_for_later_than_the_run_is_not_available(run_started):
    telemetry = assemble([run_started(rules=(PORT,)), RunEnded(ended_at=START + 3600)])
    assessment = evaluate(telemetry, Language.ENGLISH, rules=(DEP,), registry=(clear(DEP), clear(PORT)))
    assert outcomes(assessment) == {DEP: Outcome.NOT_AVAILABLE}
    assert titles(assessment) == ["Nothing was collected for the rule in this run"]
    assert "--rule software-without-dep" in assessment.exclusions[0].recommendation


def test_a_run_without_an_end_says_since_when_nothing_was_seen(judge):
    assessment = judge(Heartbeat(at=START + 600), rules=[clear()], ended=False)
    (exclusion,) = assessment.exclusions
    assert exclusion.rule_id is None
    assert exclusion.title == "The record of the run stops at 2026-11-23T17:10:00.000Z"
    assert "2026-11-23T18:00:00.000Z" in exclusion.description
    assert assessment.run.ended_at == "2026-11-23T17:10:00.000Z"
    assert assessment.run.state is RunState.COMPLETED_WITH_ERRORS


def test_an_interrupted_run_says_so(run_started):
    telemetry = assemble([run_started(), RunEnded(ended_at=START + 600, interrupted=True)])
    assessment = evaluate(telemetry, Language.ENGLISH, registry=(clear(),))
    assert titles(assessment) == ["The run was interrupted after 10 min of 1 h"]
    assert assessment.run.state is RunState.COMPLETED


@pytest.mark.parametrize(("seconds", "short"), [(179.0, True), (180.0, False)])
def test_a_run_below_three_minutes_says_that_it_is_short(run_started, seconds, short):
    telemetry = assemble([run_started(planned_s=seconds), RunEnded(ended_at=START + seconds)])
    assessment = evaluate(telemetry, Language.ENGLISH, registry=(clear(),))
    assert (titles(assessment) == ["The host was watched for 2 min 59 s only"]) is short


def test_lost_events_are_an_exclusion_of_the_rules_that_rest_on_the_sensor(judge):
    report = SensorReport(name="packets", started_at=START, records=1000, lost=7, rules=(PORT,))
    assessment = judge(report, rules=[clear(DEP), clear(PORT)])
    (exclusion,) = assessment.exclusions
    assert exclusion.rule_id is PORT
    assert exclusion.title == "Events of the sensor packets were lost: 7"
    assert "1000" in exclusion.description


def test_lost_events_of_a_sensor_that_names_no_rules_touch_all(judge):
    report = SensorReport(name="packets", started_at=START, lost=1)
    assessment = judge(report, rules=[clear(DEP), clear(PORT)], asked=(DEP, PORT))
    assert {exclusion.rule_id for exclusion in assessment.exclusions} == {DEP, PORT}


def test_a_run_without_root_says_so_once(judge):
    assessment = judge(rules=[clear(DEP), clear(PORT)], privileged=False)
    assert titles(assessment) == ["Javert did not run as root"]
    assert assessment.exclusions[0].rule_id is None


def test_addresses_come_from_the_hosts_own_namespace(judge, run_started):
    host = msgspec.structs.replace(run_started().host, addresses=())
    namespaces = [
        NetworkNamespace(inode=2, addresses=("10.0.0.1",)),
        NetworkNamespace(inode=1, initial=True, addresses=("127.0.0.1", "192.0.2.1", "::1")),
    ]
    assert judge(*namespaces, rules=[clear()], host=host).host.addresses == ("192.0.2.1",)


def test_a_sensor_that_never_ended_ended_with_the_run(judge):
    assessment = judge(SensorReport(name="s", started_at=START, records=4), rules=[clear()])
    (sensor,) = assessment.sensors
    assert (sensor.name, sensor.ended_at, sensor.records, sensor.lost) == ("s", "2026-11-23T18:00:00.000Z", 4, 0)


def test_a_timestamp_is_rfc_3339_in_utc():
    assert timestamp(0.0) == "1970-01-01T00:00:00.000Z"
    assert timestamp(1_795_453_200.0004) == "2026-11-23T17:00:00.000Z"
