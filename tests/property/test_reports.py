"""Whatever names a host holds, reports have no control characters, hide nothing, and read back."""

import json
import re
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from javert.model.assessment import Assessment, Exclusion, Finding, HostSummary, Outcome, RuleResult, Run, RunState
from javert.model.attributes import DepAttributes, ProcessSummary, RootModuleAttributes, UnusedPortAttributes, Way
from javert.model.codec import decode_assessment, encode_assessment, to_builtins
from javert.model.rule_id import RuleId
from javert.report.interface import Page
from javert.report.json import render as render_json
from javert.report.terminal import render

T0 = "2026-11-23T17:00:00.000Z"
NAMES = st.text(min_size=1, max_size=20)


def process(name):
    return ProcessSummary(
        pid=1,
        name=name,
        exe=f"/{name}",
        user=name,
        uid=0,
        cmdline_redacted=name,
        parent=name,
        container=name,
        unit=name,
    )


def dep(name):
    return RuleId.SOFTWARE_WITHOUT_DEP, DepAttributes(
        path=f"/opt/{name}",
        reasons=(name,),
        machine=name,
        bits=64,
        kind=name,
        origin=name,
        package=name,
        vendor=name,
        running_pids=(1,),
        loadable_by_glibc=False,
        kernel_makes_stack_executable=True,
    )


def root_module(name):
    return RuleId.ROOT_PROCESS_INSECURE_PERMISSIONS, RootModuleAttributes(
        path=f"/opt/{name}",
        kind=name,
        processes=(process(name),),
        process_count=2,
        container=name,
        ways=(Way(path="/opt", reason=name, principals=(name, f"user:{name}"), fix=f"chmod o-w {name}"),),
        deleted=True,
    )


def unused_port(name):
    return RuleId.UNUSED_LISTENING_TCP_PORT, UnusedPortAttributes(
        address=name,
        port=1,
        family=name,
        exposure=name,
        process=process(name),
        listening_s=1.0,
        window_s=1.0,
        silent_since="",
        silent_runs=1,
        silent_s=1.0,
        unit=name,
    )


def finding(rule, attributes, words):
    return Finding(
        fingerprint=words,
        rule_id=rule,
        severity=rule.severity,
        numeric_severity=rule.severity.number,
        title=words,
        description=words,
        recommendation=words,
        first_seen=T0,
        last_seen=T0,
        attributes=to_builtins(attributes),
    )


KINDS = st.sampled_from([dep, root_module, unused_port])


@st.composite
def assessments(draw):
    """An assessment in which the host has named everything."""
    names = draw(st.lists(NAMES, min_size=1, max_size=5))
    kind = draw(KINDS)
    words = draw(NAMES)
    name = names[0]
    return Assessment(
        language=draw(st.sampled_from(["en", "ja", name])),
        run=Run(
            id=name,
            state=RunState.COMPLETED,
            started_at=T0,
            ended_at=T0,
            duration_s=1.0,
            javert_version=name,
        ),
        host=HostSummary(hostname=name, os=name, kernel=name, architecture=name, addresses=(name,)),
        rules=tuple(RuleResult(id=rule, outcome=Outcome.FINDING, coverage={name: name}) for rule in RuleId),
        findings=tuple(finding(*kind(each), words) for each in names),
        exclusions=(Exclusion(rule_id=None, title=name, description=name, recommendation=name, scope=name),),
        sensors=(),
    )


@given(assessments(), st.integers(min_value=1, max_value=200))
def test_no_name_can_act_on_the_terminal(assessment, width):
    text = render(assessment, Page(width=width)).decode()
    assert not {character for character in text if unicodedata.category(character)[0] == "C"} - {"\n"}


@given(assessments())
def test_colours_are_the_only_escape_sequences(assessment):
    coloured = render(assessment, Page(width=80, colour=True)).decode()
    plain = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    plain = "\n".join(line.rstrip() for line in plain.split("\n"))  # an empty coloured piece may end in spaces
    assert plain == render(assessment, Page(width=80)).decode()


@given(
    st.lists(st.text(alphabet="abcdefgh0123", min_size=1, max_size=8), min_size=1, max_size=8, unique=True), KINDS
)
def test_every_finding_is_on_the_page(names, kind):
    findings = tuple(finding(*kind(name), name) for name in names)
    text = render(
        Assessment(
            run=Run(
                id="r", state=RunState.COMPLETED, started_at=T0, ended_at=T0, duration_s=1.0, javert_version="0"
            ),
            host=HostSummary(hostname="h", os="linux", kernel="6", architecture="x"),
            rules=(),
            findings=findings,
            exclusions=(),
            sensors=(),
        ),
        Page(width=80),
    ).decode()
    for name in names:
        assert name in text.split() or f"/opt/{name}" in text.split() or f"{name}:1" in text.split()


@given(assessments())
def test_json_reads_back(assessment):
    data = render_json(assessment, Page())
    json.loads(data)
    assert encode_assessment(decode_assessment(data)) == data
