"""All six issues at once: every rule has found something, and nothing that was found is about Javert."""

import re
from collections import Counter

SEVERITY = {
    "root-process-insecure-permissions": ("High", 9.0),
    "insecure-client-login": ("Medium", 6.0),
    "software-without-dep": ("Medium", 6.0),
    "insecure-client-general": ("Low", 3.0),
    "unused-listening-tcp-port": ("Informational", 0.0),
    "insecure-server-protocol": ("Informational", 0.0),
}


def test_every_rule_has_findings(everything):
    assert {rule["id"]: rule["outcome"] for rule in everything.document["rules"]} == dict.fromkeys(
        SEVERITY, "FINDING"
    )


def test_the_scenario_has_these_findings_and_no_other(findings):
    """What each of them is, the tests named after the rules say."""
    assert {rule: len(findings(rule)) for rule in SEVERITY} == {
        "root-process-insecure-permissions": 5,
        "insecure-client-login": 5,
        "software-without-dep": 2,
        "insecure-client-general": 9,
        "unused-listening-tcp-port": 7,
        "insecure-server-protocol": 16,
    }


def test_findings_carry_their_severity_and_texts(everything):
    for one in everything.document["findings"]:
        assert (one["severity"], one["numeric_severity"]) == SEVERITY[one["rule_id"]]
        for part in ("title", "description", "recommendation"):
            assert one[part].strip(), one
            assert not re.search(r"(?<!\$)\{[a-z_]+\}", one[part]), "a placeholder that nobody filled in"
        assert one["first_seen"] <= one["last_seen"]


def test_no_fingerprint_comes_twice(everything):
    counts = Counter(one["fingerprint"] for one in everything.document["findings"])
    assert [fingerprint for fingerprint, count in counts.items() if count > 1] == []


def test_none_is_about_javert_itself(everything):
    for one in everything.document["findings"]:
        attributes = one["attributes"]
        processes = [attributes.get("process"), *attributes.get("processes", ())]
        assert everything.run.pid not in [process["pid"] for process in processes if process], one["title"]
        assert everything.run.pid not in attributes.get("running_pids", ()), one["title"]


def test_nothing_was_lost_and_only_the_short_time_is_excluded(everything):
    assert [sensor for sensor in everything.document["sensors"] if sensor["lost"]] == []
    names = {sensor["name"] for sensor in everything.document["sensors"]}
    assert names >= {"network (kernel)", "files", "modules (kernel)"}, "no polling took over"
    of_the_run = [one["title"] for one in everything.document["exclusions"] if one["rule_id"] is None]
    assert len(of_the_run) == 2, of_the_run
    assert any("was watched for" in title for title in of_the_run)
    assert any("was interrupted after" in title for title in of_the_run)


def test_the_recorded_run_gives_the_same_findings_again(everything):
    again = everything.javert("evaluate", everything.run.directory, "--format", "json")
    assert again.document["findings"] == everything.document["findings"]
    assert again.document["exclusions"] == everything.document["exclusions"]


def test_another_run_that_ends_by_itself_gives_the_same_findings(
    everything, of_the_scenario, scenario, programs, javert
):
    """The same fingerprints, although processes, client ports and counts are others."""
    for seconds in (10, 40, 160):  # how fast this machine is must not decide
        with scenario.begun() as play:
            run = javert.assess("--duration", f"{seconds}s", "--scan", programs).collecting()
            play()
            in_time = run.process.poll() is None
            ended = run.ended(seconds=300)
        if in_time:
            break
    assert ended.code == 0, ended.err
    again, before = (
        {one["fingerprint"] for one in of_the_scenario(run)} for run in (ended.document, everything.document)
    )
    assert again == before
    assert not any("interrupted" in one["title"] for one in ended.document["exclusions"])
