"""What became of the findings from one assessment to the next."""

import msgspec

from javert.catalogue.lookup import Language
from javert.model.assessment import Outcome
from javert.report.difference import compare, render


def with_outcome(assessment, rule, outcome):
    rules = tuple(
        msgspec.structs.replace(result, outcome=outcome) if result.id is rule else result
        for result in assessment.rules
    )
    return msgspec.structs.replace(assessment, rules=rules)


def test_new_fixed_and_unchanged(everything):
    first, *rest = everything.findings
    before = msgspec.structs.replace(everything, findings=tuple(everything.findings[:3]))
    after = msgspec.structs.replace(everything, findings=tuple(everything.findings[1:5]))
    difference = compare(before, after)
    assert difference.new == tuple(rest[2:4])
    assert difference.fixed == (first,)
    assert difference.unchanged == tuple(rest[:2])
    assert difference.unjudged == ()


def test_a_finding_is_not_fixed_if_its_rule_was_not_judged_again(everything):
    finding = everything.findings[0]
    clean = with_outcome(msgspec.structs.replace(everything, findings=()), finding.rule_id, Outcome.NOT_AVAILABLE)
    difference = compare(msgspec.structs.replace(everything, findings=(finding,)), clean)
    assert difference.fixed == ()
    assert difference.unjudged == (finding,)


def test_the_text_marks_each(everything):
    before = msgspec.structs.replace(everything, findings=everything.findings[:2])
    after = msgspec.structs.replace(everything, findings=everything.findings[1:3])
    assert render(compare(before, after), Language.ENGLISH) == (
        "1 new, 1 fixed, 0 not judged again, 1 unchanged\n"
        "+ High: root loads /opt/app/z.so (root-process-insecure-permissions)\n"
        "- High: root loads /opt/app/x.so (root-process-insecure-permissions)\n"
        "= High: root loads /opt/app/y.so (root-process-insecure-permissions)\n"
    )
    assert render(compare(before, after), Language.JAPANESE).startswith("新規 1 件、解決済み 1 件")


def test_names_from_the_host_cannot_act_on_a_terminal(everything):
    hostile = [finding for finding in everything.findings if "\x1b" in finding.title]
    empty = msgspec.structs.replace(everything, findings=())
    text = render(compare(empty, msgspec.structs.replace(empty, findings=tuple(hostile))), Language.ENGLISH)
    assert len(hostile) == 2
    assert "\x1b" not in text
